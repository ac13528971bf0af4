#include "loadgen/live_block.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "core/base/time.h"
#include "tests/loadgen/example_results.h"

namespace jumpgate::load {
namespace {

Options options_of(Mode mode, std::vector<const char*> arguments) {
    return std::get<Options>(parse_options(mode, arguments, 20'000));
}

constexpr TerminalSize kWide = {100, 24};

// Having taken what `live` holds as its first second.
Ticker ticked(Live& live) {
    Ticker ticker(0);
    Live* const lives[] = {&live};
    ticker.take(lives, kNanosPerSecond, Stage::Measuring);
    return ticker;
}

TEST(LiveBlock, ShowsHowFarTheRunIsAndHowItGoes) {
    const Options options = options_of(Mode::P2p, {"-c", "10", "-q", "1"});
    Live live;
    live.connected = 9;
    live.tallies.add(Count::Sent, 50);
    live.tallies.add(Count::Received, 49);
    live.tallies.setup_failed(Cause::Refused, 3);
    live.tallies.connection_lost(Cause::Reset, 2);
    for (const uint64_t us : {80, 80, 4'100}) live.latency.record(us);
    const std::string block = live_block(options, {Stage::Measuring, 0.5, 18}, ticked(live), kWide);
    EXPECT_TRUE(holds(block, "jumpload p2p measuring  [############............] 1 s, 18 s left\n"))
        << block;
    EXPECT_TRUE(holds(block, "9 of 10")) << block;
    EXPECT_TRUE(holds(block, "out 50/s  acknowledged 0/s  in 49/s")) << block;
    EXPECT_TRUE(holds(block, "p50 80 us     p99 4.10 ms   max 4.10 ms")) << block;
    EXPECT_TRUE(holds(block, "refused 3, reset 2")) << block;
}

TEST(LiveBlock, HasNoLinesAboutWhatIsNotPlayed) {
    const std::string block =
        live_block(options_of(Mode::Conn, {"-c", "10"}), {}, Ticker(0), kWide);
    EXPECT_FALSE(holds(block, "messages"));
    EXPECT_FALSE(holds(block, "latency"));
    EXPECT_FALSE(holds(block, " left"));
    EXPECT_FALSE(holds(block, "%"));
    EXPECT_TRUE(holds(block, "errors     none")) << block;
}

TEST(LiveBlock, NoLineWraps) {
    Live live;
    for (size_t i = 0; i < static_cast<size_t>(Cause::kCount); ++i) {
        live.tallies.setup_failed(static_cast<Cause>(i), 1'000'000);
    }
    live.brokers[std::string(128, 'x')] = 1'000'000;
    for (const size_t columns : {2U, 20U, 80U}) {
        std::istringstream lines(
            live_block(options_of(Mode::P2p, {"-c", "2"}), {}, ticked(live), {columns, 24}));
        for (std::string line; std::getline(lines, line);) EXPECT_LT(line.size(), columns);
    }
}

TEST(LiveBlock, ShowsWhomEachBrokerServes) {
    Live live;
    live.brokers = {{"one", 100}, {"three", 0}, {"two", 300}};
    const std::string block =
        live_block(options_of(Mode::Conn, {"-c", "400"}), {}, ticked(live), kWide);
    EXPECT_TRUE(holds(block,
                      "  one                      [########................]  25.0 %  100\n"
                      "  three                    [........................]   0.0 %  0\n"
                      "  two                      [########################]  75.0 %  300\n"))
        << block;
    live.brokers = {{"one", 0}};
    EXPECT_TRUE(
        holds(live_block(options_of(Mode::Conn, {}), {}, ticked(live), kWide), " 0.0 %  0\n"));
}

TEST(LiveBlock, LeavesOutBrokersThatDoNotFit) {
    Live live;
    for (uint64_t i = 0; i < 20; ++i) live.brokers["broker-" + std::to_string(i)] = i;
    const Ticker ticker = ticked(live);
    const Options options = options_of(Mode::Conn, {"-c", "400"});
    const std::string block = live_block(options, {}, ticker, kWide);
    for (const char* part : {"broker-19 ", "broker-13 ", "  and 13 more brokers\n"})
        EXPECT_TRUE(holds(block, part)) << block;
    EXPECT_FALSE(holds(block, "broker-12 ")) << block;
    for (size_t rows = 1; rows < 24; ++rows) {
        const std::string low = live_block(options, {}, ticker, {100, rows});
        EXPECT_LE(std::ranges::count(low, '\n'), std::max<long>(3, static_cast<long>(rows) - 1));
    }
}

TEST(LiveBlock, IsDrawnOverTheLastOne) {
    LiveBlock block;
    EXPECT_EQ(block.erased(), "");
    EXPECT_EQ(block.drawn("a\nb\n"), "a\nb\n");
    EXPECT_EQ(block.drawn("c\n"), "\x1b[2F\x1b[Jc\n");
    EXPECT_EQ(block.erased(), "\x1b[1F\x1b[J");
    EXPECT_EQ(block.erased(), "");
}

}  // namespace
}  // namespace jumpgate::load
