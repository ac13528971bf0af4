#include "loadgen/result_merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "loadgen/result_fields.h"

namespace jumpgate::load {

namespace {

std::optional<std::string> difference(const RunPlan& into, const RunPlan& from) {
    if (into.mode != from.mode) return fmt::format("mode is {}, not {}", from.mode, into.mode);
    std::optional<std::string> found;
    for_each_plan_field([&](std::string_view name, auto field, Merging merging) {
        if (found || merging != Merging::Same || into.*field == from.*field) return;
        found = fmt::format("plan.{} is {}, not {}", name, from.*field, into.*field);
    });
    return found;
}

void merge_plan(RunPlan& into, const RunPlan& from) {
    for_each_plan_field([&](std::string_view, auto field, Merging merging) {
        if constexpr (std::is_same_v<decltype(field), uint64_t RunPlan::*>) {
            if (merging == Merging::Sum) into.*field += from.*field;
        }
    });
}

// How many whole seconds the second run began after the first, rounded; may be negative.
int64_t seconds_between(const Environment& first, const Environment& second) {
    const auto gap_ns = static_cast<int64_t>(second.start_unix_ns - first.start_unix_ns);
    return std::llround(static_cast<double>(gap_ns) / 1e9);
}

void shift(std::vector<Second>& seconds, uint64_t by) {
    for (Second& second : seconds) {
        second.second += by;
        second.elapsed_s += static_cast<double>(by);
    }
}

void merge_seconds(Results& into, const Results& from) {
    std::vector<Second> added = from.seconds;
    const int64_t later = seconds_between(into.environment, from.environment);
    if (later >= 0) shift(added, static_cast<uint64_t>(later));
    if (later < 0) shift(into.seconds, static_cast<uint64_t>(-later));
    std::map<uint64_t, Second> all;
    for (std::vector<Second>* seconds : {&into.seconds, &added}) {
        for (Second& second : *seconds) {
            const auto [place, fresh] = all.try_emplace(second.second, second);
            if (!fresh) place->second.merge(second);
        }
    }
    into.seconds.clear();
    for (auto& [number, second] : all) into.seconds.push_back(std::move(second));
}

std::vector<MergedRun> runs_of(const Results& results) {
    if (!results.shards.empty()) return results.shards;
    return {{results.command, results.environment, results.plan.shard}};
}

bool is_same_run(const MergedRun& one, const MergedRun& other) {
    return one.environment.start_unix_ns == other.environment.start_unix_ns &&
           one.environment.host == other.environment.host && one.command == other.command;
}

// Why both cannot be parts of one run.
std::optional<std::string> conflict(const MergedRun& there, const MergedRun& added) {
    if (is_same_run(there, added)) return "it is a run that is in already";
    if (!there.shard || !added.shard) return std::nullopt;
    if (there.shard->count != added.shard->count) {
        return fmt::format("it is shard {} of {}, not one of {}", added.shard->index,
                           added.shard->count, there.shard->count);
    }
    if (there.shard->count == 1 || there.shard->index != added.shard->index) return std::nullopt;
    return fmt::format("shard {} of {} is in already", added.shard->index, added.shard->count);
}

std::optional<std::string> conflict(const std::vector<MergedRun>& there,
                                    const std::vector<MergedRun>& added) {
    for (const MergedRun& one : there) {
        for (const MergedRun& other : added) {
            if (std::optional<std::string> why = conflict(one, other)) return why;
        }
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string> merge_result(Results& into, const Results& from) {
    if (std::optional<std::string> problem = difference(into.plan, from.plan)) return problem;
    std::vector<MergedRun> runs = runs_of(into);
    const std::vector<MergedRun> added = runs_of(from);
    if (std::optional<std::string> problem = conflict(runs, added)) return problem;
    runs.insert(runs.end(), added.begin(), added.end());
    into.shards = std::move(runs);
    into.plan.shard.reset();
    merge_seconds(into, from);
    if (from.environment.start_unix_ns < into.environment.start_unix_ns) {
        into.environment = from.environment;
    }
    merge_plan(into.plan, from.plan);
    into.recorder.merge(from.recorder);
    into.warm_up.merge(from.warm_up);
    into.connect_s = std::max(into.connect_s, from.connect_s);
    into.measured_s = std::max(into.measured_s, from.measured_s);
    into.outages.merge(from.outages);
    into.interrupted = into.interrupted || from.interrupted;
    for (const FailIf& limit : from.fail_if) {
        if (std::ranges::find(into.fail_if, limit.text, &FailIf::text) == into.fail_if.end()) {
            into.fail_if.push_back(limit);
        }
    }
    return std::nullopt;
}

std::string missing_shards(const Results& results) {
    constexpr size_t kNamed = 16;
    uint32_t count = 1;
    std::set<uint32_t> there;
    for (const MergedRun& run : runs_of(results)) {
        if (!run.shard) return {};  // it may be any of them
        count = run.shard->count;
        there.insert(run.shard->index);
    }
    const size_t missing = count - there.size();
    if (missing == 0) return {};
    std::string names;
    size_t named = 0;
    for (uint32_t index = 0; index < count && named < kNamed; ++index) {
        if (there.contains(index)) continue;
        names += fmt::format("{}{}", named == 0 ? "" : ", ", index);
        ++named;
    }
    if (missing > named) names += fmt::format(" and {} more", missing - named);
    return fmt::format("shard{} {} of {} {} missing", missing == 1 ? "" : "s", names, count,
                       missing == 1 ? "is" : "are");
}

}  // namespace jumpgate::load
