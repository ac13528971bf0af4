// Results: all that is known of a run once it is over, and the verdict that becomes the exit code.
//
// Law: every form of the report (text, JSON, CSV, the merge of shards) is made of this and of
// nothing else, so they cannot disagree. Measures nothing, prints nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loadgen/environment.h"
#include "loadgen/fail_if.h"
#include "loadgen/options.h"
#include "loadgen/outages.h"
#include "loadgen/recorder.h"
#include "loadgen/second.h"

namespace jumpgate::load {

// Of the JSON form. It grows when a field changes its meaning or goes; not when one is added.
inline constexpr uint64_t kSchemaVersion = 1;

// A thread that is busier than this has no head-room left to be on time.
inline constexpr double kBusyShareMax = 0.9;

// What the run was asked for, as far as reports and verdicts need it. Of a shard, its own part.
struct RunPlan {
    std::string mode;
    uint64_t clients = 0;
    uint64_t publishers = 0;
    uint64_t subscribers = 0;
    uint64_t idle = 0;
    uint64_t streams = 0;  // that are accounted for; 0: another process has the other end
    uint64_t connrate = 0;
    uint64_t threads = 0;
    uint64_t version = 0;
    uint64_t qos = 0;
    uint64_t size_bytes = 0;
    uint64_t interval_ns = 0;  // 0: a closed loop
    uint64_t think_time_ns = 0;
    uint64_t duration_s = 0;
    uint64_t tick_ns = 0;  // 1: none
    uint64_t warm_up_ns = 0;
    uint64_t lateness_limit_ms = 0;
    uint64_t seed = 0;
    bool reconnect = false;
    bool tls = false;
    bool closed_loop = false;    // --think-time
    std::optional<Shard> shard;  // none: it is merged, or of a jumpload that did not say

    static RunPlan of(const Options& options);
};

// One of the runs that were merged.
struct MergedRun {
    std::string command;
    Environment environment;
    std::optional<Shard> shard;
};

struct Results {
    std::string tool = "jumpload " JUMPGATE_VERSION;
    std::string command;
    RunPlan plan;
    Environment environment;
    Recorder recorder;              // of all threads
    Tallies warm_up;                // of messages due within --warm-up; in nothing else
    double connect_s = 0;           // until all clients had tried
    double measured_s = 0;          // the part that messages are counted in
    OutageSummary outages;          // of the measured part
    bool interrupted = false;       // by a signal, before its time
    std::vector<Second> seconds;    // of the whole run, from the first dial on
    std::vector<FailIf> fail_if;    // limits that it was to hold
    std::vector<MergedRun> shards;  // of a merged one; else empty

    // The limits of the generator: the first is --lateness-limit-ms, the second kBusyShareMax.
    bool sends_too_late() const;
    bool thread_too_busy() const;
    bool generator_saturated() const;  // past either
    // 3 where a --fail-if was broken, messages were lost, or duplicated against their QoS, or the
    // generator was saturated, 1 where clients never connected, else 0. Messages lost in flight
    // count unless --reconnect says that breaking connections are part of the plan.
    int exit_code() const;
    // The limits that were broken, each a line of text.
    std::vector<std::string> broken_limits() const;
    // Of latency: "planned send" or, where there is no plan or it is another process's, "actual
    // send".
    std::string_view latency_from() const;
};

}  // namespace jumpgate::load
