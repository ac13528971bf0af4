// ConnectReader: what a whole CONNECT must fulfil beyond the standard: the rules on certificates.
#include "tests/proxy/secured_peer.h"

namespace jumpgate {
namespace {

size_t refused(const Stats& stats, Refusal reason) {
    return stats.refused[static_cast<size_t>(reason)];
}

Config with_match(IdMatch match) {
    Config config = with_tls(ClientAuth::Optional);
    config.tls.client_id_matches = match;
    return config;
}

std::string answer_to(uint16_t port, std::string_view certificate, std::string_view client_id,
                      uint8_t level) {
    SecuredPeer client = SecuredPeer::client(Peer::connect(port), certificate);
    EXPECT_TRUE(client.shake_hands());
    client.send(connect_packet(client_id, level));
    const std::string answer = client.receive_to_end();
    EXPECT_TRUE(client.ended_cleanly());
    return answer;
}

TEST(ConnectReader, RefusesAClientIdThatIsNotTheCommonName) {
    FakeBroker broker;
    WorkerFixture worker(with_match(IdMatch::CertCn), {&broker});
    const std::string v4("\x20\x02\0\2", 4);
    const std::string v5("\x20\x03\0\x85\0", 5);
    EXPECT_EQ(answer_to(worker.tls_port(), "client", "other", 4), v4);
    EXPECT_EQ(answer_to(worker.tls_port(), "client", "other", 5), v5);
    EXPECT_EQ(answer_to(worker.tls_port(), "client", "Client", 5), v5);
    EXPECT_EQ(refused(worker.stats(), Refusal::ClientIdMismatch), 3U);
    EXPECT_FALSE(broker.accept(0).open());
}

TEST(ConnectReader, RefusesAClientWithoutCertificateWhereTheIdMustMatch) {
    FakeBroker broker;
    WorkerFixture worker(with_match(IdMatch::San), {&broker});
    EXPECT_EQ(answer_to(worker.tls_port(), "", "client", 4), std::string("\x20\x02\0\5", 4));
    EXPECT_EQ(answer_to(worker.tls_port(), "", "client", 5), std::string("\x20\x03\0\x87\0", 5));
    EXPECT_EQ(refused(worker.stats(), Refusal::NotCertified), 2U);
}

TEST(ConnectReader, TakesAnyAlternativeNameAsClientId) {
    FakeBroker broker;
    WorkerFixture worker(with_match(IdMatch::San), {&broker});
    for (const char* name :
         {"client.example.test", "urn:example:device:client", "client@example.test"}) {
        SecuredPeer client = SecuredPeer::client(Peer::connect(worker.tls_port()), "client");
        ASSERT_TRUE(client.shake_hands());
        client.send(connect_packet(name));
        EXPECT_TRUE(broker.accept().open()) << name;
    }
    EXPECT_EQ(answer_to(worker.tls_port(), "client", "client", 4), std::string("\x20\x02\0\2", 4));
}

TEST(ConnectReader, TellsAPlainClientOnATlsPortOnceItsConnectIsWhole) {
    FakeBroker broker;
    WorkerFixture worker(with_match(IdMatch::Off), {&broker});
    Peer client = Peer::connect(worker.tls_port());
    client.send(connect_packet("in the clear", 5).substr(0, 7));
    client.send(connect_packet("in the clear", 5).substr(7));
    EXPECT_EQ(client.receive_to_end(), std::string("\x20\x03\0\x87\0", 5));
    EXPECT_EQ(refused(worker.stats(), Refusal::PlainOnTls), 1U);
    EXPECT_NE(worker.log_lines().find("MQTT in the clear on a TLS port"), std::string::npos);
    EXPECT_FALSE(broker.accept(0).open());
}

TEST(ConnectReader, SaysOfAnythingElseOnATlsPortThatItIsNotTls) {
    FakeBroker broker;
    WorkerFixture worker(with_match(IdMatch::Off), {&broker});
    for (const char* bytes : {"GET / HTTP/1.1\r\n\r\n", "\x30\x05hello"}) {
        Peer client = Peer::connect(worker.tls_port());
        client.send(bytes);
        EXPECT_EQ(client.receive_to_end(), "");
    }
    EXPECT_EQ(refused(worker.stats(), Refusal::NotTls), 2U);
}

}  // namespace
}  // namespace jumpgate
