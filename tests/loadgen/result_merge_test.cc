#include "loadgen/result_merge.h"

#include <gtest/gtest.h>

#include "core/base/time.h"
#include "loadgen/hdr_codec.h"
#include "loadgen/result_fields.h"
#include "loadgen/result_json.h"
#include "loadgen/result_reader.h"
#include "tests/loadgen/example_results.h"

namespace jumpgate::load {
namespace {

// As a shard travels: written, and read.
Results travelled(const Results& results) {
    return std::get<Results>(read_result(result_json(results)));
}

TEST(ResultMerge, OfShardsIsTheRecorderOfTheUnion) {
    Recorder all;
    std::optional<Results> merged;
    for (uint64_t seed = 1; seed <= 5; ++seed) {
        const Results shard = random_results(seed);
        all.merge(shard.recorder);
        if (merged) {
            EXPECT_EQ(merge_result(*merged, travelled(shard)), std::nullopt);
        } else {
            merged = travelled(shard);
        }
    }
    *merged = travelled(*merged);
    for (const CountField& field : count_fields()) {
        EXPECT_EQ(merged->recorder[field.count], all[field.count]) << field.name;
    }
    EXPECT_EQ(merged->recorder.setup_failures(Cause::Refused), all.setup_failures(Cause::Refused));
    EXPECT_EQ(merged->recorder.connections_lost(Cause::Reset), all.connections_lost(Cause::Reset));
    EXPECT_EQ(merged->recorder.connack_codes(0x87), all.connack_codes(0x87));
    EXPECT_EQ(merged->recorder.alerts(116), all.alerts(116));
    for (const TimesField& field : times_fields()) {
        const Histogram& one = merged->recorder.*field.times;
        const Histogram& other = all.*field.times;
        EXPECT_EQ(encode_hdr(one), encode_hdr(other)) << field.name;
        EXPECT_EQ(one.exact().sum_us, other.exact().sum_us) << field.name;
        for (const double percent : {0.0, 50.0, 90.0, 99.0, 99.9, 99.99, 100.0}) {
            EXPECT_EQ(one.percentile_us(percent), other.percentile_us(percent)) << field.name;
        }
    }
    EXPECT_EQ(merged->shards.size(), 5U);
    EXPECT_EQ(merged->plan.clients, 50U);
    EXPECT_EQ(merged->plan.qos, 1U);
}

TEST(ResultMerge, AddsSecondsByTheWallClock) {
    Results early = p2p_results();
    Results late = p2p_results();
    early.environment.start_unix_ns = 1'700'000'000 * kNanosPerSecond;
    early.environment.host = "early";
    late.environment.start_unix_ns = early.environment.start_unix_ns + 2'100 * kNanosPerMilli;
    for (uint64_t i = 0; i < 3; ++i) {
        for (Results* each : {&early, &late}) {
            Second& second = each->seconds.emplace_back();
            second.second = i;
            second.elapsed_s = static_cast<double>(i + 1);
            second.sent = 10 * (i + 1) + (each == &late ? 1 : 0);
        }
    }
    for (const bool forward : {true, false}) {
        Results into = forward ? early : late;
        ASSERT_EQ(merge_result(into, forward ? late : early), std::nullopt);
        EXPECT_EQ(into.environment.host, "early");
        ASSERT_EQ(into.seconds.size(), 5U);
        for (uint64_t i = 0; i < 5; ++i) {
            EXPECT_EQ(into.seconds[i].second, i);
            EXPECT_DOUBLE_EQ(into.seconds[i].elapsed_s, static_cast<double>(i + 1));
        }
        EXPECT_EQ(into.seconds[1].sent, 20U);
        EXPECT_EQ(into.seconds[2].sent, 30U + 11U);
        EXPECT_EQ(into.seconds[4].sent, 31U);
    }
}

TEST(ResultMerge, JudgesAnew) {
    Results one = p2p_results();
    Results two = p2p_results(2);
    one.fail_if.push_back(std::get<FailIf>(parse_fail_if("duplicated>3")));
    two.fail_if = one.fail_if;
    one.recorder.add(Count::Duplicated, 2);
    two.recorder.add(Count::Duplicated, 2);
    EXPECT_EQ(one.exit_code(), 0);
    ASSERT_EQ(merge_result(one, two), std::nullopt);
    EXPECT_EQ(one.fail_if.size(), 1U);
    EXPECT_EQ(one.exit_code(), 3);
    two.recorder.add(Count::LostOnLiveConnections);
    two.interrupted = true;
    Results three = p2p_results(3);
    ASSERT_EQ(merge_result(three, two), std::nullopt);
    EXPECT_EQ(three.exit_code(), 3);
    EXPECT_TRUE(three.interrupted);
}

TEST(ResultMerge, RefusesAnotherLoad) {
    Results one = p2p_results();
    Results two = p2p_results(2);
    two.plan.qos = 2;
    EXPECT_EQ(merge_result(one, two), "plan.qos is 2, not 1");
    two = p2p_results(2);
    two.plan.mode = "sub";
    EXPECT_EQ(merge_result(one, two), "mode is sub, not p2p");
    EXPECT_TRUE(one.shards.empty());
    two = p2p_results(2);
    two.plan.seed = 99;
    two.plan.connrate = 7;
    EXPECT_EQ(merge_result(one, two), std::nullopt);
}

Results shard_of(uint32_t index, uint32_t count) {
    Results results = p2p_results(1 + index);
    results.plan.shard = Shard{index, count, {}};
    return results;
}

TEST(ResultMerge, TakesEachShardOnce) {
    Results merged = travelled(shard_of(0, 4));
    EXPECT_EQ(missing_shards(merged), "shards 1, 2, 3 of 4 are missing");
    EXPECT_EQ(merge_result(merged, shard_of(2, 4)), std::nullopt);
    Results again = shard_of(2, 4);
    again.environment.start_unix_ns = 99;
    EXPECT_EQ(merge_result(merged, again), "shard 2 of 4 is in already");
    EXPECT_EQ(merge_result(merged, shard_of(1, 2)), "it is shard 1 of 2, not one of 4");
    EXPECT_EQ(merge_result(merged, p2p_results(98)), "it is shard 0 of 1, not one of 4");
    EXPECT_EQ(merged.shards.size(), 2U);
    // Merged results know their shards, on their way as well.
    Results rest = shard_of(1, 4);
    merged = travelled(merged);
    EXPECT_EQ(merge_result(rest, merged), std::nullopt);
    EXPECT_EQ(missing_shards(rest), "shard 3 of 4 is missing");
    EXPECT_EQ(merge_result(rest, merged), "it is a run that is in already");
    EXPECT_EQ(merge_result(rest, shard_of(3, 4)), std::nullopt);
    EXPECT_EQ(missing_shards(rest), "");
    EXPECT_EQ(missing_shards(shard_of(0, 1'000'000)),
              "shards 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 and 999983 more of "
              "1000000 are missing");
}

TEST(ResultMerge, TakesRunsThatSaidNoShard) {
    Results one = p2p_results(1);
    const Results two = p2p_results(2);
    EXPECT_EQ(merge_result(one, one), "it is a run that is in already");
    EXPECT_EQ(merge_result(one, two), std::nullopt);  // each 0 of 1
    EXPECT_EQ(missing_shards(one), "");
    Results older = shard_of(3, 4);
    older.plan.shard.reset();
    EXPECT_EQ(merge_result(one, older), std::nullopt);
    EXPECT_EQ(missing_shards(one), "");
}

}  // namespace
}  // namespace jumpgate::load
