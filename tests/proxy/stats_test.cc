// Stats: adding workers up, and the JSON of the statistics line.
#include "core/proxy/stats.h"

#include <gtest/gtest.h>

namespace jumpgate {
namespace {

Stats sample() {
    Stats stats;
    stats.listener(1).accepted = 3;
    stats.listener(1).connections = 2;
    stats.client_handshakes.done("TLSv1.2", false, 700);
    stats.client_handshakes.done("TLSv1.3", true, 800);
    stats.up.bytes = 100;
    stats.refused[static_cast<size_t>(Refusal::TooLarge)] = 2;
    stats.nodes.resize(2);
    stats.nodes[0].relays = 1;
    stats.nodes[1].relays = 2;
    stats.nodes[1].dials = 5;
    stats.nodes[1].dial_failures = 1;
    stats.nodes[1].down = true;
    stats.nodes[1].relays_total = 4;
    stats.nodes[1].bytes_up = 7;
    stats.nodes[1].bytes_down = 9;
    stats.nodes[1].connacks[static_cast<size_t>(Connack::Success)] = 3;
    stats.routes = {{3, 9}};
    stats.connect_accepted(5);
    stats.listener(0).closed[static_cast<size_t>(RelayEnd::Evicted)] = 1;
    stats.dial_times.record(700);
    stats.connack_times.record(20'000'000);
    return stats;
}

TEST(Stats, AddsEveryCounterAndEachBroker) {
    Stats sum;
    sum.add(sample());
    sum.add(sample());
    EXPECT_EQ(sum.accepted(), 6U);
    EXPECT_EQ(sum.listeners[1].connections, 4U);
    EXPECT_EQ(sum.client_handshakes.full[0], 2U);
    EXPECT_EQ(sum.client_handshakes.resumed[1], 2U);
    EXPECT_EQ(sum.client_handshakes.done_total(), 4U);
    EXPECT_EQ(sum.client_handshakes.times.count(), 4U);
    EXPECT_EQ(sum.up.bytes, 200U);
    EXPECT_EQ(sum.refused[static_cast<size_t>(Refusal::TooLarge)], 4U);
    ASSERT_EQ(sum.nodes.size(), 2U);
    EXPECT_EQ(sum.nodes[1].dials, 10U);
    EXPECT_TRUE(sum.nodes[1].down);
    EXPECT_FALSE(sum.nodes[0].down);
    EXPECT_EQ(sum.nodes[1].relays_total, 8U);
    EXPECT_EQ(sum.nodes[1].bytes_up, 14U);
    EXPECT_EQ(sum.nodes[1].bytes_down, 18U);
    EXPECT_EQ(sum.nodes[1].connacks[0], 6U);
    ASSERT_EQ(sum.routes.size(), 1U);
    EXPECT_EQ(sum.routes[0].connections, 6U);
    EXPECT_EQ(sum.routes[0].connections_total, 18U);
    EXPECT_EQ(sum.mqtt_versions[2], 2U);
    EXPECT_EQ(sum.closed()[static_cast<size_t>(RelayEnd::Evicted)], 2U);
    EXPECT_EQ(sum.dial_times.count(), 2U);
    EXPECT_EQ(sum.connack_times.sum_us, 40'000'000U);
}

TEST(Stats, MakesTheEntryOfASlotWhenItIsUsed) {
    Stats stats;
    stats.node(2).dials++;
    stats.route(1).connections++;
    EXPECT_EQ(stats.nodes.size(), 3U);
    EXPECT_EQ(stats.routes.size(), 2U);
    EXPECT_EQ(stats.node(2).dials, 1U);
}

TEST(Stats, KeepsTheCountersOfAWorkerThatHasEndedAndNoGauge) {
    Stats stats = sample();
    stats.setups = stats.relays = 5;
    stats.clear_gauges();
    EXPECT_EQ(stats.setups + stats.relays + stats.nodes[1].relays, 0U);
    EXPECT_EQ(stats.routes[0].connections, 0U);
    EXPECT_EQ(stats.routes[0].connections_total, 9U);
    EXPECT_EQ(stats.nodes[1].relays_total, 4U);
    EXPECT_EQ(stats.accepted(), 3U);
    EXPECT_EQ(stats.listeners[1].connections, 0U);
}

TEST(Stats, NamesTheVersionsOfMqtt) {
    EXPECT_EQ(mqtt_version(3), "3.1");
    EXPECT_EQ(mqtt_version(4), "3.1.1");
    EXPECT_EQ(mqtt_version(5), "5.0");
    for (const uint8_t level : std::initializer_list<uint8_t>{0, 2, 6, 255})
        EXPECT_EQ(mqtt_version(level), "");
}

TEST(Stats, PrintsCountersReasonsAndBrokersAsJson) {
    const std::string json = to_json(sample(), {"a:1", "b:2"}, {"all"});
    EXPECT_EQ(json.front(), '{');
    EXPECT_EQ(json.back(), '}');
    for (const char* part :
         {"\"accepted\":3,\"handshakes\":2,\"handshakes_resumed\":1,",
          R"("bytes_up":100,"bytes_down":0,)", "\"too_large\":2", "\"not_mqtt\":0,",
          R"({"name":"b:2","down":true,"relays":2,"dials":5,"dial_failures":1,)"
          R"("relays_total":4,"bytes_up":7,"bytes_down":9,"connacks":{"success":3}})",
          R"("connacks":{}},{"name":"b:2")", R"("mqtt_versions":{"3.1":0,"3.1.1":0,"5.0":1})",
          R"("evicted":1)", R"("above":1},"count":1,"sum_us":20000000},)", R"("500":0,"1000":1,)",
          R"("routes":[{"name":"all","connections":3,"connections_total":9}]})"}) {
        EXPECT_NE(json.find(part), std::string::npos) << part << " in " << json;
    }
}

}  // namespace
}  // namespace jumpgate
