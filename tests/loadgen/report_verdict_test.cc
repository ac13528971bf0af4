#include "loadgen/report_verdict.h"

#include <gtest/gtest.h>

#include "tests/loadgen/report_samples.h"

namespace jumpgate::load {
namespace {

// The sentence before which `mark` stands; empty: there is none.
Sentence sentence(const ReportVerdict& verdict, std::string_view mark) {
    for (const Sentence& sentence : verdict.sentences) {
        if (sentence.mark == mark) return sentence;
    }
    return {Grade::Told, "", ""};
}

TEST(Judge, SaysWhatWasAskedAndThatItWasReached) {
    const ReportVerdict verdict = judge(run_of(kGoodRun));
    EXPECT_EQ(verdict.grade, Grade::Good);
    EXPECT_EQ(verdict.headline, "Everything asked for was reached");
    EXPECT_EQ(sentence(verdict, "asked").text,
              "p2p with 20 clients, 100 connecting per second; 100 messages per second (10 "
              "publishers, one every 100 ms) of 16 bytes at QoS 0; MQTT 3.1.1; measured for 10.0 "
              "s.");
    EXPECT_EQ(sentence(verdict, "reached").text,
              "All 20 clients connected within 0.50 s, 40 per second.");
    EXPECT_EQ(sentence(verdict, "complete").text, "No message was lost.");
    EXPECT_EQ(sentence(verdict, "kept up").text,
              "The generator kept up: its busiest thread was 25 % busy, 99 % of sends were at most "
              "40 \u00b5s late.");
}

TEST(Judge, SaysWhereTheGeneratorsLatenessIsMostOfTheLatency) {
    const std::string late =
        with(kGoodRun, "\"p50\":4,\"p90\":9,\"p99\":40", "\"p50\":4,\"p90\":9,\"p99\":11810");
    const std::string slow = with(late, "\"p90\":300,\"p99\":900", "\"p90\":300,\"p99\":11900");
    const ReportVerdict verdict = judge(run_of(slow));
    EXPECT_EQ(verdict.grade, Grade::Doubtful);
    EXPECT_EQ(verdict.headline, "Read with care: the generator was late");
    EXPECT_TRUE(holds(sentence(verdict, "late").text, "11.8 ms late"));
    // Twice as much as its own part: the broker's.
    const std::string broker = with(late, "\"p90\":300,\"p99\":900", "\"p90\":300,\"p99\":23700");
    EXPECT_EQ(judge(run_of(broker)).grade, Grade::Good);
}

TEST(Judge, CallsAClosedLoopByItsName) {
    std::string text(kGoodRun);
    const std::string plan = "\"interval_ns\":100000000";
    text.replace(text.find(plan), plan.size(),
                 R"("interval_ns":0,"closed_loop":true,"think_time_ns":250000000)");
    EXPECT_NE(sentence(judge(run_of(text)), "asked")
                  .text.find("; 10 publishers in a closed loop, each sends 250 ms after its last "
                             "answer: messages of 16 bytes at QoS 0;"),
              std::string::npos)
        << sentence(judge(run_of(text)), "asked").text;
}

struct Fault {
    std::string_view from;
    std::string_view to;
    Grade grade;
    std::string_view mark;
    std::string_view text;
    std::string_view reason;
};

TEST(Judge, NamesEachFaultAndGradesIt) {
    const std::vector<Fault> faults = {
        {"\"connected\":20", "\"connected\":18", Grade::Bad, "missed", "18 of 20 clients connected",
         "clients are missing"},
        {"\"sent\":1000", "\"sent\":900", Grade::Bad, "missed",
         "900 of 1,000 messages of the plan were sent (90 %)", "less was sent than planned"},
        {"\"lost\":0,\"lost_in_flight\":0,\n\"lost_on_live_connections\":0",
         "\"lost\":3,\"lost_in_flight\":1,\"lost_on_live_connections\":2", Grade::Bad, "lost",
         "3 messages were lost (0.3 %): 1 under way on connections that broke, 2 on live ones.",
         "messages were lost"},
        {"\"duplicated\":0", "\"duplicated\":1", Grade::Doubtful, "twice",
         "1 message came more than once.", "messages came twice"},
        {"\"reordered\":0", "\"reordered\":5", Grade::Doubtful, "disorder",
         "5 messages came out of order.", "messages came out of order"},
        {"\"unexpected\":0", "\"unexpected\":2", Grade::Doubtful, "strange", "2 messages came",
         "strangers' messages came"},
        {"\"failed\":0,\"connections_lost\":0,\"reconnects\":0",
         "\"failed\":0,\"connections_lost\":2,\"reconnects\":1", Grade::Doubtful, "broken",
         "2 connections broke, and clients connected 1 time again.", "connections broke"},
        {"\"generator_saturated\":false", "\"generator_saturated\":true", Grade::Doubtful,
         "saturated", "these figures are its own, not the broker's", "the generator was saturated"},
        {"\"interrupted\":false", "\"interrupted\":true", Grade::Doubtful, "partial",
         "these results are partial", "it was interrupted"},
    };
    for (const Fault& fault : faults) {
        const ReportVerdict verdict = judge(run_of(with(kGoodRun, fault.from, fault.to)));
        EXPECT_EQ(verdict.grade, fault.grade) << fault.mark;
        EXPECT_EQ(sentence(verdict, fault.mark).grade, fault.grade) << fault.mark;
        EXPECT_TRUE(holds(sentence(verdict, fault.mark).text, fault.text))
            << sentence(verdict, fault.mark).text;
        EXPECT_TRUE(holds(verdict.headline, fault.reason)) << verdict.headline;
    }
}

TEST(Judge, ALateMessageOfManyIsNoMissedPlan) {
    const ReportVerdict verdict = judge(
        run_of(with(with(kGoodRun, "\"sent\":1000", "\"sent\":996"), "\"late\":0", "\"late\":4")));
    EXPECT_EQ(verdict.grade, Grade::Good);
    EXPECT_TRUE(holds(verdict.sentences[2].text, "4 of them late")) << verdict.sentences[2].text;
}

TEST(Judge, WhatBreakingConnectionsCostIsExcusedWhereThePlanBreaksThem) {
    const std::string lossy =
        with(kGoodRun, "\"lost\":0,\"lost_in_flight\":0", "\"lost\":4,\"lost_in_flight\":4");
    EXPECT_EQ(judge(run_of(lossy)).grade, Grade::Bad);
    const std::string planned = with(lossy, "\"reconnect\":false", "\"reconnect\":true");
    EXPECT_EQ(judge(run_of(planned)).grade, Grade::Doubtful);
    const std::string live =
        with(planned, "\"lost_on_live_connections\":0", "\"lost_on_live_connections\":1");
    EXPECT_EQ(judge(run_of(live)).grade, Grade::Bad);
}

TEST(Judge, QosOneMayBringAMessageTwice) {
    const std::string twice = with(kGoodRun, "\"duplicated\":0", "\"duplicated\":7");
    EXPECT_EQ(judge(run_of(twice)).grade, Grade::Doubtful);
    const ReportVerdict verdict = judge(run_of(with(twice, "\"qos\":0", "\"qos\":1")));
    EXPECT_EQ(verdict.grade, Grade::Good);
    EXPECT_EQ(sentence(verdict, "twice").text,
              "7 messages came more than once, which QoS 1 allows.");
}

TEST(Judge, IsSilentAboutMessagesOfRunsThatOnlyConnect) {
    const std::string conn = with(with(with(with(kGoodRun, "\"mode\":\"p2p\"", "\"mode\":\"conn\""),
                                            "\"planned\":1000", "\"planned\":0"),
                                       "\"received\":1000", "\"received\":0"),
                                  "\"publishers\":10", "\"publishers\":0");
    const ReportVerdict verdict = judge(run_of(conn));
    EXPECT_EQ(verdict.sentences.size(), 3u);  // asked, reached, kept up
    EXPECT_FALSE(holds(verdict.sentences[0].text, "message"));
}

TEST(Judge, DoesNotClaimThatNothingWasLostWhereItCannotKnow) {
    const std::string sub = with(kGoodRun, "\"mode\":\"p2p\"", "\"mode\":\"sub\"");
    const ReportVerdict verdict = judge(run_of(sub));
    EXPECT_EQ(sentence(verdict, "complete").text, "");
    EXPECT_EQ(sentence(verdict, "received").text,
              "1,000 messages came; whether some were lost only their publishers know.");
    const std::string fanout = with(with(kGoodRun, "\"mode\":\"p2p\"", "\"mode\":\"fanout\""),
                                    "\"reconnect\":false", "\"streams\":50,\"subscribers\":5");
    EXPECT_EQ(sentence(judge(run_of(fanout)), "complete").text, "No message was lost.");
    EXPECT_TRUE(holds(judge(run_of(fanout)).sentences[0].text, "; 5 subscribers;"));
}

TEST(Judge, WhatIsAgainstItsQosIsBad) {
    const std::string twice =
        with(kGoodRun, "\"duplicated\":0", "\"duplicated\":7,\"duplicated_against_qos\":2");
    EXPECT_EQ(judge(run_of(twice)).grade, Grade::Bad);
    const std::string allowed = with(twice, "against_qos\":2", "against_qos\":0");
    EXPECT_EQ(judge(run_of(allowed)).grade, Grade::Good);
}

TEST(Judge, BrokenConnectionsAreAFactWhereThePlanMakesThemAgain) {
    const std::string broken = with(kGoodRun, "\"connections_lost\":0,\"reconnects\":0",
                                    "\"connections_lost\":2,\"reconnects\":2");
    const std::string planned = with(broken, "\"reconnect\":false", "\"reconnect\":true");
    EXPECT_EQ(judge(run_of(broken)).grade, Grade::Doubtful);
    EXPECT_EQ(judge(run_of(planned)).grade, Grade::Good);
    EXPECT_EQ(judge(run_of(with(planned, "\"reconnects\":2", "\"reconnects\":1"))).grade,
              Grade::Doubtful);
}

TEST(Judge, SaysHowLongClientsWereAway) {
    const std::string away = with(
        kGoodRun, "\"seconds\":10.0",
        R"("outages":{"count":1,"longest_ms":1230,"most_away":7,"ended":true},"seconds":10.0)");
    const Sentence unplanned = sentence(judge(run_of(away)), "outage");
    EXPECT_EQ(unplanned.text,
              "1 outage, 7 clients away at most: it took 1.23 s until 99 % were back.");
    EXPECT_EQ(unplanned.grade, Grade::Doubtful);
    const std::string planned = with(away, "\"reconnect\":false", "\"reconnect\":true");
    EXPECT_EQ(judge(run_of(planned)).grade, Grade::Good);
    const std::string lasting =
        with(with(planned, "\"ended\":true", "\"ended\":false"), "{\"count\":1,", "{\"count\":2,");
    const ReportVerdict verdict = judge(run_of(lasting));
    EXPECT_EQ(sentence(verdict, "outage").text,
              "2 outages, 7 clients away at most: the longest had not ended after 1.23 s when the "
              "run did.");
    EXPECT_EQ(verdict.headline, "Read with care: clients were still away at the end");
    EXPECT_EQ(sentence(judge(run_of(kGoodRun)), "outage").text, "");
}

TEST(Judge, SaysWhichLimitTheGeneratorPassed) {
    const std::string late =
        with(with(with(kGoodRun, "\"generator_saturated\":false", "\"generator_saturated\":true"),
                  "\"p99\":40", "\"p99\":73000"),
             "\"interval_ns\"", "\"lateness_limit_ms\":50,\"interval_ns\"");
    EXPECT_EQ(sentence(judge(run_of(late)), "saturated").text,
              "The generator was at its limit (99 % of sends were up to 73 ms late, over the limit "
              "of 50 ms): these figures are its own, not the broker's. Give it more processors, or "
              "ask for less.");
    const std::string both =
        with(late, "\"busiest_thread_share\":0.25", "\"busiest_thread_share\":0.95");
    EXPECT_TRUE(holds(sentence(judge(run_of(both)), "saturated").text,
                      "of 50 ms; its busiest thread was 95 % busy, over the limit of 90 %): these"))
        << sentence(judge(run_of(both)), "saturated").text;
}

TEST(Judge, IsNeverBetterThanTheExitCode) {
    const ReportVerdict verdict =
        judge(run_of(with(kGoodRun, "\"exit_code\":0", "\"exit_code\":3")));
    EXPECT_EQ(verdict.grade, Grade::Bad);
    EXPECT_EQ(sentence(verdict, "failed").text, "jumpload itself ended with exit code 3.");
    const std::string saturated =
        with(with(kGoodRun, "\"exit_code\":0", "\"exit_code\":3"), "\"generator_saturated\":false",
             "\"generator_saturated\":true");
    EXPECT_EQ(sentence(judge(run_of(saturated)), "failed").text, "");  // that was why
}

TEST(Judge, NamesEachLimitThatWasBrokenAndEachThatHeld) {
    const std::string json = with(kGoodRun, "\"latency_from\"",
                                  R"("thresholds":[
            {"expression":"p99>20ms","value":900,"limit":20000,"measured":true,"failed":false},
            {"expression":"p50>=100us","value":200,"limit":100,"measured":true,"failed":true},
            {"expression":"late>1%","value":2.5,"limit":1,"measured":true,"failed":true},
            {"expression":"lost>0","value":1234,"limit":0,"measured":true,"failed":true},
            {"expression":"ack.p50>1s","value":0,"limit":1,"measured":false,"failed":true}],
            "latency_from")");
    const ReportVerdict verdict = judge(run_of(json));
    EXPECT_EQ(verdict.headline, "Not what was asked for: a limit was broken");
    EXPECT_EQ(sentence(verdict, "held").text,
              "The run was to fail at p99>20ms; it was 900 \u00b5s.");
    std::vector<std::string> broken;
    for (const Sentence& each : verdict.sentences) {
        if (each.mark == "broken") broken.push_back(each.text);
    }
    EXPECT_EQ(broken, (std::vector<std::string>{
                          "The run was to fail at p50>=100us; it was 200 \u00b5s.",
                          "The run was to fail at late>1%; it was 2.5 %.",
                          "The run was to fail at lost>0; it was 1,234.",
                          "The run was to fail at ack.p50>1s; nothing of the kind was measured."}));
}

TEST(Judge, TellsWhatWasDropped) {
    const ReportVerdict verdict =
        judge(run_of(with(kGoodRun, "\"sent\":1000", "\"sent\":900,\"dropped\":100")));
    EXPECT_TRUE(holds(sentence(verdict, "missed").text, "; 100 dropped as too late"));
}

TEST(Judge, SaysLittleOfAFileThatHoldsLittle) {
    const ReportVerdict verdict = judge(run_of(R"({"tool":"jumpload 0.0.1","mode":"p2p"})"));
    EXPECT_TRUE(verdict.sentences.empty());
    EXPECT_EQ(verdict.grade, Grade::Told);
    EXPECT_EQ(verdict.headline, "Nothing to judge by");
}

TEST(Word, IsTheStyleSheetsClass) {
    EXPECT_EQ(word(Grade::Told), "told");
    EXPECT_EQ(word(Grade::Good), "good");
    EXPECT_EQ(word(Grade::Doubtful), "doubtful");
    EXPECT_EQ(word(Grade::Bad), "bad");
}

}  // namespace
}  // namespace jumpgate::load
