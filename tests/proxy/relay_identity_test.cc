// RelayIdentity: what is kept of a client, and what the statistics get of a relay's life.
#include "core/proxy/relay_identity.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace jumpgate {
namespace {

constexpr size_t kKept = RelayIdentity::kClientIdBytesMax;
constexpr uint64_t kStartNs = 5'000'000;

RelayIdentity named(std::string_view id) {
    RelayIdentity identity;
    identity.set_client_id(id);
    return identity;
}

TEST(RelayIdentity, CutsTheClientIdToWhatALogLineNeeds) {
    EXPECT_EQ(named(std::string(100, 'i')).client_id(), std::string(kKept, 'i'));
    EXPECT_EQ(named("").client_id(), "");
    EXPECT_EQ(named({}).client_id(), "") << "a request of HTTP has no id, not even a place of one";
}

TEST(RelayIdentity, KeepsNoHalfCharacterAndIsFoundAllTheSame) {
    const std::string id = std::string(kKept - 1, 'i') + "\xc3\xa9-1";
    EXPECT_EQ(named(id).client_id(), std::string(kKept - 1, 'i'));
    EXPECT_TRUE(named(id).is_called(id));
    const std::string fits = std::string(kKept - 2, 'i') + "\xc3\xa9";
    EXPECT_EQ(named(fits + "-1").client_id(), fits);
    EXPECT_TRUE(named(fits + "-1").is_called(fits + "-2"));
}

TEST(RelayIdentity, IsFoundByTheBeginningOfItsId) {
    EXPECT_TRUE(named("meter-12").is_called("meter-12"));
    EXPECT_TRUE(named("meter-12").is_called("meter-"));
    EXPECT_TRUE(named("meter-12").is_called(""));
    EXPECT_FALSE(named("meter-12").is_called("meter-123"));
    EXPECT_FALSE(named("meter-12").is_called("Meter"));
}

TEST(RelayIdentity, IsFoundByALongIdAsFarAsThatIsKept) {
    const std::string id = std::string(kKept, 'i') + "-1";
    EXPECT_TRUE(named(id).is_called(id));
    EXPECT_FALSE(named(id.substr(1)).is_called(id));
}

TEST(RelayIdentity, KnowsItsAgeAlsoWhenTheClockHasWrapped) {
    Stats stats;
    RelayIdentity identity;
    const uint64_t last_us = (1ULL << 48U) - 1;
    count_begin(stats, identity, last_us * 1'000);
    EXPECT_EQ(identity.age_us(last_us * 1'000), 0U);
    EXPECT_EQ(identity.age_us((last_us + 7) * 1'000), 7U);
}

struct Life {
    explicit Life(uint8_t level) {
        identity.level = level;
        identity.node = 2;
        identity.route = 1;
        count_begin(stats, identity, kStartNs);
    }
    void hear(std::array<uint8_t, 4> first, uint64_t after_ns) {
        count_first_bytes(stats, identity, first, kStartNs + after_ns);
    }
    void end(RelayEnd how) { count_end(stats, {identity, how, 10, 20}); }
    uint64_t connacks(Connack code) { return stats.node(2).connacks[static_cast<size_t>(code)]; }
    Stats stats;
    RelayIdentity identity;
};

TEST(RelayIdentity, CountsABeginningByBrokerAndRoute) {
    Life life(4);
    EXPECT_EQ(life.stats.relays, 1U);
    EXPECT_EQ(life.stats.nodes[2].relays, 1U);
    EXPECT_EQ(life.stats.nodes[2].relays_total, 1U);
    EXPECT_EQ(life.stats.routes[1].connections, 1U);
    EXPECT_EQ(life.stats.nodes[0].relays + life.stats.routes[0].connections, 0U);
}

TEST(RelayIdentity, CountsTheFirstBytesOnceAndTheirTime) {
    Life life(4);
    life.hear({0x20, 2, 0, 5}, 3'000'000);
    life.hear({0x20, 2, 0, 0}, 9'000'000);
    EXPECT_EQ(text(life.identity.connack), "0x05");
    EXPECT_EQ(life.connacks(life.identity.connack), 1U);
    EXPECT_EQ(life.connacks(Connack::Success), 0U);
    EXPECT_EQ(life.stats.connack_times.count(), 1U);
    EXPECT_EQ(life.stats.connack_times.sum_us, 3'000U);
    life.end(RelayEnd::Closed);
    EXPECT_EQ(life.connacks(Connack::None), 0U);
}

TEST(RelayIdentity, CountsAnEndAndABrokerThatNeverAnswered) {
    Life life(5);
    life.end(RelayEnd::BrokerReset);
    EXPECT_EQ(life.connacks(Connack::None), 1U);
    EXPECT_EQ(life.stats.connack_times.count(), 0U);
    EXPECT_EQ(life.stats.relays + life.stats.nodes[2].relays, 0U);
    EXPECT_EQ(life.stats.routes[1].connections, 0U);
    EXPECT_EQ(life.stats.closed()[static_cast<size_t>(RelayEnd::BrokerReset)], 1U);
    EXPECT_EQ(life.stats.nodes[2].bytes_down, 20U);
}

TEST(RelayIdentity, LooksAtNoAnswerThatIsNotMqtt) {
    Life life(0);
    life.hear({'H', 'T', 'T', 'P'}, 1'000);
    life.end(RelayEnd::Closed);
    for (const uint64_t count : life.stats.nodes[2].connacks) EXPECT_EQ(count, 0U);
    EXPECT_EQ(life.stats.connack_times.count(), 0U);
}

}  // namespace
}  // namespace jumpgate
