// ResultFields: which counter and which histogram has which name in the results.
//
// Law: one table for whoever writes, reads or merges results: a row here is a field everywhere.
#pragma once

#include <span>
#include <string_view>

#include "loadgen/results.h"

namespace jumpgate::load {

struct CountField {
    std::string_view group;  // the object that it is in; empty: the document itself
    std::string_view name;
    Count count;
};
// Rows of one group lie together.
std::span<const CountField> count_fields();

struct TimesField {
    std::string_view name;   // in `histograms`; with "_us" behind it, of its summary
    std::string_view title;  // in the text; parts of the row above are indented
    Histogram Recorder::*times;
};
std::span<const TimesField> times_fields();

// What becomes of a field of the plan where shards are merged.
enum class Merging : uint8_t {
    Sum,   // each shard's share adds up
    Same,  // shards that differ do not belong together
    Any,   // the first shard's counts
};

// Calls `visit(name, field, Merging)` for each field but mode and shard; `field` is a pointer to
// member.
template <class Visit>
void for_each_plan_field(Visit visit) {
    visit("clients", &RunPlan::clients, Merging::Sum);
    visit("publishers", &RunPlan::publishers, Merging::Sum);
    visit("subscribers", &RunPlan::subscribers, Merging::Sum);
    visit("idle", &RunPlan::idle, Merging::Sum);
    visit("streams", &RunPlan::streams, Merging::Sum);
    visit("connrate", &RunPlan::connrate, Merging::Sum);
    visit("threads", &RunPlan::threads, Merging::Sum);
    visit("version", &RunPlan::version, Merging::Same);
    visit("qos", &RunPlan::qos, Merging::Same);
    visit("size_bytes", &RunPlan::size_bytes, Merging::Same);
    visit("interval_ns", &RunPlan::interval_ns, Merging::Same);
    visit("closed_loop", &RunPlan::closed_loop, Merging::Same);
    visit("think_time_ns", &RunPlan::think_time_ns, Merging::Same);
    visit("duration_s", &RunPlan::duration_s, Merging::Same);
    visit("warm_up_ns", &RunPlan::warm_up_ns, Merging::Same);
    visit("tick_ns", &RunPlan::tick_ns, Merging::Any);
    visit("lateness_limit_ms", &RunPlan::lateness_limit_ms, Merging::Same);
    visit("seed", &RunPlan::seed, Merging::Any);
    visit("reconnect", &RunPlan::reconnect, Merging::Same);
    visit("tls", &RunPlan::tls, Merging::Same);
}

}  // namespace jumpgate::load
