#include "core/admin/metrics.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "tests/admin/scratch.h"

namespace jumpgate {
namespace {

// A reading with something of everything.
Watch rich_watch() {
    Watch watch;
    watch.stats.listener(0).accepted = 12;
    watch.stats.listener(0).connections = 3;
    watch.stats.listener(0).closed[static_cast<size_t>(RelayEnd::Evicted)] = 2;
    watch.stats.client_handshakes.done("TLSv1.3", true, 900);
    watch.stats.broker_handshakes.failed[static_cast<size_t>(tls::Failure::Expired)] = 6;
    watch.stats.connect_accepted(3);
    watch.stats.connect_accepted(4);
    watch.stats.http_requests = 8;
    watch.tls_version = "5.7.2";
    watch.tls_assembly = true;
    watch.stats.relays = 3;
    watch.stats.refused[static_cast<size_t>(Refusal::NoBroker)] = 4;
    watch.stats.up.bytes = 1'234'567'890'123;
    watch.stats.dial_times.record(700);
    watch.stats.dial_times.record(30'000'000);
    watch.stats.connack_times.record(100);
    watch.workers = {{1'000'000'000, 0.25, 0}, {0, 0, 7}};
    watch.listeners = {"127.0.0.1:1883", "127.0.0.1:8883"};
    watch.routes = {{"1", 2, 5}};
    watch.route_fingerprint = 0xabc;
    BrokerState broker;
    broker.upstream = "stream_route/1";
    broker.name = "[::1]:1883";
    broker.weight = 2;
    broker.effective_weight = 0.5;
    broker.condition = BrokerCondition::Starting;
    broker.stats.connacks[static_cast<size_t>(Connack::Success)] = 9;
    broker.stats.connacks[5] = 1;
    watch.brokers.push_back(broker);
    broker.name = "quote\" slash\\ line\n";
    broker.condition = BrokerCondition::Down;
    watch.brokers.push_back(broker);
    return watch;
}

bool has_line(const std::string& text, const std::string& line) {
    return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST(Metrics, SaysWhatIs) {
    const std::string text = metrics_text(rich_watch());
    for (
        const char* line : {
            "jumpgate_build_info{version=\"" JUMPGATE_VERSION "\",wolfssl=\"5.7.2\",asm=\"yes\"} 1",
            "jumpgate_connections_total{listener=\"127.0.0.1:1883\"} 12",
            "jumpgate_connections_total{listener=\"127.0.0.1:8883\"} 0",
            "jumpgate_connections_active{listener=\"127.0.0.1:1883\"} 3",
            "jumpgate_sessions_closed_total{listener=\"127.0.0.1:1883\",reason=\"evicted\"} 2",
            "jumpgate_protocol_total{protocol=\"mqtt3\"} 2",
            "jumpgate_protocol_total{protocol=\"http\"} 8",
            "jumpgate_tls_handshakes_total{side=\"downstream\",result=\"resumed\",version=\"TLSv1."
            "3\"} 1",
            "jumpgate_tls_handshakes_total{side=\"upstream\",result=\"failed\",version=\"none\"} 6",
            "jumpgate_tls_handshake_duration_seconds_bucket{side=\"downstream\",le=\"0.001\"} 1",
            "jumpgate_connect_rejected_total{reason=\"no_broker\"} 4",
            "jumpgate_connect_rejected_total{reason=\"shutting_down\"} 0",
            "jumpgate_bytes_total{direction=\"up\"} 1234567890123",
            "jumpgate_route_connections_total{route=\"1\"} 5",
            "jumpgate_config_route_fingerprint{hash=\"0000000000000abc\"} 1",
            "jumpgate_core_busy_ratio{core=\"0\"} 0.25",
            "jumpgate_core_busy_ratio{core=\"1\"} 0",
            "jumpgate_ring_cq_overflow_total{core=\"1\"} 7",
            "jumpgate_upstream_up{upstream=\"stream_route/1\",node=\"[::1]:1883\"} 1",
            "jumpgate_upstream_effective_weight{upstream=\"stream_route/1\",node=\"[::1]:1883\"} "
            "0.5",
            "jumpgate_upstream_connacks_total{upstream=\"stream_route/1\",node=\"[::1]:1883\",code="
            "\"success\"} 9",
            "jumpgate_upstream_connacks_total{upstream=\"stream_route/1\",node=\"[::1]:1883\",code="
            "\"0x05\"} 1",
        })
        EXPECT_TRUE(has_line(text, line)) << line << "\n" << text;
}

// The rules of the format, where the real checker is not installed.
TEST(Metrics, EveryNameIsDeclaredOnceAndCountersEndInTotal) {
    std::istringstream lines(metrics_text(rich_watch()));
    const std::regex type("# TYPE (\\w+) (counter|gauge|histogram)");
    const std::regex sample(R"re((\w+)(\{(\w+="([^"\\]|\\.)*",?)+\})? [-+.\deE]+)re");
    std::map<std::string, std::string> types;
    std::set<std::string> samples;
    std::string current;
    for (std::string line; std::getline(lines, line);) {
        std::smatch parts;
        if (std::regex_match(line, parts, type)) {
            current = parts[1];
            EXPECT_TRUE(types.emplace(current, parts[2]).second) << line;
            EXPECT_EQ(parts[2] == "counter", current.ends_with("_total")) << line;
        } else if (!line.starts_with("# HELP ")) {
            ASSERT_TRUE(std::regex_match(line, parts, sample)) << line;
            EXPECT_TRUE(parts[1].str().starts_with(current)) << line;
            EXPECT_TRUE(samples.insert(line.substr(0, line.rfind(' '))).second) << line;
        }
    }
    EXPECT_GT(types.size(), 40U);
}

TEST(Metrics, PromtoolFindsNothingToSay) {
    if (std::system("command -v promtool > /dev/null") != 0) GTEST_SKIP() << "no promtool";
    const Scratch scratch;
    for (const Watch& watch : {Watch{}, rich_watch()}) {
        scratch.write("metrics", metrics_text(watch));
        const std::string command = "promtool check metrics < " + scratch.path("metrics") + " > " +
                                    scratch.path("said") + " 2>&1";
        EXPECT_EQ(std::system(command.c_str()), 0) << scratch.read("said");
        EXPECT_EQ(scratch.read("said"), "");
    }
}

}  // namespace
}  // namespace jumpgate
