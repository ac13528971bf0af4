#include "loadgen/broker_source.h"

#include <gtest/gtest.h>

#include <vector>

namespace jumpgate::load {
namespace {

BrokerSource source_of(std::string_view text) {
    const Parsed<BrokerSource> parsed = parse_broker_source(text);
    EXPECT_TRUE(std::holds_alternative<BrokerSource>(parsed)) << text;
    return std::get<BrokerSource>(parsed);
}

std::string_view name_in(const BrokerSource& source, std::string_view topic,
                         std::string_view payload) {
    return source.name_in(topic, mqtt::bytes(payload));
}

TEST(ParseBrokerSource, TakesTheConnackOrATopic) {
    EXPECT_FALSE(source_of("connack").is_topic());
    EXPECT_EQ(source_of("topic:$SYS/broker/name").filter, "$SYS/broker/name");
}

TEST(ParseBrokerSource, RefusesWhatTellsNoName) {
    for (const char* text : {"", "topic", "topic:", "CONNACK", "$SYS/broker/name", "topic:a/#",
                             "topic:#", "topic:a+", "topic:$share/g/a", "topic:\xff"}) {
        EXPECT_TRUE(std::holds_alternative<Problem>(parse_broker_source(text))) << text;
    }
}

TEST(BrokerSource, ReadsThePayloadWithoutAPlus) {
    const BrokerSource source = source_of("topic:jumpload/broker");
    EXPECT_TRUE(source.covers("jumpload/broker"));
    EXPECT_FALSE(source.covers("jumpload/p2p/0"));
    EXPECT_EQ(name_in(source, "jumpload/broker", "one\n"), "one");
    EXPECT_EQ(name_in(source, "jumpload/broker", ""), "");
}

TEST(BrokerSource, ReadsTheLevelOfTheFirstPlus) {
    const BrokerSource source = source_of("topic:$SYS/brokers/+/version");
    EXPECT_TRUE(source.covers("$SYS/brokers/emqx@10.0.0.7/version"));
    EXPECT_EQ(name_in(source, "$SYS/brokers/emqx@10.0.0.7/version", "5.8"), "emqx@10.0.0.7");
    EXPECT_EQ(name_in(source_of("topic:+/up/+"), "one/up/2", ""), "one");
    EXPECT_EQ(name_in(source_of("topic:up/+"), "up/two", ""), "two");
    EXPECT_EQ(name_in(source_of("topic:up/+"), "up/", "x"), "");  // an empty level
}

TEST(BrokerName, IsShortAndPrintable) {
    EXPECT_EQ(broker_name(" \t broker 1\r\n"), "broker 1");
    EXPECT_EQ(broker_name("\xc3\xbc"), "\xc3\xbc");
    EXPECT_EQ(broker_name(std::string(500, 'x')).size(), 128U);
    EXPECT_EQ(broker_name(std::string(127, 'x') + "\xc3\xbc").size(), 127U);  // no half character
    for (const std::string_view text :
         {std::string_view(" \n"), std::string_view("a\x1b[2J"), std::string_view("a\x7f"),
          std::string_view("\xc2\x9b"), std::string_view("\xff"), std::string_view("a\0b", 3)}) {
        EXPECT_EQ(broker_name(text), "");
    }
}

}  // namespace
}  // namespace jumpgate::load
