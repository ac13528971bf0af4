#include "loadgen/result_fields.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace jumpgate::load {
namespace {

TEST(ResultFields, EveryCounterHasOneName) {
    std::set<Count> counts;
    std::set<std::string> names;
    for (const CountField& field : count_fields()) {
        counts.insert(field.count);
        names.insert(std::string(field.group) + "." + std::string(field.name));
    }
    EXPECT_EQ(counts.size(), static_cast<size_t>(Count::kCount));
    EXPECT_EQ(names.size(), count_fields().size());
    EXPECT_EQ(counts.size(), count_fields().size());
}

// A histogram that was forgotten in the table would be merged, and never printed.
TEST(ResultFields, EveryHistogramHasARow) {
    std::set<std::string_view> names;
    for (const TimesField& field : times_fields()) names.insert(field.name);
    EXPECT_EQ(names.size(), times_fields().size());
    const size_t others = sizeof(Tallies) + 2 * sizeof(uint64_t) + sizeof(double);
    EXPECT_EQ((sizeof(Recorder) - others) / sizeof(Histogram), times_fields().size());
}

TEST(ResultFields, EveryFieldOfThePlanIsVisited) {
    size_t bytes = sizeof(RunPlan::mode) + sizeof(RunPlan::shard);
    RunPlan plan;
    for_each_plan_field(
        [&](std::string_view, auto field, Merging) { bytes += sizeof(plan.*field); });
    EXPECT_LE(bytes, sizeof plan);
    EXPECT_GT(bytes + alignof(RunPlan), sizeof plan);
}

}  // namespace
}  // namespace jumpgate::load
