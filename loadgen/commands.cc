#include "loadgen/commands.h"

#include <fmt/format.h>

#include <cstdio>
#include <variant>

#include "core/base/near_miss.h"
#include "core/base/page_flags.h"
#include "core/io/signals.h"
#include "loadgen/broker_command.h"
#include "loadgen/compare_command.h"
#include "loadgen/environment.h"
#include "loadgen/find_max_command.h"
#include "loadgen/fleet.h"
#include "loadgen/manual.h"
#include "loadgen/merge_command.h"
#include "loadgen/options.h"
#include "loadgen/report_command.h"
#include "loadgen/run_arguments.h"

namespace jumpgate::load {

namespace {

constexpr std::string_view kScenario = "--scenario";

int play(Mode mode, std::span<const char* const> arguments, const Scenario* scenario = nullptr) {
    for (const std::string_view argument : arguments) {
        if (argument.substr(0, argument.find('=')) != kScenario) continue;
        return FlagsExit{2,
                         "jumpload: --scenario: stands first, in place of the mode: jumpload "
                         "--scenario NAME [FLAGS]\n",
                         true}
            .print();
    }
    const uint64_t descriptors_max = raise_descriptor_limit();
    auto parsed = parse_options(mode, arguments, descriptors_max, scenario);
    if (const FlagsExit* exit = std::get_if<FlagsExit>(&parsed)) return exit->print();
    Options options = std::get<Options>(std::move(parsed));
    options.command =
        fmt::format("jumpload {} {}",
                    scenario == nullptr ? std::string(word(mode)) : "--scenario " + scenario->name,
                    command_line(arguments));
    return run_fleet(options);
}

template <Mode mode>
int play(std::span<const char* const> arguments) {
    return play(mode, arguments);
}

template <Mode mode>
FlagSheet flags_of() {
    return load_flags(mode);
}

constexpr Command kCommands[] = {
    {"conn", "connects clients and holds them", CommandKind::Clients, play<Mode::Conn>,
     flags_of<Mode::Conn>},
    {"pub", "connects clients that publish", CommandKind::Clients, play<Mode::Pub>,
     flags_of<Mode::Pub>},
    {"sub", "connects clients that subscribe", CommandKind::Clients, play<Mode::Sub>,
     flags_of<Mode::Sub>},
    {"p2p", "plays pairs of publisher and subscriber and accounts for every message",
     CommandKind::Clients, play<Mode::P2p>, flags_of<Mode::P2p>},
    {"fanout", "plays subscribers that all hear all publishers, accounts too", CommandKind::Clients,
     play<Mode::Fanout>, flags_of<Mode::Fanout>},
    {"fanin", "plays many publishers for few subscribers, accounts too", CommandKind::Clients,
     play<Mode::Fanin>, flags_of<Mode::Fanin>},
    {"sharedsub", "plays groups that share a subscription, accounts too", CommandKind::Clients,
     play<Mode::Sharedsub>, flags_of<Mode::Sharedsub>},
    {"pubsub", "plays clients that publish and subscribe at once, accounts too",
     CommandKind::Clients, play<Mode::Pubsub>, flags_of<Mode::Pubsub>},
    {"compare", "runs the same load on several targets and tells their ratios",
     CommandKind::Experiments, compare_command, compare_flags},
    {"find-max", "searches the highest rate that holds given limits", CommandKind::Experiments,
     find_max_command, find_max_flags},
    {"broker", "plays MQTT brokers, for benchmarks and demonstrations", CommandKind::Brokers,
     broker_command, broker_flags},
    {"merge", "joins the results of a load that several processes played", CommandKind::Results,
     merge_command, merge_flags},
    {"report", "makes an HTML page of results that --json has written", CommandKind::Results,
     report_command, report_flags},
};

FlagsExit no_mode(std::string_view word) {
    std::vector<std::string_view> names;
    for (const Command& command : commands()) names.push_back(command.name);
    const std::optional<std::string_view> near = near_miss(word, names);
    return {
        2,
        fmt::format("jumpload: {} is no mode{}; allowed: {}; --help explains\n",
                    word.empty() ? "(nothing)" : shown(word),
                    near ? fmt::format("; did you mean {}?", *near) : "", fmt::join(names, ", ")),
        true};
}

}  // namespace

std::span<const Command> commands() { return kCommands; }

std::string_view title(CommandKind kind) {
    static constexpr std::string_view kTitles[] = {"Playing clients", "Many runs",
                                                   "Playing brokers", "Results"};
    return kTitles[static_cast<size_t>(kind)];
}

std::string usage() {
    std::string out = "Usage: jumpload MODE [FLAGS]\n";
    const CommandKind* last = nullptr;
    for (const Command& command : commands()) {
        if (last == nullptr || *last != command.kind)
            out += fmt::format("\n{}\n", title(command.kind));
        last = &command.kind;
        out += fmt::format("  {:<11}{}\n", command.name, command.purpose);
    }
    return out +
           "\n`jumpload MODE --help` explains the flags, `jumpload --help-man | man -l -` "
           "everything.\n"
           "`jumpload --help-completion bash|zsh` prints what lets a shell complete them.\n"
           "`jumpload --scenario NAME|FILE.yaml [FLAGS]` plays a mode with flags under one name;\n"
           "`jumpload --list-scenarios` shows the names.\n";
}

// The scenario is the run, where the arguments of `compare` have none.
static int compare_scenario(const Scenario& scenario, std::span<const char* const> arguments) {
    if (!split_run(arguments).run.empty()) return compare_command(arguments);
    std::vector<std::string> run = {"p2p"};
    for (const ScenarioFlag& flag : scenario.flags)
        for (const std::string& value : flag.values)
            run.push_back(fmt::format("--{}={}", flag.name, value));
    std::vector<const char*> all(arguments.begin(), arguments.end());
    for (const std::string& argument : run) all.push_back(argument.c_str());
    return compare_command(all);
}

static int run_scenario(const std::string& name, std::span<const char* const> arguments) {
    const Parsed<Scenario> found = find_scenario(name);
    if (const Problem* problem = std::get_if<Problem>(&found))
        return FlagsExit{2, fmt::format("jumpload: --scenario: {}\n", problem->text), true}.print();
    const Scenario& scenario = std::get<Scenario>(found);
    if (scenario.mode == "compare") return compare_scenario(scenario, arguments);
    const std::optional<Mode> mode = mode_of(scenario.mode);
    if (mode) return play(*mode, arguments, &scenario);
    return FlagsExit{2,
                     fmt::format("jumpload: --scenario: {}: mode: {} plays no clients\n",
                                 scenario.name, shown(scenario.mode)),
                     true}
        .print();
}

static std::string scenario_list() {
    std::string out;
    for (const Scenario& scenario : preset_scenarios())
        out += fmt::format("{}\n    {}\n", scenario.name, scenario.about);
    return out;
}

int run_command(std::span<const char* const> arguments) {
    const std::string_view first = arguments.empty() ? "" : arguments.front();
    for (const Command& command : commands()) {
        if (first == command.name) return command.run(arguments.subspan(1));
    }
    if (first == kScenario && arguments.size() > 1)
        return run_scenario(arguments[1], arguments.subspan(2));
    if (first.starts_with(std::string(kScenario) + "="))
        return run_scenario(std::string(first.substr(kScenario.size() + 1)), arguments.subspan(1));
    if (first == "--list-scenarios") return FlagsExit{0, scenario_list(), false}.print();
    if (first == "--help" || first == "help") return FlagsExit{0, usage(), false}.print();
    if (const auto page = asked_page(arguments, jumpload_manual)) return page->print();
    if (first == "--version") return FlagsExit{0, "jumpload " JUMPGATE_VERSION "\n", false}.print();
    return no_mode(first).print();
}

}  // namespace jumpgate::load
