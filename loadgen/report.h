// Report: the results of a run as text and as JSON, and the verdict that becomes the exit code.
//
// Law: both forms print the same numbers, and what the generator itself failed to do stands beside
// what the broker did. Pure: returns text, measures nothing.
#pragma once

#include <string>

#include "loadgen/options.h"
#include "loadgen/recorder.h"

namespace jumpgate::load {

struct Results {
    Recorder recorder;         // of all threads
    Recorder warm_up;          // messages due within --warm-up; in nothing else
    double connect_s = 0;      // until all clients had tried
    double measured_s = 0;     // the part that messages are counted in
    bool interrupted = false;  // by a signal, before its time

    bool generator_saturated(const Options& options) const;
    // 3 where messages were lost or the generator was saturated, 1 where clients never connected,
    // else 0. Messages lost in flight count unless --reconnect says that breaking connections are
    // part of the plan.
    int exit_code(const Options& options) const;
};

std::string text_report(const Options& options, const Results& results);
std::string json_report(const Options& options, const Results& results);

// One second of the run, for the live line and --live-json.
struct Second {
    double elapsed_s = 0;
    uint64_t connected = 0;  // at present
    uint64_t sent = 0;       // per second, since the last line
    uint64_t received = 0;
    uint64_t acknowledged = 0;
    uint64_t reconnects = 0;  // exactly, since the last line: they add up to the run's
    uint64_t connections_lost = 0;
    uint64_t latency_p50_us = 0;
    uint64_t latency_p99_us = 0;
};
std::string live_line(const Options& options, const Second& second);
std::string live_json(const Second& second);

}  // namespace jumpgate::load
