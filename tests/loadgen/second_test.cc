#include "loadgen/second.h"

#include <gtest/gtest.h>

#include "core/base/time.h"

namespace jumpgate::load {
namespace {

constexpr uint64_t kBegan = 5 * kNanosPerSecond + 17;

TEST(Ticker, CutsOnAGridHoweverLateItLooks) {
    Live live;
    Live* const lives[] = {&live};
    Ticker ticker(kBegan);
    EXPECT_FALSE(ticker.due(kBegan + kNanosPerSecond - 1));
    EXPECT_TRUE(ticker.due(kBegan + kNanosPerSecond));
    ticker.take(lives, kBegan + kNanosPerSecond + 20 * kNanosPerMilli, Stage::Connecting);
    EXPECT_FALSE(ticker.due(kBegan + 2 * kNanosPerSecond - 1));
    EXPECT_TRUE(ticker.due(kBegan + 2 * kNanosPerSecond));
    ticker.take(lives, kBegan + 4'500 * kNanosPerMilli, Stage::Measuring);  // stalled
    EXPECT_TRUE(ticker.due(kBegan + 5 * kNanosPerSecond));
    const Second& last = ticker.take(lives, kBegan + 5 * kNanosPerSecond, Stage::Draining);
    EXPECT_EQ(last.second, 4U);
    EXPECT_DOUBLE_EQ(last.elapsed_s, 5);
    EXPECT_DOUBLE_EQ(last.length_s, 0.5);
    const std::vector<Second> all = ticker.take_all();
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[0].second, 0U);
    EXPECT_EQ(all[1].second, 1U);
    EXPECT_EQ(all[1].stage, Stage::Measuring);
}

TEST(Ticker, CountsWhatChanged) {
    Live one;
    Live two;
    Live* const lives[] = {&one, &two};
    Ticker ticker(kBegan);
    for (Live* live : lives) {
        live->connected = 4;
        live->tallies.add(Count::Sent, 10);
        live->tallies.setup_failed(Cause::Refused);
        live->latency.record(1'000);
        live->send_lateness.record(50);
    }
    const Second first = ticker.take(lives, kBegan + kNanosPerSecond, Stage::Measuring);
    EXPECT_EQ(first.connected, 8U);
    EXPECT_EQ(first.sent, 20U);
    EXPECT_EQ(first.errors, 2U);
    EXPECT_EQ(first.latency.count, 2U);
    EXPECT_EQ(first.latency.max_us, 1'000U);
    EXPECT_EQ(first.send_lateness.p99_us, 50U);
    one.tallies.add(Count::Sent, 3);
    two.tallies.connection_lost(Cause::Reset);
    const Second second = ticker.take(lives, kBegan + 2 * kNanosPerSecond, Stage::Measuring);
    EXPECT_EQ(second.sent, 3U);
    EXPECT_EQ(second.connections_lost, 1U);
    EXPECT_EQ(second.errors, 1U);
    EXPECT_EQ(second.latency.count, 0U);
    EXPECT_TRUE(second.latency.hdr.empty());
    EXPECT_EQ(ticker.totals()[Count::Sent], 23U);
}

TEST(Ticker, AddsUpWhomEachBrokerServesNow) {
    Live one;
    Live two;
    Live* const lives[] = {&one, &two};
    Ticker ticker(kBegan);
    one.brokers = {{"a", 3}, {"b", 1}};
    two.brokers = {{"b", 4}};
    ticker.take(lives, kBegan + kNanosPerSecond, Stage::Measuring);
    EXPECT_EQ(ticker.brokers(), (BrokerClients{{"a", 3}, {"b", 5}}));
    one.brokers = {{"a", 0}, {"b", 4}};
    ticker.take(lives, kBegan + 2 * kNanosPerSecond, Stage::Measuring);
    EXPECT_EQ(ticker.brokers(), (BrokerClients{{"a", 0}, {"b", 8}}));
}

TEST(Ticker, KeepsADayAndNoMore) {
    EXPECT_EQ(Ticker::kKeptMax, 24U * 60 * 60);
    Ticker ticker(0, 100);
    for (size_t i = 1; i <= 105; ++i) ticker.take({}, i * kNanosPerSecond, Stage::Measuring);
    EXPECT_EQ(ticker.take_all().size(), 100U);
}

TEST(Second, MergesAsIfAllWereRecordedInOne) {
    Histogram histograms[3];
    for (uint64_t i = 0; i < 1'000; ++i) {
        const uint64_t value = i * i * 37 + 5;
        histograms[i % 3 == 0 ? 0 : 1].record(value);
        histograms[2].record(value);
    }
    Second one;
    Second two;
    one.latency = SecondTimes::of(histograms[0]);
    two.latency = SecondTimes::of(histograms[1]);
    one.sent = 5;
    two.sent = 6;
    two.send_lateness = SecondTimes::of(histograms[0]);
    one.merge(two);
    const SecondTimes whole = SecondTimes::of(histograms[2]);
    EXPECT_EQ(one.sent, 11U);
    EXPECT_EQ(one.latency.count, whole.count);
    EXPECT_EQ(one.latency.p50_us, whole.p50_us);
    EXPECT_EQ(one.latency.p99_us, whole.p99_us);
    EXPECT_EQ(one.latency.max_us, whole.max_us);
    EXPECT_EQ(one.latency.hdr, whole.hdr);
    EXPECT_EQ(one.send_lateness.hdr, two.send_lateness.hdr);
}

TEST(Second, RatesAreByItsLength) {
    Second second;
    second.length_s = 0.5;
    EXPECT_EQ(second.per_second(7), 14U);
    second.length_s = 0;
    EXPECT_EQ(second.per_second(7), 7'000U);
}

}  // namespace
}  // namespace jumpgate::load
