#include "loadgen/live_block.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "tests/loadgen/example_results.h"

namespace jumpgate::load {
namespace {

Options options_of(Mode mode, std::vector<const char*> arguments) {
    return std::get<Options>(parse_options(mode, arguments, 20'000));
}

TEST(LiveBlock, ShowsHowFarTheRunIsAndHowItGoes) {
    const Options options = options_of(Mode::P2p, {"-c", "10", "-q", "1"});
    Second second;
    second.connected = 9;
    second.sent = 50;
    second.received = 49;
    second.elapsed_s = 12;
    second.latency = {5, 80, 3'880, 4'100, ""};
    Tallies totals;
    totals.setup_failed(Cause::Refused, 3);
    totals.connection_lost(Cause::Reset, 2);
    const std::string block = live_block(options, {Stage::Measuring, 0.5, 18}, second, totals, 100);
    EXPECT_TRUE(
        holds(block, "jumpload p2p measuring  [############............] 12 s, 18 s left\n"))
        << block;
    EXPECT_TRUE(holds(block, "9 of 10")) << block;
    EXPECT_TRUE(holds(block, "out 50/s  acknowledged 0/s  in 49/s")) << block;
    EXPECT_TRUE(holds(block, "p50 80 us     p99 3.88 ms   max 4.10 ms")) << block;
    EXPECT_TRUE(holds(block, "refused 3, reset 2")) << block;
}

TEST(LiveBlock, HasNoLinesAboutWhatIsNotPlayed) {
    const std::string block = live_block(options_of(Mode::Conn, {"-c", "10"}), {}, {}, {}, 100);
    EXPECT_FALSE(holds(block, "messages"));
    EXPECT_FALSE(holds(block, "latency"));
    EXPECT_FALSE(holds(block, " left"));
    EXPECT_TRUE(holds(block, "errors     none")) << block;
}

TEST(LiveBlock, NoLineWraps) {
    Tallies totals;
    for (size_t i = 0; i < static_cast<size_t>(Cause::kCount); ++i) {
        totals.setup_failed(static_cast<Cause>(i), 1'000'000);
    }
    for (const size_t columns : {2U, 20U, 80U}) {
        std::istringstream lines(
            live_block(options_of(Mode::P2p, {"-c", "2"}), {}, {}, totals, columns));
        for (std::string line; std::getline(lines, line);) EXPECT_LT(line.size(), columns);
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
