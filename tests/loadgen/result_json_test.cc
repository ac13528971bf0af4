#include "loadgen/result_json.h"

#include <gtest/gtest.h>

#include "loadgen/hdr_codec.h"
#include "tests/loadgen/example_results.h"

namespace jumpgate::load {
namespace {

TEST(ResultJson, AccountsForClientsAndMessages) {
    Results results = p2p_results();
    results.recorder.add(Count::Connected, 9);
    results.recorder.add(Count::Failed, 1);
    results.recorder.add(Count::Sent, 4'321);
    results.recorder.add(Count::LostInFlight, 17);
    results.recorder.add(Count::LostOnLiveConnections, 5);
    results.recorder.setup_failed(Cause::NoAddress);
    results.recorder.connack_refused(0x87);
    results.interrupted = true;
    const std::string json = result_json(results);
    EXPECT_TRUE(holds(json, R"("clients":{"requested":10,"connected":9,"failed":1,)")) << json;
    EXPECT_TRUE(holds(json, R"("sent":4321,)")) << json;
    EXPECT_TRUE(holds(json, R"("lost":22,)")) << json;
    EXPECT_TRUE(holds(json, R"("lost_in_flight":17,"lost_on_live_connections":5)")) << json;
    EXPECT_TRUE(holds(json, R"("setup_failures":{"no_address":1})")) << json;
    EXPECT_TRUE(holds(json, R"("connack_codes":{"0x87":1})")) << json;
    EXPECT_TRUE(holds(json, R"("generator_saturated":false)")) << json;
    EXPECT_TRUE(holds(json, R"("interrupted":true)")) << json;
    EXPECT_TRUE(holds(json, R"("exit_code":3)")) << json;
}

TEST(ResultJson, TellsHandshakesAndWhereTheTimeWent) {
    Results results = p2p_results();
    Recorder& recorder = results.recorder;
    recorder.add(Count::TlsFull, 7);
    recorder.add(Count::TlsResumed, 3);
    recorder.setup_failed(Cause::WrongName);
    recorder.setup_failed(Cause::TlsAlert);
    recorder.alerted(116);
    recorder.alerted(201);
    recorder.tls_full.record(900);
    recorder.tls_resumed.record(300);
    recorder.connack.record(50);
    const std::string json = result_json(results);
    EXPECT_TRUE(holds(json, R"("tls":{"handshakes_full":7,"handshakes_resumed":3,)")) << json;
    EXPECT_TRUE(holds(json, R"("setup_failures":{"wrong_name":1,"tls_alert":1})")) << json;
    EXPECT_TRUE(holds(json, R"("tls_alerts":{"certificate_required":1,"201":1})")) << json;
    EXPECT_TRUE(holds(json, R"("tls_us":{"count":2,"min":300,)")) << json;
    EXPECT_TRUE(holds(json, R"("connack_us":{"count":1,)")) << json;
}

TEST(ResultJson, HoldsEveryHistogramWhole) {
    Results results = p2p_results();
    results.recorder.latency.record_n(1'234, 5);
    const std::string json = result_json(results);
    EXPECT_TRUE(
        holds(json, R"("histograms":{"latency":")" + encode_hdr(results.recorder.latency) + "\""))
        << json;
    EXPECT_TRUE(holds(json, R"("latency_us":{"count":5,"min":1234,)")) << json;
    EXPECT_TRUE(holds(json, R"("max":1234,"sum":6170,"above_range":0})")) << json;
}

TEST(ResultJson, SaysWhatWasPlayedWhereAndWhen) {
    Results results = p2p_results();
    results.command = R"(jumpload p2p -t 'a"b\c')";
    results.environment.host = "rig-7";
    results.environment.start_unix_ns = 1'700'000'000'123'456'789;
    const std::string json = result_json(results);
    EXPECT_TRUE(json.starts_with(R"({"schema_version":1,"tool":"jumpload )")) << json;
    EXPECT_TRUE(holds(json, R"("command":"jumpload p2p -t 'a\"b\\c'")")) << json;
    EXPECT_TRUE(holds(json, R"("host":"rig-7")")) << json;
    EXPECT_TRUE(holds(json, R"("start_utc":"2023-11-14T22:13:20.123Z")")) << json;
    EXPECT_TRUE(holds(json, R"("start_unix_ns":1700000000123456789)")) << json;
}

TEST(ResultJson, ListsTheLimits) {
    Results results = p2p_results();
    EXPECT_TRUE(holds(result_json(results), R"("thresholds":[])"));
    results.fail_if.push_back(std::get<FailIf>(parse_fail_if("p99 > 20ms")));
    results.recorder.latency.record(30'000);
    const std::string json = result_json(results);
    EXPECT_TRUE(holds(json, R"("thresholds":[{"expression":"p99>20ms","value":30000.000000,)"))
        << json;
    EXPECT_TRUE(holds(json, R"("measured":true,"failed":true})")) << json;
}

TEST(ResultJson, ListsTheSeconds) {
    Results results = p2p_results();
    EXPECT_TRUE(holds(result_json(results), R"("seconds_series":[])"));
    results.seconds.resize(2);
    results.seconds[1].second = 1;
    results.seconds[1].sent = 77;
    const std::string json = result_json(results);
    EXPECT_TRUE(holds(json, R"("seconds_series":[{"second":0,)")) << json;
    EXPECT_TRUE(holds(json, R"(},{"second":1,)")) << json;
    EXPECT_TRUE(holds(json, R"("sent":77,)")) << json;
}

}  // namespace
}  // namespace jumpgate::load
