// FailIf: --fail-if 'p99>20ms': limits that a run must hold, and whether it did.
//
// Law: a limit that cannot be judged, for nothing of the kind was measured, is broken: a test that
// measured nothing must not pass. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/parsed.h"
#include "loadgen/recorder.h"

namespace jumpgate::load {

// One expression: METRIC OP VALUE, for example "p99 > 20ms", "connect.p50>=5us", "lost > 0.1%".
struct FailIf {
    enum class Op : uint8_t { Above, AtLeast, Below, AtMost };
    enum class Unit : uint8_t { Micros, Count, Percent };

    std::string text;                      // as it was given, without spaces
    std::string metric;                    // "latency", "connect", "lost", ...
    Histogram Recorder::*times = nullptr;  // null: a counter
    double percent = 0;                    // of `times`; 100: its maximum
    Op op = Op::Above;
    double limit = 0;
    Unit unit = Unit::Count;
};

// What came of it.
struct FailIfVerdict {
    double value = 0;       // in the unit of the limit
    bool measured = false;  // there was something to judge
    bool failed = false;
};

inline constexpr std::string_view kFailIfAllowed =
    "METRIC OP VALUE: p50, p99.9, max (of latency; or connect.p99, service., ack., lateness., "
    "subscribe.) with us, ms or s; lost, duplicated, reordered, failed, errors, late, moved with a "
    "number "
    "or %; OP one of > >= < <=";

Parsed<FailIf> parse_fail_if(std::string_view text);

// `clients`: how many were asked for.
FailIfVerdict judge(const FailIf& limit, const Recorder& recorder, uint64_t clients);

// "p99>20ms: p99 of latency is 35.20 ms"
std::string broken_text(const FailIf& limit, const FailIfVerdict& verdict);

}  // namespace jumpgate::load
