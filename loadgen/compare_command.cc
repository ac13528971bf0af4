#include "loadgen/compare_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/base/host_port.h"
#include "core/io/signals.h"
#include "loadgen/child_run.h"
#include "loadgen/comparison.h"
#include "loadgen/process_cpu.h"
#include "loadgen/run_arguments.h"

namespace jumpgate::load {

namespace {

// That of a run of find-max too; without one it would last until a signal.
constexpr const char* kDefaultDurationS = "10";

struct Target {
    std::string name;
    HostPort address;
};

struct Process {
    std::string target;
    pid_t pid = 0;
};

struct CompareOptions {
    std::vector<Target> targets;
    std::vector<Process> processes;
    uint32_t rounds = 5;
    std::string json_path;
    std::vector<std::string> mode;
};

// "NAME=VALUE", both there.
Parsed<std::pair<std::string, std::string>> parse_named(std::string_view text) {
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0 || equals + 1 == text.size())
        return Problem{"is not NAME=..."};
    return std::pair(std::string(text.substr(0, equals)), std::string(text.substr(equals + 1)));
}

Parsed<Target> parse_target(std::string_view text) {
    auto named = parse_named(text);
    if (Problem* problem = std::get_if<Problem>(&named)) return std::move(*problem);
    auto& [name, address] = std::get<0>(named);
    Parsed<HostPort> parsed = parse_host_port(address, 1);
    if (Problem* problem = std::get_if<Problem>(&parsed)) return std::move(*problem);
    if (std::get<HostPort>(parsed).host.empty()) return Problem{"has no host"};
    return Target{std::move(name), std::move(std::get<HostPort>(parsed))};
}

Parsed<Process> parse_process(std::string_view text) {
    auto named = parse_named(text);
    if (Problem* problem = std::get_if<Problem>(&named)) return std::move(*problem);
    const auto& [name, number] = std::get<0>(named);
    const Parsed<uint64_t> pid = parse_number(number, 1, 1U << 22);  // PID_MAX_LIMIT
    if (const Problem* problem = std::get_if<Problem>(&pid)) return *problem;
    return Process{name, static_cast<pid_t>(std::get<uint64_t>(pid))};
}

void add_rows(FlagTable& table, CompareOptions& options) {
    table.group("Comparison");
    table.list("target", options.targets, parse_target, "NAME=HOST:PORT",
               "NAME=HOST:PORT, at least two",
               "A target; the first is what others are compared to.");
    table.list("pid", options.processes, parse_process, "NAME=PID", "the name of a --target",
               "A process of that target: the CPU time of it and of what it started is told per "
               "message, those of the warm-up included, or per connection where there are no "
               "messages. It is that of the whole run: connecting and draining are in it.");
    table.number("rounds", options.rounds, 1, 1'000, "",
                 "How often each target is tried; 5 or more give an interval.");
    table.text("json", options.json_path, "FILE", "Write all figures of all rounds as JSON.");
    table.operands(options.mode, 1, "MODE FLAGS...",
                   "What is run on each target: a mode and its flags, without --host and --port. "
                   "It lasts 10 s, unless --duration or its scenario says otherwise.");
}

std::string find_contradiction(const CompareOptions& options) {
    if (options.targets.size() < 2) return "--target: give two or more";
    for (const Target& target : options.targets) {
        const auto same = [&](const Target& other) { return other.name == target.name; };
        if (std::ranges::count_if(options.targets, same) > 1)
            return fmt::format("--target: {} is given twice", shown(target.name));
    }
    for (const Process& process : options.processes) {
        const auto named = [&](const Target& target) { return target.name == process.target; };
        if (std::ranges::none_of(options.targets, named))
            return fmt::format("--pid: there is no target {}", shown(process.target));
        if (!tree_cpu_us(process.pid))
            return fmt::format("--pid: {} {}: there is no such process", process.target,
                               process.pid);
    }
    return {};
}

class Compare {
  public:
    Compare(const CompareOptions& options, std::vector<std::string> run)
        : options_(options), run_(std::move(run)), comparison_(names()) {}

    int run() {
        block_signals();  // one between two runs ends the next one
        for (uint32_t round = 0; round < options_.rounds && !interrupted_; ++round) {
            for (size_t i = 0; i < options_.targets.size() && !interrupted_; ++i) {
                if (const int failed = run_once(round, i)) return failed;
            }
        }
        const bool any = comparison_.rounds() > 0;
        if (any) fmt::print("\n{}", comparison_.text());
        if (interrupted_)
            fmt::print("{}\n", any ? "interrupted: partial"
                                   : "\ninterrupted: no round ended, there is nothing to compare");
        return write_json() && any ? exit_code_ : 1;
    }

  private:
    std::vector<std::string> names() const {
        std::vector<std::string> names;
        for (const Target& target : options_.targets) names.push_back(target.name);
        return names;
    }

    // Nothing where the target has no --pid.
    std::optional<uint64_t> cpu_us(const Target& target) const {
        std::optional<uint64_t> sum;
        for (const Process& process : options_.processes) {
            if (process.target != target.name) continue;
            const std::optional<uint64_t> used = tree_cpu_us(process.pid);
            if (!used) return std::nullopt;
            sum = sum.value_or(0) + *used;
        }
        return sum;
    }

    // The exit code, where no run could be made, or 0.
    int run_once(uint32_t round, size_t index) {
        const Target& target = options_.targets[index];
        std::vector<std::string> arguments = run_;
        arguments.insert(arguments.end(), {"--host", target.address.host, "--port",
                                           std::to_string(target.address.port)});
        const std::optional<uint64_t> before = cpu_us(target);
        Parsed<ChildResult> ran = run_child(std::move(arguments));
        const std::optional<uint64_t> after = cpu_us(target);
        if (const Problem* problem = std::get_if<Problem>(&ran)) {
            fmt::print(stderr, "jumpload compare: {}: {}\n", target.name, problem->text);
            return 1;
        }
        const ChildResult& child = std::get<ChildResult>(ran);
        if (child.exit_code == 2) {  // what it says of its flags is whole
            fmt::print(stderr, "{}", child.errors);
            return 2;
        }
        interrupted_ = child.interrupted;
        if (interrupted_) return 0;  // a part of a run is no value
        if (child.json == nullptr) {
            fmt::print(stderr, "jumpload compare: round {}, {}: no result (exit code {}): {}\n",
                       round + 1, target.name, child.exit_code, child.errors);
            return 1;
        }
        std::optional<uint64_t> used;
        if (before && after && *after >= *before) used = *after - *before;
        comparison_.add(index, values_of(*child.json, used));
        exit_code_ = std::max(exit_code_, child.exit_code);
        print_run(round, target, child);
        return 0;
    }

    void print_run(uint32_t round, const Target& target, const ChildResult& child) const {
        const nlohmann::json& result = *child.json;
        std::string failed;
        if (child.exit_code != 0) {
            failed = fmt::format("; exit code {}", child.exit_code);
            for (const std::string& phrase : setup_failures(result)) failed += "; " + phrase;
        }
        fmt::print("round {} of {}: {}: {:.0f} connected, {:.0f} messages, {:.0f} lost{}\n",
                   round + 1, options_.rounds, target.name, number_at(result, "clients.connected"),
                   messages_of(result), number_at(result, "messages.lost"), failed);
        std::fflush(stdout);
    }

    bool write_json() const {
        if (options_.json_path.empty()) return true;
        nlohmann::json json = comparison_.json();
        json["schema_version"] = 1;
        json["tool"] = "jumpload " JUMPGATE_VERSION;
        json["rounds"] = options_.rounds;
        json["run"] = run_;
        json["interrupted"] = interrupted_;
        return write_result(
            "compare", options_.json_path,
            json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
    }

    const CompareOptions& options_;
    const std::vector<std::string> run_;
    Comparison comparison_;
    bool interrupted_ = false;
    int exit_code_ = 0;
};

constexpr const char* kUsage =
    "Usage: jumpload compare --target NAME=HOST:PORT --target NAME=HOST:PORT [FLAGS] MODE FLAGS\n"
    "Runs the same load on each target in turn, round after round, and tells their ratios to the\n"
    "first one with 95 % intervals.\n"
    "Exit codes: 0 all well, 1 a run failed or no round ended, 2 wrong usage, 3 a run lost "
    "messages, was saturated\n"
    "or missed a threshold.\n";

}  // namespace

FlagSheet compare_flags() {
    CompareOptions options;
    FlagTable table("", "", "");
    add_rows(table, options);
    return table.sheet();
}

int compare_command(std::span<const char* const> arguments) {
    const RunArguments split = split_run(arguments);
    CompareOptions options;
    FlagTable table("jumpload compare", kUsage, "jumpload " JUMPGATE_VERSION "\n");
    add_rows(table, options);
    std::optional<FlagsExit> exit = table.parse(split.own);
    if (!exit) {
        std::string wrong = refused_run(split.run, {"--host", "-h", "--port", "-p"});
        if (wrong.empty()) wrong = find_contradiction(options);
        if (!wrong.empty()) exit = table.refuse(wrong);
    }
    if (exit) return exit->print();
    std::vector<std::string> run = split.run;
    if (lacks_duration(run)) run.insert(run.end(), {"--duration", kDefaultDurationS});
    return Compare(options, std::move(run)).run();
}

}  // namespace jumpgate::load
