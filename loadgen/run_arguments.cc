#include "loadgen/run_arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "core/base/flags.h"
#include "loadgen/plan_options.h"
#include "loadgen/result_files.h"
#include "loadgen/scenario.h"

namespace jumpgate::load {

static constexpr std::string_view kScenario = "--scenario";

// Whether it is --flag, --flag=..., -f or -f...
static bool is_flag(std::string_view argument, std::string_view flag) {
    const bool is_long = flag.starts_with("--");
    return argument == flag || (is_long && argument.starts_with(std::string(flag) + "=")) ||
           (!is_long && argument.starts_with(flag) && !argument.starts_with("--"));
}

// What a run begins with.
static bool is_mode(std::string_view word) { return mode_of(word) || is_flag(word, kScenario); }

RunArguments split_run(std::span<const char* const> arguments) {
    RunArguments split;
    size_t i = 0;
    while (i < arguments.size() && !is_mode(arguments[i]) && std::string_view(arguments[i]) != "--")
        split.own.push_back(arguments[i++]);
    if (i < arguments.size() && std::string_view(arguments[i]) == "--") ++i;
    split.run.assign(arguments.begin() + static_cast<ptrdiff_t>(i), arguments.end());
    if (i < arguments.size()) split.own.push_back(arguments[i]);
    return split;
}

std::string refused_run(const std::vector<std::string>& run,
                        std::initializer_list<std::string_view> taken) {
    std::string allowed;
    for (const Mode mode : kModes) allowed += fmt::format("{}, ", word(mode));
    allowed += kScenario;
    if (run.empty()) return fmt::format("there is no mode to run; allowed: {}", allowed);
    if (!is_mode(run.front()))
        return fmt::format("{} is no mode that can be run here; allowed: {}", shown(run.front()),
                           allowed);
    for (const std::string& argument : run) {
        if (is_flag(argument, "--json"))
            return fmt::format(
                "{}: stands behind the mode, where each run has its own results; give it before "
                "the mode, for those of all",
                argument);
        const auto is_argument = [&](std::string_view flag) { return is_flag(argument, flag); };
        if (argument == "--quiet" || std::ranges::any_of(taken, is_argument))
            return fmt::format("{}: is set for each run; leave it out", argument);
    }
    return {};
}

bool lacks_duration(const std::vector<std::string>& run) {
    constexpr std::string_view kDuration = "duration";
    const auto says_it = [&](const std::string& argument) {
        return is_flag(argument, fmt::format("--{}", kDuration));
    };
    if (std::ranges::any_of(run, says_it)) return false;
    if (run.empty() || !is_flag(run.front(), kScenario)) return true;
    const size_t equals = run.front().find('=');
    std::string name = run.size() > 1 ? run[1] : "";
    if (equals != std::string::npos) name = run.front().substr(equals + 1);
    const Parsed<Scenario> scenario = find_scenario(name);
    if (!std::holds_alternative<Scenario>(scenario)) return true;
    return std::ranges::find(std::get<Scenario>(scenario).flags, kDuration, &ScenarioFlag::name) ==
           std::get<Scenario>(scenario).flags.end();
}

bool write_result(std::string_view command, const std::string& path, const std::string& text) {
    const std::string why = write_file(path, text);
    if (why.empty()) return true;
    fmt::print(stderr, "jumpload {}: --json {}: could not be written: {}\n", command, path, why);
    return false;
}

}  // namespace jumpgate::load
