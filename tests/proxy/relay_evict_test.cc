// Relays of both kinds: the broker's first bytes, eviction, and finding a client.
#include "core/proxy/relay_tls.h"
#include "tests/proxy/tls_peer.h"

namespace jumpgate {
namespace {

constexpr Legs kPlain{false, false, tls::Version::Tls13};
constexpr Legs kTlsPlain{true, false, tls::Version::Tls13};
constexpr Legs kPlainTls{false, true, tls::Version::Tls13};
constexpr Legs kTlsTls{true, true, tls::Version::Tls13};

const std::string kNotAuthorized("\x20\x03\x00\x87\x00", 5);

Config splicing() {
    Config config;
    config.splice = SpliceMode::Always;
    return config;
}

class EveryRelay : public testing::TestWithParam<Legs> {};
INSTANTIATE_TEST_SUITE_P(Legs, EveryRelay, testing::Values(kPlain, kTlsPlain, kPlainTls, kTlsTls));

// ---- The broker's first bytes ------------------------------------------------------------------

uint64_t connacks(const Stats& stats, std::string_view word) {
    uint64_t sum = 0;
    for (size_t i = 0; i < kConnacks; ++i) {
        const bool it = text(static_cast<Connack>(i)) == word;
        if (it && !stats.nodes.empty()) sum += stats.nodes[0].connacks[i];
    }
    return sum;
}

void expect_one_connack(TlsRelayFixture& fixture, const Legs& legs) {
    fixture.next.level = 5;
    Ends ends = fixture.join(legs);
    fixture.run([&] {
        ends.broker.send(kNotAuthorized);
        EXPECT_EQ(ends.client.receive(kNotAuthorized.size()), kNotAuthorized);
        ends.broker.send("later");
        EXPECT_EQ(ends.client.receive(5), "later");
        ends.client.end_sending();
        ends.broker.end_sending();
    });
    fixture.last_end();
    EXPECT_EQ(connacks(fixture.stats(), "0x87"), 1U);
    EXPECT_EQ(connacks(fixture.stats(), "other"), 0U);
    EXPECT_EQ(fixture.stats().connack_times.count(), 1U);
    EXPECT_EQ(text(fixture.ended()[0].identity.connack), "0x87");
    EXPECT_EQ(fixture.ended()[0].identity.level, 5);
    EXPECT_EQ(fixture.ended()[0].tls, legs.client_tls);
}

TEST_P(EveryRelay, SeesTheConnackAndPassesItOnUnchanged) {
    TlsRelayFixture fixture;
    expect_one_connack(fixture, GetParam());
}

TEST(PlainRelay, SeesTheConnackWhereItSplicesFromTheStart) {
    TlsRelayFixture fixture(splicing());
    expect_one_connack(fixture, kPlain);
    EXPECT_GT(fixture.stats().down.bytes_spliced, 0U);
}

void expect_partial(TlsRelayFixture& fixture, const Legs& legs) {
    fixture.next.level = 4;
    Ends ends = fixture.join(legs);
    fixture.run([&] {
        for (const char byte : kNotAuthorized) {
            ends.broker.send({&byte, 1});
            EXPECT_EQ(ends.client.receive(1), std::string(1, byte));  // without the rest
        }
    });
    EXPECT_EQ(connacks(fixture.stats(), "partial"), 1U);
    EXPECT_EQ(fixture.stats().connack_times.count(), 1U);
}

TEST_P(EveryRelay, WaitsForNothingWhereTheConnackComesByteByByte) {
    TlsRelayFixture fixture;
    expect_partial(fixture, GetParam());
}

TEST(PlainRelay, WaitsForNothingWhereItSplicesByteByByte) {
    TlsRelayFixture fixture(splicing());
    expect_partial(fixture, kPlain);
}

TEST_P(EveryRelay, CountsABrokerThatLeavesWithoutAWord) {
    TlsRelayFixture fixture;
    fixture.next.level = 4;
    Ends ends = fixture.join(GetParam());
    fixture.run([&] {
        ends.broker.end_sending();
        ends.client.end_sending();
    });
    fixture.last_end();
    EXPECT_EQ(connacks(fixture.stats(), "none"), 1U);
    EXPECT_EQ(fixture.stats().connack_times.count(), 0U);
}

TEST_P(EveryRelay, LeavesOtherProtocolsAlone) {
    TlsRelayFixture fixture;
    Ends ends = fixture.join(GetParam());
    fixture.run([&] {
        ends.broker.send("HTTP/1.1 200 OK");
        EXPECT_EQ(ends.client.receive(15), "HTTP/1.1 200 OK");
    });
    EXPECT_EQ(connacks(fixture.stats(), "other"), 0U);
}

// ---- Eviction ----------------------------------------------------------------------------------

StreamEnd clean_end(bool tls) { return tls ? StreamEnd::CloseNotify : StreamEnd::Fin; }

TEST_P(EveryRelay, EvictsAsManyAsAskedForAndOnlyOfThatBroker) {
    TlsRelayFixture fixture;
    std::vector<Ends> all;
    for (uint16_t i = 0; i < 10; ++i) {
        fixture.next.node = i < 6 ? 1 : 2;
        all.push_back(fixture.join(GetParam()));
    }
    Rng rng(7);
    EXPECT_EQ(fixture.close_some(1, 4, rng), 4U);
    EXPECT_EQ(fixture.last_end(4), RelayEnd::Evicted);
    fixture.settle();
    ASSERT_EQ(fixture.ended().size(), 4U);
    for (const EndedRelay& relay : fixture.ended()) EXPECT_EQ(relay.identity.node, 1);
    EXPECT_EQ(fixture.stats().nodes[1].relays, 2U);
    EXPECT_EQ(fixture.stats().nodes[2].relays, 4U);
    EXPECT_EQ(fixture.stats().closed()[static_cast<size_t>(RelayEnd::Evicted)], 4U);
    EXPECT_EQ(fixture.close_some(1, 100, rng), 2U);
    EXPECT_EQ(fixture.last_end(6), RelayEnd::Evicted);
    EXPECT_EQ(fixture.close_some(1, 100, rng), 0U);
    EXPECT_EQ(fixture.close_some(9, 100, rng), 0U);
    EXPECT_EQ(fixture.close_some(2, 0, rng), 0U);
    fixture.run([&] {
        all[9].client.send("still served");
        EXPECT_EQ(all[9].broker.receive(12), "still served");
    });
    EXPECT_EQ(fixture.live(), 4U);
}

TEST_P(EveryRelay, EndsBothSidesOfAnEvictedClientCleanly) {
    TlsRelayFixture fixture;
    Ends ends = fixture.join(GetParam());
    fixture.settle();  // the tickets of TLS are on their way
    Rng rng(8);
    EXPECT_EQ(fixture.close_some(0, 1, rng), 1U);
    EXPECT_EQ(fixture.close_some(0, 1, rng), 0U);  // it is on its way out
    fixture.run([&] {
        EXPECT_EQ(ends.client.receive_to_end(), "");
        EXPECT_EQ(ends.client.end(), clean_end(GetParam().client_tls));
        EXPECT_EQ(ends.broker.receive_to_end(), "");
        EXPECT_EQ(ends.broker.end(), clean_end(GetParam().broker_tls));
    });
    EXPECT_EQ(fixture.last_end(), RelayEnd::Evicted);
    EXPECT_EQ(fixture.stats().tls_errors + fixture.stats().tls_truncations, 0U);
}

// The proxy holds some of what the broker sends to a client that reads nothing.
bool holds_some(TlsRelayFixture& fixture) {
    return fixture.turn_until([&] { return fixture.find("", 1)[0].bytes_down >= 20'000; });
}

// What the proxy has taken from the broker is the client's, with TLS in front of its close_notify.
TEST(TlsRelay, DeliversWhatItHasBeforeItEvicts) {
    TlsRelayFixture fixture;
    Ends ends = fixture.join(kTlsPlain, 16'384);
    const std::string much(60'000, 'm');
    std::thread broker_sends([&] { ends.broker.send_anyway(much); });
    EXPECT_TRUE(holds_some(fixture));
    Rng rng(9);
    EXPECT_EQ(fixture.close_some(0, 1, rng), 1U);
    fixture.run([&] {
        const std::string got = ends.client.receive_to_end();
        EXPECT_GE(got.size(), 20'000U);
        EXPECT_EQ(got, much.substr(0, got.size()));
        EXPECT_EQ(ends.client.end(), StreamEnd::CloseNotify);
    });
    EXPECT_EQ(fixture.last_end(), RelayEnd::Evicted);
    fixture.settle();
    broker_sends.join();
}

// A client that reads nothing does not hold its broker: --half-close-timeout-s.
TEST(TlsRelay, EvictsAlsoAClientThatReadsNothing) {
    Config config;
    config.half_close_timeout_s = 1;
    TlsRelayFixture fixture(config);
    Ends ends = fixture.join(kTlsPlain, 4'096);
    std::thread broker_sends([&] { ends.broker.send_anyway(std::string(300'000, 'm')); });
    EXPECT_TRUE(holds_some(fixture));
    Rng rng(10);
    EXPECT_EQ(fixture.close_some(0, 1, rng), 1U);
    EXPECT_EQ(fixture.last_end(), RelayEnd::Evicted);
    fixture.settle();  // its sockets are closed
    broker_sends.join();
}

// ---- Finding -----------------------------------------------------------------------------------

TEST_P(EveryRelay, IsFoundByItsClientId) {
    TlsRelayFixture fixture;
    std::vector<Ends> all;
    for (const char* id : {"meter-1", "meter-2", "light-1"}) {
        fixture.next.set_client_id(id);
        fixture.next.route = 3;
        all.push_back(fixture.join(GetParam()));
    }
    fixture.run([&] {
        all[1].client.send("four");
        EXPECT_EQ(all[1].broker.receive(4), "four");
    });
    EXPECT_EQ(fixture.find("meter-", 10).size(), 2U);
    EXPECT_EQ(fixture.find("meter-", 1).size(), 1U);
    EXPECT_EQ(fixture.find("", 10).size(), 3U);
    EXPECT_TRUE(fixture.find("sensor", 10).empty());
    const std::vector<FoundRelay> found = fixture.find("meter-2", 10);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].identity.client_id(), "meter-2");
    EXPECT_EQ(found[0].identity.route, 3U);
    EXPECT_EQ(found[0].bytes_up, 4U);
    EXPECT_EQ(found[0].tls, GetParam().client_tls);
}

}  // namespace
}  // namespace jumpgate
