#include "loadgen/result_text.h"

#include <gtest/gtest.h>

#include "tests/loadgen/example_results.h"

namespace jumpgate::load {
namespace {

TEST(ResultText, AccountsForClientsAndMessages) {
    Results results = p2p_results();
    results.measured_s = 2;
    results.recorder.add(Count::Connected, 9);
    results.recorder.add(Count::Failed, 1);
    results.recorder.add(Count::Sent, 4'321);
    results.recorder.add(Count::LostInFlight, 17);
    results.recorder.add(Count::LostOnLiveConnections, 5);
    results.recorder.setup_failed(Cause::NoAddress);
    results.recorder.connack_refused(0x87);
    const std::string text = result_text(results);
    EXPECT_TRUE(holds(text, "10 requested, 9 connected, 1 failed")) << text;
    EXPECT_TRUE(holds(text, "4321 sent (2160.5/s)")) << text;
    EXPECT_TRUE(holds(text, "22 lost (17 in flight, 5 on live connections)")) << text;
    EXPECT_TRUE(holds(text, "no_address: 1 attempts failed")) << text;
    EXPECT_TRUE(holds(text, "--ifaddr")) << text;
    EXPECT_TRUE(holds(text, "connack 0x87 (Not authorized): 1")) << text;
}

TEST(ResultText, TellsHandshakesAndWhereTheTimeWent) {
    Results results = p2p_results();
    EXPECT_FALSE(holds(result_text(results), "TLS"));
    EXPECT_FALSE(holds(result_text(results), "p99.9")) << "a head without a row";
    results.plan.tls = true;
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
    const std::string text = result_text(results);
    EXPECT_TRUE(holds(text, "TLS: 7 full handshakes, 3 resumed of 4 that offered")) << text;
    EXPECT_TRUE(holds(text, "wrong_name: 1 attempts failed")) << text;
    EXPECT_TRUE(holds(text, "--sni")) << text;
    EXPECT_TRUE(holds(text, "alert certificate_required (116): 1")) << text;
    for (const char* row : {"p99.9", "TCP", "TLS, full", "TLS, resumed", "CONNACK"}) {
        EXPECT_TRUE(holds(text, row)) << text;
    }
}

TEST(ResultText, CallsAClosedLoopByItsName) {
    Results results = p2p_results();
    EXPECT_EQ(results.latency_from(), "planned send");
    EXPECT_FALSE(holds(result_text(results), "closed loop"));
    results.plan.closed_loop = true;
    results.plan.think_time_ns = 250'000'000;
    EXPECT_EQ(results.latency_from(), "actual send");
    const std::string text = result_text(results);
    EXPECT_TRUE(holds(text, "closed loop: each client sends 250.00 ms after its last answer"));
    EXPECT_TRUE(holds(text, "coordinated omission")) << text;
}

TEST(ResultText, SaysThatItIsPartial) {
    Results results = p2p_results();
    results.interrupted = true;
    EXPECT_TRUE(holds(result_text(results), "partial"));
}

TEST(ResultText, SaysThatTheGeneratorIsSaturated) {
    Results results = p2p_results();
    EXPECT_FALSE(holds(result_text(results), "SATURATED"));
    results.recorder.busiest_share = 0.95;
    EXPECT_TRUE(holds(result_text(results),
                      "busiest thread 95 % busy; SATURATED: a thread busy for over 90 % of the "
                      "time; these figures are the generator's limits, not the broker's\n"))
        << result_text(results);
    results.recorder.busiest_share = 0.2;
    results.plan.lateness_limit_ms = 50;
    results.recorder.send_lateness.record(73'000);
    EXPECT_TRUE(holds(result_text(results),
                      "busiest thread 20 % busy; SATURATED: 99 % of sends up to 73.00 ms late, "
                      "over --lateness-limit-ms 50; these figures"))
        << result_text(results);
}

TEST(ResultText, SaysHowLongClientsWereAway) {
    Results results = p2p_results();
    EXPECT_FALSE(holds(result_text(results), "outages"));
    results.outages = {2, 1'230, 334, true};
    EXPECT_TRUE(holds(result_text(results),
                      "outages: 2, 334 clients away at most; the longest took 1.23 s until 99 % "
                      "were back\n"))
        << result_text(results);
    results.outages.ended = false;
    EXPECT_TRUE(holds(result_text(results), "the longest took 1.23 s and has not ended\n"));
}

TEST(ResultText, SaysWhoseLatencyMostOfItIs) {
    constexpr std::string_view kSaid = "most of the p99 is the generator's own lateness: ";
    struct Case {
        uint64_t latency_us, late_us;
        bool said;
    };
    for (const Case& each :
         {Case{11'900, 11'800, true}, Case{11'900, 6'000, true}, Case{11'900, 5'900, false},
          Case{900, 900, false}, Case{60'000'000, 29'000'000, false}}) {
        Results results = p2p_results();
        results.recorder.latency.record(each.latency_us);
        results.recorder.send_lateness.record(each.late_us);
        results.recorder.service.record(167);
        results.plan.lateness_limit_ms = 60'000;
        EXPECT_EQ(holds(result_text(results), kSaid), each.said) << result_text(results);
        EXPECT_EQ(results.exit_code(), 0);
    }
    Results pub = p2p_results();
    pub.recorder.acknowledgement.record(11'900);
    pub.recorder.send_lateness.record(11'800);
    EXPECT_TRUE(holds(result_text(pub),
                      std::string(kSaid) + "11.80 ms late of 11.90 ms to the acknowledgement\n"))
        << result_text(pub);
    pub.recorder.latency.record(11'900);
    pub.recorder.service.record(167);
    EXPECT_TRUE(holds(result_text(pub), std::string(kSaid) +
                                            "11.80 ms late of 11.90 ms latency; p99 of service "
                                            "time, from the actual send, is 167 us\n"))
        << result_text(pub);
}

TEST(ResultText, SaysWhereNoBrokerGaveItsName) {
    Results results = p2p_results();
    results.recorder.add(Count::Connected, 10);
    EXPECT_FALSE(holds(result_text(results), "--broker-from"));
    results.plan.mode = "conn";
    EXPECT_TRUE(result_text(results).ends_with(
        "brokers: none gave its name, so who served whom is not known; --broker-from says where "
        "to learn it\n"))
        << result_text(results);
    results.recorder.brokers["a"] = 10;
    EXPECT_FALSE(holds(result_text(results), "--broker-from"));
}

TEST(ResultText, NamesEachBrokenLimit) {
    Results results = p2p_results();
    results.recorder.service.record(30'000);
    for (const char* text : {"p99>20ms", "lost>0"}) {
        results.fail_if.push_back(std::get<FailIf>(parse_fail_if(text)));
    }
    results.recorder.latency.record(30'000);
    EXPECT_TRUE(holds(result_text(results), "FAILED: p99>20ms: p99 of latency is 30.00 ms\n"));
    EXPECT_FALSE(holds(result_text(results), "FAILED: lost"));
    EXPECT_EQ(results.exit_code(), 3);
}

TEST(ResultText, PrintsTimesWithTheirUnit) {
    EXPECT_EQ(time_text(0), "0 us");
    EXPECT_EQ(time_text(999), "999 us");
    EXPECT_EQ(time_text(1'234), "1.23 ms");
    EXPECT_EQ(time_text(7'890'000), "7.89 s");
}

}  // namespace
}  // namespace jumpgate::load
