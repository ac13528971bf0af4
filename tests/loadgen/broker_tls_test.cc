#include "loadgen/broker_tls.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/loadgen/broker_peer.h"
#include "tests/loadgen/broker_wire.h"
#include "tests/pki.h"

namespace jumpgate::broker {
namespace {

using Octets = std::vector<uint8_t>;

const std::string kPing("\xc0\x00", 2);
const std::string kPong("\xd0\x00", 2);
const std::string kDisconnect("\xe0\x00", 2);

uint64_t count(const TlsCounters::Causes& causes, tls::Failure cause) {
    return causes.at(static_cast<size_t>(cause));
}

uint64_t sum(const TlsCounters::Causes& causes) {
    uint64_t total = 0;
    for (const uint64_t one : causes) total += one;
    return total;
}

tls::ServerContextRef server_context(tls::ClientAuth auth = tls::ClientAuth::None) {
    tls::ServerOptions options;
    options.pairs.push_back(pki_pair("server"));
    options.client_auth = auth;
    if (auth != tls::ClientAuth::None) options.client_ca = pki_file("ca.crt");
    options.ticket_keys = tls::TicketKeys::random();
    return std::get<tls::ServerContextRef>(tls::make_server_context(options));
}

// `name`: of the certificate it shows; empty: none.
tls::ClientContextRef client_context(const std::string& name = "",
                                     tls::Version version = tls::Version::Tls13) {
    tls::ClientOptions options;
    options.ca = pki_file("ca.crt");
    options.min_version = options.max_version = version;
    if (!name.empty()) options.identity = pki_pair(name);
    return std::get<tls::ClientContextRef>(tls::make_client_context(options));
}

// A TLS session of a broker and the engine of its client, joined without sockets.
struct Joined {
    Joined(TestBroker& test, const tls::ServerContextRef& server,
           const tls::ClientContextRef& context, const tls::SessionRef& resume = nullptr)
        : client(test.broker),
          session(server, client, counters),
          engine(tls::Engine::connect(context, "localhost", resume)) {
        pump();
    }
    ~Joined() {
        client.lost();
        client.unlink();
    }

    // The ciphertext to the broker, `cut` bytes at a time.
    void hear(std::span<const uint8_t> bytes) {
        while (!bytes.empty()) {
            const std::span<const uint8_t> part = bytes.first(std::min(cut, bytes.size()));
            if (!client.ended()) session.receive(part, room);
            bytes = bytes.subspan(part.size());
        }
    }
    // One send of the broker's; false: it has nothing to say.
    bool answer() {
        const std::span<const uint8_t> sealed = session.seal();
        if (sealed.empty()) return false;
        const Octets bytes(sealed.begin(), sealed.end());
        session.sent();
        engine->feed(bytes);
        read();
        return true;
    }
    void read() {
        step = tls::Step::Done;
        if (!engine->established()) step = engine->handshake();
        while (step == tls::Step::Done) {
            Octets plain(TlsSession::kRoomBytes);
            size_t length = 0;
            step = engine->read(plain, length);
            got.append(plain.begin(), plain.begin() + static_cast<ptrdiff_t>(length));
        }
    }
    // Until both have said all.
    void pump() {
        read();
        do {
            const tls::Bytes bytes = engine->take_output();
            hear(bytes.span());
        } while (answer() || engine->output_bytes() > 0);
    }
    void say(const std::string& plaintext) {
        const mqtt::Bytes bytes = mqtt::bytes(plaintext);
        EXPECT_EQ(engine->write(bytes), tls::Step::Done);
        pump();
    }
    std::string take() { return std::exchange(got, {}); }

    size_t cut = 100'000;
    TlsCounters counters;
    Client client;
    TlsSession session;
    std::unique_ptr<tls::Engine> engine;
    tls::Step step = tls::Step::Done;
    std::string got;
    Octets room = Octets(TlsSession::kRoomBytes);
};

TEST(TlsSession, CarriesPacketsBothWaysInAnyCut) {
    TestBroker test;
    const tls::ServerContextRef server = server_context();
    for (const tls::Version version : {tls::Version::Tls12, tls::Version::Tls13}) {
        for (const size_t cut : {1U, 7U, 100'000U}) {
            Joined joined(test, server, client_context("", version));
            ASSERT_TRUE(joined.engine->established());
            joined.cut = cut;
            joined.say(connect_packet('c') + kSubscribe);
            EXPECT_EQ(joined.take(), kConnack + kSuback);
            std::string publish("\x30\x83\xb5\x18\x00\x01t", 7);  // 400,000 bytes of payload
            publish.append(400'000, 'x');
            joined.say(publish);
            EXPECT_EQ(joined.take(), publish);
            joined.say(kPing);
            EXPECT_EQ(joined.take(), kPong);
            EXPECT_EQ(joined.session.sealed_bytes(), 0U);
            EXPECT_EQ(joined.counters.handshakes_full, 1U);
            EXPECT_EQ(sum(joined.counters.handshakes_failed), 0U);
        }
    }
}

TEST(TlsSession, RefusesWhatIsNoTls) {
    for (const std::string& bytes : {connect_packet('c'), std::string("GET / HTTP/1.1\r\n\r\n")}) {
        TestBroker test;
        Client client(test.broker);
        TlsCounters counters;
        TlsSession session(server_context(), client, counters);
        Octets room(TlsSession::kRoomBytes);
        session.receive(mqtt::bytes(bytes), room);
        EXPECT_TRUE(client.ended());
        EXPECT_FALSE(client.connected());
        EXPECT_EQ(count(counters.handshakes_failed, tls::Failure::NotTls), 1U);
        session.receive(mqtt::bytes(bytes), room);
        session.stream_ended();
        EXPECT_EQ(sum(counters.handshakes_failed), 1U);
        EXPECT_EQ(test.broker.counters.connections_refused, 1U);
        client.unlink();
    }
}

TEST(TlsSession, ToldTheRefusedClientWhy) {
    struct Case {
        const char* name;
        tls::Failure cause;
        tls::ClientAuth auth;
    };
    const std::vector<Case> cases = {
        {"", tls::Failure::NoCertificate, tls::ClientAuth::Required},
        {"expired-client", tls::Failure::Expired, tls::ClientAuth::Required},
        {"expired-client", tls::Failure::Expired, tls::ClientAuth::Optional},
        {"other-client", tls::Failure::UnknownCa, tls::ClientAuth::Required},
    };
    for (const auto& [name, cause, auth] : cases) {
        for (const tls::Version version : {tls::Version::Tls12, tls::Version::Tls13}) {
            TestBroker test;
            Joined joined(test, server_context(auth), client_context(name, version));
            EXPECT_EQ(count(joined.counters.handshakes_failed, cause), 1U)
                << name << joined.counters.json();
            EXPECT_EQ(sum(joined.counters.handshakes_failed), 1U);
            EXPECT_TRUE(joined.client.ended());
            EXPECT_EQ(joined.step, tls::Step::Failed);
            EXPECT_EQ(joined.engine->failure(), tls::Failure::PeerAlert);
            EXPECT_EQ(joined.counters.client_certificates, 0U);
        }
    }
}

TEST(TlsSession, CountsCertificatesAndResumedSessions) {
    TestBroker test;
    const tls::ServerContextRef server = server_context(tls::ClientAuth::Optional);
    for (const tls::Version version : {tls::Version::Tls12, tls::Version::Tls13}) {
        for (const char* name : {"", "client"}) {
            const tls::ClientContextRef context = client_context(name, version);
            const uint64_t certificates = *name == '\0' ? 0 : 1;
            Joined first(test, server, context);
            first.say(connect_packet('c'));  // reads the tickets as well
            EXPECT_EQ(first.counters.handshakes_full, 1U);
            EXPECT_EQ(first.counters.client_certificates, certificates);
            const tls::SessionRef ticket = first.engine->session();
            ASSERT_NE(ticket, nullptr);
            Joined second(test, server, context, ticket);
            EXPECT_EQ(second.counters.handshakes_full, 0U);
            EXPECT_EQ(second.counters.handshakes_resumed, 1U);
            EXPECT_EQ(second.counters.client_certificates, certificates);
        }
    }
}

TEST(TlsSession, SaysCloseNotifyOnceItsClientHasEnded) {
    TestBroker test;
    Joined joined(test, server_context(), client_context());
    joined.say(connect_packet('c') + kDisconnect);
    EXPECT_EQ(joined.take(), kConnack);
    EXPECT_EQ(joined.step, tls::Step::Closed);
    EXPECT_TRUE(joined.session.seal().empty());
    joined.session.stream_ended();
    EXPECT_EQ(sum(joined.counters.connections_failed), 0U);
}

TEST(TlsSession, TellsATruncatedStreamFromAClosedOne) {
    TestBroker test;
    const tls::ServerContextRef server = server_context();
    Joined cut(test, server, client_context());
    cut.say(connect_packet('1'));
    cut.session.stream_ended();
    EXPECT_EQ(count(cut.counters.connections_failed, tls::Failure::Truncated), 1U);
    EXPECT_TRUE(cut.client.ended());
    Joined closed(test, server, client_context());
    closed.say(connect_packet('2'));
    closed.engine->shut();
    closed.pump();
    EXPECT_TRUE(closed.client.ended());
    EXPECT_EQ(closed.step, tls::Step::Closed);
    closed.session.stream_ended();
    EXPECT_EQ(sum(closed.counters.connections_failed), 0U);
}

TEST(TlsSession, EndsItsClientOnceForARecordThatDoesNotDecrypt) {
    TestBroker test;
    Joined joined(test, server_context(), client_context());
    joined.say(connect_packet('c'));
    Octets record = {0x17, 0x03, 0x03, 0x00, 0x20};
    record.resize(5 + 0x20, 0xAA);
    joined.hear(record);
    EXPECT_TRUE(joined.client.ended());
    joined.pump();
    EXPECT_EQ(joined.engine->failure(), tls::Failure::PeerAlert);
    joined.session.stream_ended();
    EXPECT_EQ(count(joined.counters.connections_failed, tls::Failure::BadRecord), 1U);
    EXPECT_EQ(sum(joined.counters.connections_failed), 1U);
    EXPECT_EQ(test.broker.counters.connections_refused, 0U);
}

TEST(TlsSession, CountsATimeOutOnlyBeforeTheHandshakeIsDone) {
    TestBroker test;
    const tls::ServerContextRef server = server_context();
    Client client(test.broker);
    TlsCounters counters;
    TlsSession waiting(server, client, counters);
    waiting.timed_out();
    EXPECT_EQ(counters.handshakes_timed_out, 1U);
    Joined done(test, server, client_context());
    done.session.timed_out();
    EXPECT_EQ(done.counters.handshakes_timed_out, 0U);
}

TEST(TlsSession, CountsWhatItSealedAgainstTheOutputLimitUntilItIsSent) {
    Limits limits;
    limits.output_bytes_max = 5'000;
    TestBroker test(limits);
    Joined joined(test, server_context(), client_context());
    joined.client.bytes().append(5'000, 'x');
    EXPECT_TRUE(joined.client.full());
    EXPECT_GT(joined.session.seal().size(), 5'000U);
    EXPECT_TRUE(joined.client.full());
    joined.session.sent();
    EXPECT_FALSE(joined.client.full());
}

TEST(TlsCounters, PrintsTheCausesThatOccurred) {
    TlsCounters counters;
    EXPECT_EQ(counters.json(),
              "{\"handshakes_full\":0,\"handshakes_resumed\":0,\"handshakes_timed_out\":0,"
              "\"client_certificates\":0,\"handshakes_failed\":{},\"connections_failed\":{}}");
    counters.handshakes_full = 4;
    counters.handshakes_failed.at(static_cast<size_t>(tls::Failure::Expired)) = 2;
    counters.handshakes_failed.at(static_cast<size_t>(tls::Failure::NoCertificate)) = 1;
    counters.connections_failed.at(static_cast<size_t>(tls::Failure::Truncated)) = 3;
    EXPECT_EQ(counters.json(),
              "{\"handshakes_full\":4,\"handshakes_resumed\":0,\"handshakes_timed_out\":0,"
              "\"client_certificates\":0,\"handshakes_failed\":{\"no_certificate\":1,"
              "\"expired\":2},\"connections_failed\":{\"truncated\":3}}");
}

}  // namespace
}  // namespace jumpgate::broker
