// Results as the tests of reports need them, without a run.
#pragma once

#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/rng.h"
#include "loadgen/result_fields.h"
#include "loadgen/results.h"

namespace jumpgate::load {

// `start_unix_ns` tells runs apart.
inline Results p2p_results(uint64_t start_unix_ns = 0) {
    const std::vector<const char*> arguments = {"-c", "10", "-q", "1"};
    Results results;
    results.plan = RunPlan::of(std::get<Options>(parse_options(Mode::P2p, arguments, 20'000)));
    results.environment.start_unix_ns = start_unix_ns;
    return results;
}

// With something in every field, and no two alike.
inline Results random_results(uint64_t seed) {
    Rng rng(seed);
    Results results = p2p_results();
    results.command = "jumpload p2p --seed " + std::to_string(seed);
    results.environment = {"host", "Linux", "cpu", 2, 1'024, 1'700'000'000'000'000'000 + seed};
    results.connect_s = rng.fraction();
    results.measured_s = 30;
    results.fail_if.push_back(std::get<FailIf>(parse_fail_if("p99.9>=20ms")));
    Recorder& recorder = results.recorder;
    for (const CountField& field : count_fields()) {
        if (field.count != Count::ConnectionsLost) recorder.add(field.count, rng.below(1'000'000));
    }
    recorder.setup_failed(Cause::Refused, 1 + rng.below(9));
    recorder.connection_lost(Cause::Reset, 1 + rng.below(9));
    recorder.connack_refused(0x87, 1 + rng.below(9));
    recorder.alerted(116, 1 + rng.below(9));
    recorder.busy_ns = 1 + rng.below(1'000'000'000);
    recorder.wall_ns = 2'000'000'000;
    recorder.busiest_share = 0.5 + 0.01 * static_cast<double>(seed);
    for (const TimesField& field : times_fields()) {
        for (int i = 0; i < 500; ++i) {
            (recorder.*field.times).record(static_cast<uint64_t>(std::exp2(rng.fraction() * 32)));
        }
    }
    for (uint64_t i = 0; i < 3; ++i) {
        Second& second = results.seconds.emplace_back();
        second.second = i;
        second.elapsed_s = static_cast<double>(i + 1);
        second.stage = static_cast<Stage>(i);
        second.sent = rng.below(1'000);
        second.latency = SecondTimes::of(recorder.latency);
    }
    return results;
}

inline bool holds(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

}  // namespace jumpgate::load
