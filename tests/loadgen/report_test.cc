#include "loadgen/report.h"

#include <gtest/gtest.h>

namespace jumpgate::load {
namespace {

Options p2p_options() {
    const std::vector<const char*> arguments = {"-c", "10", "-q", "1"};
    return std::get<Options>(parse_options(Mode::P2p, arguments, 20'000));
}

bool holds(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

TEST(Results, LostMessagesAreExitCode3) {
    Options options = p2p_options();
    Results results;
    EXPECT_EQ(results.exit_code(options), 0);
    results.recorder.add(Count::LostInFlight);
    EXPECT_EQ(results.exit_code(options), 3);
    options.reconnect = true;  // broken connections are then part of the plan
    EXPECT_EQ(results.exit_code(options), 0);
    results.recorder.add(Count::LostOnLiveConnections);
    EXPECT_EQ(results.exit_code(options), 3);
}

TEST(Results, ClientsThatNeverConnectedAreExitCode1) {
    const Options options = p2p_options();
    Results results;
    results.recorder.add(Count::Failed);
    EXPECT_EQ(results.exit_code(options), 1);
    results.recorder.add(Count::LostOnLiveConnections);
    EXPECT_EQ(results.exit_code(options), 3);
}

TEST(Results, ALateGeneratorIsSaturated) {
    const Options options = p2p_options();
    Results results;
    for (int i = 0; i < 98; ++i) results.recorder.send_lateness.record(10);
    for (int i = 0; i < 2; ++i) results.recorder.send_lateness.record(60'000);
    EXPECT_TRUE(results.generator_saturated(options));
    EXPECT_EQ(results.exit_code(options), 3);
    for (int i = 0; i < 200; ++i) results.recorder.send_lateness.record(10);
    EXPECT_FALSE(results.generator_saturated(options));
}

TEST(Results, ABusyThreadIsSaturated) {
    Results results;
    results.recorder.busiest_share = 0.91;
    EXPECT_TRUE(results.generator_saturated(p2p_options()));
}

TEST(Report, PrintsTheSameNumbersAsTextAndAsJson) {
    Results results;
    results.measured_s = 2;
    results.recorder.add(Count::Connected, 9);
    results.recorder.add(Count::Failed, 1);
    results.recorder.add(Count::Sent, 4'321);
    results.recorder.add(Count::LostInFlight, 17);
    results.recorder.add(Count::LostOnLiveConnections, 5);
    results.recorder.setup_failed(Cause::NoAddress);
    results.recorder.connack_refused(0x87);
    const std::string text = text_report(p2p_options(), results);
    EXPECT_TRUE(holds(text, "10 requested, 9 connected, 1 failed")) << text;
    EXPECT_TRUE(holds(text, "4321 sent (2160.5/s)")) << text;
    EXPECT_TRUE(holds(text, "22 lost (17 in flight, 5 on live connections)")) << text;
    EXPECT_TRUE(holds(text, "no_address: 1 attempts failed")) << text;
    EXPECT_TRUE(holds(text, "--ifaddr")) << text;
    EXPECT_TRUE(holds(text, "connack 0x87 (Not authorized): 1")) << text;
    const std::string json = json_report(p2p_options(), results);
    EXPECT_TRUE(holds(json, R"("clients":{"requested":10,"connected":9,"failed":1,)")) << json;
    EXPECT_TRUE(holds(json, R"("sent":4321,)")) << json;
    EXPECT_TRUE(holds(json, R"("lost":22,"lost_in_flight":17,"lost_on_live_connections":5)"));
    EXPECT_TRUE(holds(json, R"("setup_failures":{"no_address":1})")) << json;
    EXPECT_TRUE(holds(json, R"("generator_saturated":false)")) << json;
}

TEST(Report, SaysThatItIsPartial) {
    Results results;
    results.interrupted = true;
    EXPECT_TRUE(holds(text_report(p2p_options(), results), "partial"));
    EXPECT_TRUE(holds(json_report(p2p_options(), results), R"("interrupted":true)"));
}

TEST(Report, ASecondIsOneLine) {
    Second second;
    second.sent = 12;
    const std::string line = live_line(p2p_options(), second);
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    EXPECT_TRUE(holds(line, "sent 12/s"));
    EXPECT_TRUE(holds(live_json(second), R"("sent":12)"));
}

}  // namespace
}  // namespace jumpgate::load
