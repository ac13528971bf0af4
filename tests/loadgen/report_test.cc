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

TEST(Report, TellsHandshakesAndWhereTheTimeWent) {
    Options options = p2p_options();
    Results results;
    EXPECT_FALSE(holds(text_report(options, results), "TLS"));
    options.tls.on = true;
    Recorder& recorder = results.recorder;
    recorder.add(Count::TlsFull, 7);
    recorder.add(Count::TlsResumed, 3);
    recorder.add(Count::TlsOffered, 4);
    recorder.add(Count::Tls13, 10);
    recorder.setup_failed(Cause::WrongName);
    recorder.setup_failed(Cause::TlsAlert);
    recorder.alerted(116);
    recorder.tcp.record(10);
    recorder.tls_full.record(900);
    recorder.tls_resumed.record(300);
    recorder.connack.record(50);
    const std::string text = text_report(options, results);
    EXPECT_TRUE(holds(text, "TLS: 7 full handshakes, 3 resumed of 4 that offered")) << text;
    EXPECT_TRUE(holds(text, "wrong_name: 1 attempts failed")) << text;
    EXPECT_TRUE(holds(text, "--sni")) << text;
    EXPECT_TRUE(holds(text, "alert certificate_required (116): 1")) << text;
    for (const char* row : {"TCP", "TLS, full", "TLS, resumed", "CONNACK"}) {
        EXPECT_TRUE(holds(text, row)) << text;
    }
    const std::string json = json_report(options, results);
    EXPECT_TRUE(holds(json, R"("tls":{"handshakes_full":7,"handshakes_resumed":3,)")) << json;
    EXPECT_TRUE(holds(json, R"("setup_failures":{"wrong_name":1,"tls_alert":1})")) << json;
    EXPECT_TRUE(holds(json, R"("tls_alerts":{"certificate_required":1})")) << json;
    EXPECT_TRUE(holds(json, R"("tls_us":{"count":2,"min":300,)")) << json;
    EXPECT_TRUE(holds(json, R"("connack_us":{"count":1,)")) << json;
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
