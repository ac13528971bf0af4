#include "loadgen/find_max_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/io/signals.h"
#include "loadgen/child_run.h"
#include "loadgen/fail_if.h"
#include "loadgen/rate_search.h"
#include "loadgen/rate_step.h"
#include "loadgen/run_arguments.h"

namespace jumpgate::load {

namespace {

struct FindMaxOptions {
    std::vector<std::string> limits;  // as --fail-if wants them: "p99>10ms"
    uint32_t rate_from = 100;
    uint32_t rate_to = 10'000'000;
    uint32_t precision_percent = 5;
    uint32_t tries = 2;
    uint64_t step_s = 10;
    std::string json_path;
    std::vector<std::string> mode;
};

// "p99=10ms,loss=0": the most that is allowed of each, as what a run fails by: "p99>10ms".
Parsed<std::vector<std::string>> parse_limits(std::string_view text) {
    std::vector<std::string> limits;
    while (!text.empty()) {
        const size_t comma = text.find(',');
        const std::string_view one = text.substr(0, comma);
        const size_t equals = one.find('=');
        if (equals == std::string_view::npos || equals == 0 || equals + 1 == one.size())
            return Problem{"is not METRIC=MOST[,METRIC=MOST]"};
        const std::string_view metric = one.substr(0, equals);
        std::string limit =
            fmt::format("{}>{}", metric == "loss" ? "lost" : metric, one.substr(equals + 1));
        const Parsed<FailIf> parsed = parse_fail_if(limit);
        if (const Problem* problem = std::get_if<Problem>(&parsed))
            return Problem{fmt::format("has {}, which {}", shown(one), problem->text)};
        limits.push_back(std::move(limit));
        text = comma == std::string_view::npos ? "" : text.substr(comma + 1);
    }
    if (limits.empty()) return Problem{"is empty"};
    return limits;
}

void add_rows(FlagTable& table, FindMaxOptions& options) {
    table.group("Search");
    table.value(
        "slo", parse_limits,
        [&](std::vector<std::string> limits) { options.limits = std::move(limits); },
        "METRIC=MOST,...", "such as p99=10ms,loss=0: a metric of --fail-if, and a time or number",
        "What must hold: metrics of --fail-if, and the most that is allowed of each. Lost messages "
        "and refused clients fail always, and so does a target that is behind: of what is planned, "
        "99 % must come through while it is planned, not while the run drains.");
    table.number("rate-from", options.rate_from, 1, 100'000'000, "messages/s", "The first rate.");
    table.number("rate-to", options.rate_to, 1, 100'000'000, "messages/s", "The last one to try.");
    table.number("precision", options.precision_percent, 1, 50, "%",
                 "How near the highest rate that held and the lowest that failed must come.");
    table.number("tries", options.tries, 1, 10, "",
                 "A rate has failed when it failed so often in a row.");
    table.number("step-s", options.step_s, 1, 86'400, "s",
                 "Measured time of each run; 3 s or more tell whether the target keeps up.");
    table.text("json", options.json_path, "FILE", "Write all steps as JSON.");
    table.operands(options.mode, 1, "MODE FLAGS...",
                   "What is run: pub or p2p and its flags, without --rate and --duration.");
}

class FindMax {
  public:
    FindMax(const FindMaxOptions& options, std::vector<std::string> run)
        : options_(options),
          run_(std::move(run)),
          search_(options.rate_from, options.rate_to, options.precision_percent / 100.0) {}

    int run() {
        block_signals();  // one between two runs ends the next one
        while (const std::optional<double> rate = search_.next()) {
            bool held = false;
            for (uint32_t i = 0; i < options_.tries && !held; ++i) {
                const Step result = step(static_cast<uint64_t>(std::llround(*rate)));
                if (result.exit_code != 0) return result.exit_code;
                held = result.held;
                if (interrupted_) return conclude();
            }
            search_.tried(held);
        }
        return conclude();
    }

  private:
    struct Step {
        bool held = false;
        int exit_code = 0;  // of the whole search, where no run could be made
    };

    Step step(uint64_t rate) {
        std::vector<std::string> arguments = run_;
        arguments.insert(arguments.end(), {"--rate", std::to_string(rate), "--duration",
                                           std::to_string(options_.step_s)});
        for (const std::string& limit : options_.limits)
            arguments.insert(arguments.end(), {"--fail-if", limit});
        Parsed<ChildResult> ran = run_child(std::move(arguments));
        if (const Problem* problem = std::get_if<Problem>(&ran)) {
            fmt::print(stderr, "jumpload find-max: {}\n", problem->text);
            return {.exit_code = 1};
        }
        const ChildResult& child = std::get<ChildResult>(ran);
        if (child.exit_code == 2) {  // what it says of its flags is whole
            fmt::print(stderr, "{}", child.errors);
            return {.exit_code = 2};
        }
        interrupted_ = child.interrupted;
        if (interrupted_) return {};
        if (child.json == nullptr) {
            fmt::print(stderr, "jumpload find-max: no result (exit code {}): {}\n", child.exit_code,
                       child.errors);
            return {.exit_code = 1};
        }
        return {.held = judge(rate, *child.json, child.exit_code)};
    }

    // Tells and keeps what came of a run. Whether it held its rate.
    bool judge(uint64_t rate, const nlohmann::json& result, int exit_code) {
        const bool saturated = result.value("generator_saturated", false);
        const std::vector<std::string> why = step_failures(result, exit_code);
        const std::optional<StepRates> rates = step_rates(result);
        const bool held = why.empty();
        if (!held) generator_failed_ = saturated;
        std::string notes;
        for (const std::string& phrase : why) notes += "; " + phrase;
        if (held && !rates) notes = "; too short to tell whether it keeps up (--step-s)";
        fmt::print("{:>9} messages/s: {}  {}{}\n", rate, held ? "holds" : "FAILS",
                   step_text(result), notes);
        std::fflush(stdout);
        steps_.push_back({{"rate", rate},
                          {"held", held},
                          {"failures", why},
                          {"generator_saturated", saturated},
                          {"latency_p50_us", number_at(result, "latency_us.p50")},
                          {"latency_p99_us", number_at(result, "latency_us.p99")},
                          {"lost", number_at(result, "messages.lost")},
                          {"sent", number_at(result, "messages.sent")},
                          {"received", number_at(result, "messages.received")}});
        if (rates) steps_.back()["arrived_per_s"] = rates->arrived;
        return held;
    }

    int conclude() const {
        const std::optional<double> best = search_.best();
        const bool limited = best && search_.failed() && generator_failed_;
        if (!best && !search_.failed()) {
            fmt::print("\ninterrupted: no rate was tried to its end\n");
        } else if (!best) {
            fmt::print("\nno rate held: {} messages/s failed already\n", options_.rate_from);
        } else if (!search_.failed()) {
            fmt::print("\n{:.0f} messages/s hold; nothing above was tried{}\n", *best,
                       interrupted_ ? " (interrupted)" : " (--rate-to)");
        } else {
            fmt::print("\n{:.0f} messages/s hold, {:.0f} fail{}{}\n", *best, *search_.failed(),
                       limited ? ": for the generator's sake, the target may do more" : "",
                       interrupted_ ? " (interrupted)" : "");
        }
        if (!write_json(limited) || (!best && !search_.failed())) return 1;
        return !best || limited ? 3 : 0;
    }

    bool write_json(bool limited) const {
        if (options_.json_path.empty()) return true;
        nlohmann::json json = {{"schema_version", 1},
                               {"tool", "jumpload " JUMPGATE_VERSION},
                               {"run", run_},
                               {"limits", options_.limits},
                               {"steps", steps_},
                               {"generator_was_the_limit", limited},
                               {"interrupted", interrupted_}};
        if (search_.best()) json["highest_that_held"] = std::llround(*search_.best());
        if (search_.failed()) json["lowest_that_failed"] = std::llround(*search_.failed());
        return write_result(
            "find-max", options_.json_path,
            json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
    }

    const FindMaxOptions& options_;
    const std::vector<std::string> run_;
    RateSearch search_;
    nlohmann::json steps_ = nlohmann::json::array();
    bool generator_failed_ = false;
    bool interrupted_ = false;
};

constexpr const char* kUsage =
    "Usage: jumpload find-max --slo p99=10ms,loss=0 [FLAGS] pub|p2p FLAGS\n"
    "Doubles the offered rate until a limit is missed, then narrows down the highest that holds.\n"
    "Exit codes: 0 found, 1 a run failed or nothing was tried, 2 wrong usage, 3 no rate held or "
    "the generator was the\n"
    "limit.\n";

}  // namespace

FlagSheet find_max_flags() {
    FindMaxOptions options;
    FlagTable table("", "", "");
    add_rows(table, options);
    return table.sheet();
}

int find_max_command(std::span<const char* const> arguments) {
    const RunArguments split = split_run(arguments);
    FindMaxOptions options;
    FlagTable table("jumpload find-max", kUsage, "jumpload " JUMPGATE_VERSION "\n");
    add_rows(table, options);
    std::optional<FlagsExit> exit = table.parse(split.own);
    if (!exit) {
        std::string wrong =
            refused_run(split.run, {"--rate", "--interval_of_msg", "-I", "--duration"});
        if (wrong.empty() && options.rate_to < options.rate_from)
            wrong = fmt::format("--rate-to: {} is below --rate-from ({})", options.rate_to,
                                options.rate_from);
        if (wrong.empty() && std::ranges::any_of(split.run, [](const std::string& argument) {
                return argument.starts_with("--think-time");
            }))
            wrong =
                "--think-time: a closed loop has no rate that could be searched; leave it out, or "
                "compare the messages/s of such runs with `jumpload compare`";
        if (!wrong.empty()) exit = table.refuse(wrong);
    }
    if (exit) return exit->print();
    return FindMax(options, split.run).run();
}

}  // namespace jumpgate::load
