// TlsRelays: how the two sides end, in every combination of legs.
#include "core/proxy/relay_tls.h"

#include "tests/proxy/tls_peer.h"

namespace jumpgate {
namespace {

constexpr Legs kTlsPlain{true, false, tls::Version::Tls13};
constexpr Legs kPlainTls{false, true, tls::Version::Tls13};
constexpr Legs kTlsTls{true, true, tls::Version::Tls13};
constexpr Legs kTlsTls12{true, true, tls::Version::Tls12};

StreamEnd clean_end(bool tls) { return tls ? StreamEnd::CloseNotify : StreamEnd::Fin; }

class RelayTlsTest : public testing::TestWithParam<Legs> {};

INSTANTIATE_TEST_SUITE_P(Legs, RelayTlsTest,
                         testing::Values(kTlsPlain, kPlainTls, kTlsTls, kTlsTls12));

TEST_P(RelayTlsTest, PassesOnAHalfCloseOfTheClientAndKeepsTheOtherWayOpen) {
    TlsRelayFixture fixture;
    Ends ends = fixture.join(GetParam());
    fixture.run([&] {
        ends.client.send("last words");
        ends.client.end_sending();
        EXPECT_EQ(ends.broker.receive_to_end(), "last words");
        EXPECT_EQ(ends.broker.end(), clean_end(GetParam().broker_tls));
        ends.broker.send("still here");
        EXPECT_EQ(ends.client.receive(10), "still here");
        ends.broker.end_sending();
        EXPECT_EQ(ends.client.receive_to_end(), "");
        EXPECT_EQ(ends.client.end(), clean_end(GetParam().client_tls));
    });
    EXPECT_EQ(fixture.last_end(), RelayEnd::Closed);
    EXPECT_EQ(fixture.ended()[0].bytes_up, 10U);
    EXPECT_EQ(fixture.ended()[0].bytes_down, 10U);
    EXPECT_EQ(fixture.stats().tls_truncations, 0U);
}

TEST_P(RelayTlsTest, PassesOnAHalfCloseOfTheBrokerAndKeepsTheOtherWayOpen) {
    TlsRelayFixture fixture;
    Ends ends = fixture.join(GetParam());
    fixture.run([&] {
        ends.broker.send("bye");
        ends.broker.end_sending();
        EXPECT_EQ(ends.client.receive_to_end(), "bye");
        EXPECT_EQ(ends.client.end(), clean_end(GetParam().client_tls));
        ends.client.send("not yet");
        EXPECT_EQ(ends.broker.receive(7), "not yet");
        ends.client.end_sending();
        EXPECT_EQ(ends.broker.receive_to_end(), "");
    });
    EXPECT_EQ(fixture.last_end(), RelayEnd::Closed);
}

TEST_P(RelayTlsTest, EndsTheBrokerSideWhenTheClientResets) {
    TlsRelayFixture fixture;
    Ends ends = fixture.join(GetParam());
    fixture.run([&] {
        ends.client.send("just in time");
        EXPECT_EQ(ends.broker.receive(12), "just in time");
        ends.client.socket().reset();
        EXPECT_EQ(ends.broker.receive_to_end(), "");
        EXPECT_EQ(ends.broker.end(), StreamEnd::Fin);  // no close_notify: this was no orderly end
    });
    EXPECT_EQ(fixture.last_end(), RelayEnd::ClientReset);
}

TEST_P(RelayTlsTest, EndsTheClientSideWhenTheBrokerResets) {
    TlsRelayFixture fixture;
    Ends ends = fixture.join(GetParam());
    fixture.run([&] {
        ends.broker.send("just in time");
        EXPECT_EQ(ends.client.receive(12), "just in time");
        ends.broker.socket().reset();
        EXPECT_EQ(ends.client.receive_to_end(), "");
    });
    EXPECT_EQ(fixture.last_end(), RelayEnd::BrokerReset);
}

// The reset lies behind the data already when the receive is first armed.
TEST_P(RelayTlsTest, SeesAResetThatLayBehindData) {
    TlsRelayFixture fixture;
    Ends ends = fixture.join(GetParam());
    ends.client.send("last words");
    ends.client.socket().reset();
    fixture.run([&] { ends.broker.receive_to_end(); });
    EXPECT_EQ(fixture.last_end(), RelayEnd::ClientReset);
}

TEST_P(RelayTlsTest, DeliversABrokersLastPacketToAClientThatKeepsSending) {
    TlsRelayFixture fixture;
    Ends ends = fixture.join(GetParam());
    fixture.run([&] {
        ends.broker.send("DISCONNECT 0x8E");
        ends.broker.end_sending();
        ends.broker = TlsPeer();
        for (int i = 0; i < 5; ++i) ends.client.send_anyway(std::string(1000, 'x'));
        EXPECT_EQ(ends.client.receive_to_end(), "DISCONNECT 0x8E");
        EXPECT_EQ(ends.client.end(), clean_end(GetParam().client_tls));
        ends.client = TlsPeer();
    });
    fixture.last_end();
}

TEST_P(RelayTlsTest, EndsAHalfClosedPairAtTheTimeout) {
    Config config;
    config.half_close_timeout_s = 1;
    TlsRelayFixture fixture(config);
    Ends ends = fixture.join(GetParam());
    fixture.run([&] {
        ends.client.end_sending();
        EXPECT_EQ(ends.client.receive_to_end(), "");  // the broker never answers the end
    });
    EXPECT_EQ(fixture.last_end(), RelayEnd::HalfCloseTimeout);
    EXPECT_EQ(fixture.stats().half_close_timeouts, 1U);
}

TEST_P(RelayTlsTest, ClosesWhileBusy) {
    TlsRelayFixture fixture;
    std::vector<Ends> all;
    for (int i = 0; i < 8; ++i) all.push_back(fixture.join(GetParam(), 16'384));
    for (Ends& ends : all) {
        const std::string some(4'000, 'x');
        ends.client.send(some);
        ends.broker.send(some);
    }
    fixture.reactor().turn(0);
    fixture.relays().close_all();
    EXPECT_TRUE(fixture.turn_until([&] { return fixture.ended().size() == 8; }));
    EXPECT_EQ(fixture.last_end(8), RelayEnd::Stopped);
}

// ---- TLS that ends badly -----------------------------------------------------------------------

TEST(RelayTls, CarriesATruncationThrough) {
    for (const bool broker_tls : {false, true}) {
        TlsRelayFixture fixture;
        Ends ends = fixture.join({true, broker_tls, tls::Version::Tls13});
        fixture.run([&] {
            ends.client.send("cut o");
            ends.client.socket().shut_send();
            EXPECT_EQ(ends.broker.receive_to_end(), "cut o");
            EXPECT_EQ(ends.broker.end(), StreamEnd::Fin);
            ends.broker.end_sending();
            EXPECT_EQ(ends.client.receive_to_end(), "");
            EXPECT_EQ(ends.client.end(), StreamEnd::CloseNotify);
        });
        EXPECT_EQ(fixture.last_end(), RelayEnd::ClientTruncated);
        EXPECT_EQ(fixture.stats().tls_truncations, 1U);
    }
}

TEST(RelayTls, TellsABrokersTruncationFromAClients) {
    TlsRelayFixture fixture;
    Ends ends = fixture.join(kTlsTls);
    fixture.run([&] {
        ends.broker.send("cut o");
        ends.broker.socket().shut_send();
        EXPECT_EQ(ends.client.receive_to_end(), "cut o");
        EXPECT_EQ(ends.client.end(), StreamEnd::Fin);
        ends.client.end_sending();
    });
    EXPECT_EQ(fixture.last_end(), RelayEnd::BrokerTruncated);
}

// Many clients close their socket without a word once the server has said goodbye.
TEST(RelayTls, CountsNoTruncationAfterAGoodbyeOfOurs) {
    TlsRelayFixture fixture;
    Ends ends = fixture.join(kTlsPlain);
    fixture.run([&] {
        ends.broker.end_sending();
        EXPECT_EQ(ends.client.receive_to_end(), "");
        ends.client.socket().shut_send();
    });
    EXPECT_EQ(fixture.last_end(), RelayEnd::Closed);
    EXPECT_EQ(fixture.stats().tls_truncations, 0U);
}

const std::string kBadRecord = std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'z');
constexpr uint8_t kBadRecordMac = 20;  // RFC 8446 6.2

TEST(RelayTls, EndsBothSidesAtABadRecordAndDeliversWhatCameBefore) {
    for (const Legs& legs : {kTlsPlain, kTlsTls, kTlsTls12}) {
        TlsRelayFixture fixture;
        Ends ends = fixture.join(legs);
        fixture.run([&] {
            ends.client.send("good");
            ends.client.socket().send(kBadRecord);
            EXPECT_EQ(ends.broker.receive_to_end(), "good");
            EXPECT_EQ(ends.broker.end(), StreamEnd::Fin);
            EXPECT_EQ(ends.client.receive_to_end(), "");
            EXPECT_EQ(ends.client.end(), StreamEnd::TlsFailed);
            EXPECT_EQ(ends.client.alert(), kBadRecordMac);
        });
        EXPECT_EQ(fixture.last_end(), RelayEnd::ClientTls);
        EXPECT_EQ(fixture.ended()[0].tls_failure, tls::Failure::BadRecord);
        EXPECT_EQ(fixture.stats().tls_errors, 1U);
    }
}

TEST(RelayTls, EndsBothSidesAtABadRecordOfTheBroker) {
    for (const Legs& legs : {kPlainTls, kTlsTls}) {
        TlsRelayFixture fixture;
        Ends ends = fixture.join(legs);
        fixture.run([&] {
            ends.broker.send("good");
            ends.broker.socket().send(kBadRecord);
            EXPECT_EQ(ends.client.receive_to_end(), "good");
            EXPECT_EQ(ends.client.end(), StreamEnd::Fin);
            EXPECT_EQ(ends.broker.receive_to_end(), "");
            EXPECT_EQ(ends.broker.alert(), kBadRecordMac);
        });
        EXPECT_EQ(fixture.last_end(), RelayEnd::BrokerTls);
    }
}

TEST(RelayTls, EndsWhenAPeerFailsAndSaysSo) {
    TlsRelayFixture fixture;
    Ends ends = fixture.join(kTlsPlain);
    fixture.run([&] {
        ends.broker.send("x");
        ends.client.socket().receive(1);  // a record that the client's engine misses: a bad MAC
        ends.broker.send("y");
        ends.client.receive_to_end();
        EXPECT_EQ(ends.client.end(), StreamEnd::TlsFailed);
        EXPECT_EQ(ends.broker.receive_to_end(), "");
    });
    EXPECT_EQ(fixture.last_end(), RelayEnd::ClientTls);
    EXPECT_EQ(fixture.ended()[0].tls_failure, tls::Failure::PeerAlert);
}

// ---- What was there before the relay -----------------------------------------------------------

TEST(RelayTls, MovesFirstWhatTheEnginesHeldAlready) {
    for (const Legs& legs : {kTlsPlain, kTlsTls, kTlsTls12}) {
        TlsRelayFixture fixture;
        Prepared client = fixture.prepare(true, false, legs.version);
        Prepared broker = fixture.prepare(legs.broker_tls, true, legs.version);
        client.early = client.peer.seal("SUBSCRIBE");
        client.engine->feed(client.early.span());
        const bool tickets = legs.version == tls::Version::Tls13;
        EXPECT_EQ(client.engine->output_bytes() > 0, tickets);
        const tls::Bytes early = std::move(client.early);  // lives until start returns
        Ends ends = fixture.start(std::move(client), std::move(broker), 7);
        fixture.run([&] {
            EXPECT_EQ(ends.broker.receive(9), "SUBSCRIBE");
            ends.client.send("PUBLISH");
            EXPECT_EQ(ends.broker.receive(7), "PUBLISH");
            ends.broker.send("SUBACK");
            EXPECT_EQ(ends.client.receive(6), "SUBACK");  // behind the tickets
            ends.client.end_sending();
            ends.broker.end_sending();
        });
        fixture.last_end();
        EXPECT_EQ(fixture.ended()[0].bytes_up, 7U + 9U + 7U);
    }
}

TEST(RelayTls, EndsARelayThatBeginsWithItsEnd) {
    TlsRelayFixture fixture;
    Prepared client = fixture.prepare(true, false, tls::Version::Tls13);
    Prepared broker = fixture.prepare(false, true, tls::Version::Tls13);
    const std::string bad = kBadRecord;
    client.engine->feed({reinterpret_cast<const uint8_t*>(bad.data()), bad.size()});
    Ends ends = fixture.start(std::move(client), std::move(broker));
    fixture.run([&] { EXPECT_EQ(ends.broker.receive_to_end(), ""); });
    EXPECT_EQ(fixture.last_end(), RelayEnd::ClientTls);
}

}  // namespace
}  // namespace jumpgate
