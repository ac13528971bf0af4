#include "loadgen/live_line.h"

#include <gtest/gtest.h>

#include "tests/loadgen/example_results.h"

namespace jumpgate::load {
namespace {

TEST(LiveLine, ASecondIsOneLine) {
    const std::vector<const char*> arguments = {"-c", "10", "-q", "1"};
    const Options options = std::get<Options>(parse_options(Mode::P2p, arguments, 20'000));
    Second second;
    second.sent = 12;
    second.received = 30;
    second.length_s = 2;
    second.connections_lost = 3;
    Tallies totals;
    const std::string line = live_line(options, second, totals);
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    EXPECT_TRUE(holds(line, "sent 6/s")) << line;
    EXPECT_TRUE(holds(line, "received 15/s")) << line;
    EXPECT_TRUE(holds(line, "lost 3")) << line;
}

TEST(LiveLine, SaysWhatGoesWrong) {
    const Options options =
        std::get<Options>(parse_options(Mode::Conn, std::vector<const char*>{}, 20'000));
    Tallies totals;
    EXPECT_FALSE(holds(live_line(options, Second{}, totals), "errors"));
    totals.setup_failed(Cause::Refused);
    totals.setup_failed(Cause::Refused);
    const std::string line = live_line(options, Second{}, totals);
    EXPECT_TRUE(holds(line, "errors: refused 2\n")) << line;
}

TEST(LiveLine, ASecondIsOneObject) {
    Second second;
    second.sent = 12;
    second.stage = Stage::Draining;
    const std::string json = live_json(second);
    EXPECT_EQ(json.find('\n'), json.size() - 1);
    EXPECT_TRUE(holds(json, R"("sent":12,)")) << json;
    EXPECT_TRUE(holds(json, R"("stage":"draining")")) << json;
}

}  // namespace
}  // namespace jumpgate::load
