#include "loadgen/rate_step.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "loadgen/child_run.h"
#include "loadgen/fail_if.h"
#include "loadgen/result_text.h"

namespace jumpgate::load {

using Json = nlohmann::json;

namespace {

constexpr double kInTimeShare = 0.99;
// The edges of the seconds cut between messages.
constexpr double kEdgeMessages = 2;

// What tells that a planned message came through: the counter of a second, and how it is said.
struct Proof {
    const char* counter;
    const char* verb;
};
Proof proof_of(const Json& result) {
    if (number_at(result, "plan.streams") > 0)
        return {"received", "arrived in time"};
    if (number_at(result, "plan.qos") > 0)
        return {"acknowledged", "were acknowledged in time"};
    return {"sent", "were sent in time"};
}

struct WholeSeconds {
    double length_s = 0;
    double arrived = 0;
    std::optional<double> least_p50_us;  // of the latency of any
};

// All that were measured but the first, which began while clients were connecting; the last one
// has drained for a part of it, and counts as draining.
WholeSeconds whole_seconds(const Json& result, const char* counter) {
    WholeSeconds whole;
    const auto series = result.find("seconds_series");
    if (series == result.end() || !series->is_array()) return whole;
    bool under_way = false;
    for (const Json& second : *series) {
        const std::string stage = second.value("stage", "");
        const bool measuring = stage == "measuring";
        if (measuring && number_at(second, "latency_count") > 0) {
            const double p50_us = number_at(second, "latency_p50_us");
            whole.least_p50_us = std::min(whole.least_p50_us.value_or(p50_us), p50_us);
        }
        if (measuring && under_way) {
            whole.length_s += number_at(second, "length_s");
            whole.arrived += number_at(second, counter);
        }
        under_way = measuring || stage == "warm-up";
    }
    return whole;
}

std::string times_text(const Json& result, const char* times, const char* of) {
    const auto text = [&](const char* percentile) {
        return time_text(static_cast<uint64_t>(
            std::llround(number_at(result, fmt::format("{}.{}", times, percentile)))));
    };
    return fmt::format("{}p50 {}, p99 {}", of, text("p50"), text("p99"));
}

void add_thresholds(std::vector<std::string>& why, const Json& result) {
    const auto thresholds = result.find("thresholds");
    if (thresholds == result.end() || !thresholds->is_array()) return;
    for (const Json& one : *thresholds) {
        if (!one.value("failed", false)) continue;
        const Parsed<FailIf> limit = parse_fail_if(one.value("expression", ""));
        if (!std::holds_alternative<FailIf>(limit)) continue;
        const FailIfVerdict verdict{number_at(one, "value"), one.value("measured", false), true};
        why.push_back(broken_text(std::get<FailIf>(limit), verdict));
    }
}

}  // namespace

std::optional<StepRates> step_rates(const Json& result) {
    const Proof proof = proof_of(result);
    const WholeSeconds whole = whole_seconds(result, proof.counter);
    const double seconds = number_at(result, "seconds");
    const double publishers = number_at(result, "plan.publishers");
    const double planned = number_at(result, "messages.planned");
    if (whole.length_s <= 0 || seconds <= 0 || publishers <= 0 || planned <= 0) return std::nullopt;
    const double hearers = std::max(number_at(result, "plan.streams") / publishers, 1.0);
    StepRates rates;
    rates.planned = planned * hearers / seconds;
    rates.arrived = whole.arrived / whole.length_s;
    // What is under way for as long as the path takes is not late, nor is what has an excuse.
    const double path_us = whole.least_p50_us.value_or(number_at(result, "acknowledgement_us.min"));
    const double excused = rates.planned * path_us / 1e6 + kEdgeMessages * hearers +
                           number_at(result, "messages.lost_in_flight") +
                           number_at(result, "messages.without_subscriber");
    rates.in_time =
        whole.arrived + excused >= kInTimeShare * rates.planned * whole.length_s;
    return rates;
}

std::vector<std::string> step_failures(const Json& result, int exit_code) {
    std::vector<std::string> why;
    if (exit_code != 0) {
        why = setup_failures(result);
        add_thresholds(why, result);
        if (const double doubled = number_at(result, "messages.duplicated_against_qos"))
            why.push_back(fmt::format("{:.0f} duplicated against their QoS", doubled));
        if (const double unsent = number_at(result, "messages.unsent"))
            why.push_back(fmt::format("{:.0f} never sent", unsent));
    }
    const std::optional<StepRates> rates = step_rates(result);
    if (rates && !rates->in_time)
        why.push_back(fmt::format("only {:.0f}/s of {:.0f}/s {}", rates->arrived, rates->planned,
                                  proof_of(result).verb));
    const bool lost = number_at(result, "messages.lost") > 0;  // step_text() says it
    const bool saturated = result.value("generator_saturated", false);
    if (exit_code != 0 && saturated) why.emplace_back("the generator was saturated");
    if (exit_code != 0 && why.empty())
        why.push_back(lost ? "messages were lost" : fmt::format("exit code {}", exit_code));
    return why;
}

std::string step_text(const Json& result) {
    std::string times = "no latency was measured";
    if (number_at(result, "latency_us.count") > 0) {
        times = times_text(result, "latency_us", "");
    } else if (number_at(result, "acknowledgement_us.count") > 0) {
        times = times_text(result, "acknowledgement_us", "acknowledged in ");
    }
    return fmt::format("{}, {:.0f} lost", times, number_at(result, "messages.lost"));
}

}  // namespace jumpgate::load
