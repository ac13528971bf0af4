// Handshake: TLS with clients and with brokers, through a real worker.
#include "tests/proxy/secured_peer.h"

namespace jumpgate {
namespace {

// One TLS broker at `broker`, known as `name`.
Config with_tls_broker(const FakeBroker& broker, std::string name = "localhost") {
    Config config;
    config.brokers.push_back({"127.0.0.1", broker.port(), 1, true, std::move(name)});
    config.upstream_tls.ca_file = pki_path("ca.crt");
    return config;
}

size_t refused(const Stats& stats, Refusal reason) {
    return stats.refused[static_cast<size_t>(reason)];
}

size_t failed(const Stats& stats, tls::Failure failure) {
    return stats.client_handshakes.failed[static_cast<size_t>(failure)];
}

TEST(Handshake, CarriesAClientsConnectToAPlainBrokerAndTheAnswerBack) {
    FakeBroker broker;
    WorkerFixture worker(with_tls(), {&broker});
    SecuredPeer client = SecuredPeer::client(Peer::connect(worker.tls_port()));
    ASSERT_TRUE(client.shake_hands()) << worker.log_lines();
    const std::string packet = connect_packet("secured");
    client.send(packet);
    Peer upstream = broker.accept();
    EXPECT_EQ(upstream.receive(packet.size()), packet);
    upstream.send("answer");
    EXPECT_EQ(client.receive(6), "answer");
    EXPECT_EQ(worker.stats().client_handshakes.done_total(), 1U);
}

TEST(Handshake, TakesAConnectThatComesWithTheLastFlight) {
    FakeBroker broker;
    WorkerFixture worker(with_tls(), {&broker});
    SecuredPeer client = SecuredPeer::client(Peer::connect(worker.tls_port()));
    ASSERT_TRUE(client.shake_hands());
    const std::string packets = connect_packet("eager") + std::string(100'000, 'p');
    client.send(packets);
    EXPECT_EQ(broker.accept().receive(packets.size()), packets);
}

// The certificates come by the Admin API: the port is open, and says what is the matter.
TEST(Handshake, IsRefusedWithAnAlertUntilThereIsACertificate) {
    FakeBroker broker;
    Config config;
    config.admin = "127.0.0.1:0";
    config.listen.push_back({"127.0.0.1", 0, true});
    config.brokers.push_back({"127.0.0.1", broker.port(), 1});
    WorkerFixture worker(config, {});
    constexpr uint8_t kUnrecognizedName = 112;
    const auto is_refused = [&] {
        SecuredPeer client = SecuredPeer::client(Peer::connect(worker.tls_port()));
        EXPECT_FALSE(client.shake_hands());
        EXPECT_EQ(client.engine().failure(), tls::Failure::PeerAlert);
        EXPECT_EQ(client.engine().alert(), kUnrecognizedName);
    };
    is_refused();
    EXPECT_TRUE(worker.wait_for([](const Stats& stats) { return stats.setups == 0; }));
    EXPECT_EQ(failed(worker.stats(), tls::Failure::UnknownServerName), 1U);
    const std::string lines = worker.log_lines();
    EXPECT_NE(lines.find("reason=\"handshake_failed\""), std::string::npos) << lines;
    EXPECT_NE(lines.find("there is no certificate to show yet"), std::string::npos) << lines;
    EXPECT_NE(lines.find("cause=\"unknown_server_name\""), std::string::npos) << lines;

    const Objects without = objects_of(config);
    Objects objects = without;
    SslConfig& ssl = objects.ssls.emplace_back();
    ssl.id = "1";
    ssl.pairs = {{{"", pki_path("server.crt")}, {"", pki_path("server.key")}}};
    ASSERT_EQ(worker.apply(objects), "");
    SecuredPeer client = SecuredPeer::client(Peer::connect(worker.tls_port()));
    ASSERT_TRUE(client.shake_hands()) << worker.log_lines();
    client.send(connect_packet("c"));
    Peer upstream = broker.accept();
    EXPECT_TRUE(upstream.open());

    ASSERT_EQ(worker.apply(without), "") << "the last one may be deleted";
    is_refused();
    upstream.receive(connect_packet("c").size());
    upstream.send("still");
    EXPECT_EQ(client.receive(5), "still");
}

TEST(Handshake, IsRefusedWithoutACertificateWhereTheBytesAreNoTls) {
    FakeBroker broker;
    Config config;
    config.admin = "127.0.0.1:0";
    config.listen.push_back({"127.0.0.1", 0, true});
    WorkerFixture worker(config, {&broker});
    Peer client = Peer::connect(worker.tls_port());
    client.send("GET / HTTP/1.1\r\n\r\n");
    EXPECT_EQ(client.receive_to_end(), "");
    EXPECT_EQ(refused(worker.stats(), Refusal::NotTls), 1U);
}

TEST(Handshake, AcceptsOneByteAtATime) {
    FakeBroker broker;
    WorkerFixture worker(with_tls(), {&broker});
    SecuredPeer client = SecuredPeer::client(Peer::connect(worker.tls_port()));
    client.engine().handshake();
    const tls::Bytes hello = client.engine().take_output();
    for (const uint8_t byte : hello.span()) {
        const char one = static_cast<char>(byte);
        client.peer().send({&one, 1});
    }
    ASSERT_TRUE(client.shake_hands());
    client.send(connect_packet("dribble"));
    EXPECT_TRUE(broker.accept().open());
}

TEST(Handshake, GivesEachFaultOfAClientCertificateItsName) {
    struct Case {
        const char* certificate;
        tls::Failure failure;
    };
    const std::vector<Case> cases = {
        {"", tls::Failure::NoCertificate},         {"other-client", tls::Failure::UnknownCa},
        {"expired-client", tls::Failure::Expired}, {"future-client", tls::Failure::NotYetValid},
        {"revoked-client", tls::Failure::Revoked}, {"wrong-usage", tls::Failure::BadCertificate},
    };
    FakeBroker broker;
    Config config = with_tls(ClientAuth::Required);
    config.tls.client_crl_file = pki_path("crl.pem");
    WorkerFixture worker(config, {&broker});
    for (const Case& one : cases) {
        SecuredPeer client = SecuredPeer::client(Peer::connect(worker.tls_port()), one.certificate);
        client.shake_hands();  // TLS 1.3: the client is done before the server has judged it
        client.send(connect_packet("impostor"));
        EXPECT_EQ(client.receive_to_end(), "");
        EXPECT_EQ(client.engine().failure(), tls::Failure::PeerAlert) << one.certificate;
        EXPECT_EQ(failed(worker.stats(), one.failure), 1U) << one.certificate;
    }
    EXPECT_EQ(refused(worker.stats(), Refusal::HandshakeFailed), cases.size());
    EXPECT_FALSE(broker.accept(0).open());
}

TEST(Handshake, HasADeadlineOfItsOwn) {
    FakeBroker broker;
    Config config = with_tls();
    config.tls.handshake_timeout_ms = 100;
    WorkerFixture worker(config, {&broker});
    Peer silent = Peer::connect(worker.tls_port());
    EXPECT_EQ(silent.receive_to_end(), "");
    SecuredPeer half = SecuredPeer::client(Peer::connect(worker.tls_port()));
    half.engine().handshake();
    const tls::Bytes hello = half.engine().take_output();
    half.peer().send({reinterpret_cast<const char*>(hello.span().data()), hello.size() / 2});
    EXPECT_EQ(half.peer().receive_to_end(), "");
    EXPECT_EQ(refused(worker.stats(), Refusal::HandshakeTimeout), 2U);
}

TEST(Handshake, LeavesTheConnectItsOwnTimeAfterwards) {
    FakeBroker broker;
    Config config = with_tls();
    config.setup_timeout_ms = 100;
    WorkerFixture worker(config, {&broker});
    SecuredPeer client = SecuredPeer::client(Peer::connect(worker.tls_port()));
    ASSERT_TRUE(client.shake_hands());
    EXPECT_EQ(client.receive_to_end(), "");
    EXPECT_EQ(refused(worker.stats(), Refusal::SetupTimeout), 1U);
}

TEST(Handshake, ResumesASessionWithTheIdentityThatItBeganWith) {
    FakeBroker broker;
    Config config = with_tls(ClientAuth::Required);
    config.tls.client_id_matches = IdMatch::CertCn;
    WorkerFixture worker(config, {&broker});
    const tls::ClientContextRef context = SecuredPeer::client_context("client");
    SecuredPeer first =
        SecuredPeer::client(Peer::connect(worker.tls_port()), context, "localhost", nullptr);
    ASSERT_TRUE(first.shake_hands());
    first.send(connect_packet("client"));
    Peer upstream = broker.accept();
    upstream.send("answer");
    ASSERT_EQ(first.receive(6), "answer");  // its ticket came before that
    SecuredPeer second = SecuredPeer::client(Peer::connect(worker.tls_port()), context, "localhost",
                                             first.engine().session());
    ASSERT_TRUE(second.shake_hands());
    second.send(connect_packet("client"));
    EXPECT_TRUE(broker.accept().open());
    const Stats stats = worker.stats();
    EXPECT_EQ(stats.client_handshakes.done_total(), 2U);
    EXPECT_EQ(stats.client_handshakes.resumed_total(), 1U);
}

TEST(Handshake, HoldsHandshakesBackButForgetsNone) {
    FakeBroker broker;
    Config config = with_tls();
    config.tls.handshakes_max = 1;
    WorkerFixture worker(config, {&broker});
    std::vector<SecuredPeer> clients;
    for (int i = 0; i < 30; ++i) {
        clients.push_back(SecuredPeer::client(Peer::connect(worker.tls_port())));
        clients.back().engine().handshake();
        const tls::Bytes hello = clients.back().engine().take_output();
        clients.back().peer().send(
            {reinterpret_cast<const char*>(hello.span().data()), hello.size()});
    }
    for (SecuredPeer& client : clients) EXPECT_TRUE(client.shake_hands());
    EXPECT_TRUE(worker.wait_for(
        [](const Stats& stats) { return stats.client_handshakes.done_total() == 30; }));
}

TEST(Handshake, SendsTheConnectToAVerifiedBroker) {
    FakeBroker broker;
    WorkerFixture worker(with_tls_broker(broker), {});
    Peer client = worker.client();
    const std::string packet = connect_packet("inward");
    client.send(packet);
    SecuredPeer upstream = SecuredPeer::server(broker.accept());
    ASSERT_TRUE(upstream.shake_hands());
    EXPECT_EQ(upstream.engine().server_name(), "localhost");
    EXPECT_EQ(upstream.receive(packet.size()), packet);
    upstream.send("answer");
    EXPECT_EQ(client.receive(6), "answer");
    EXPECT_EQ(worker.stats().broker_handshakes.done_total(), 1U);
}

TEST(Handshake, ShowsItsCertificateToABrokerThatAsks) {
    FakeBroker broker;
    Config config = with_tls_broker(broker);
    config.upstream_tls.certificate_file = pki_path("proxy.crt");
    config.upstream_tls.key_file = pki_path("proxy.key");
    WorkerFixture worker(config, {});
    Peer client = worker.client();
    client.send(connect_packet("mutual"));
    SecuredPeer upstream =
        SecuredPeer::server(broker.accept(), "broker", tls::ClientAuth::Required);
    ASSERT_TRUE(upstream.shake_hands());
    ASSERT_NE(upstream.engine().identity(), nullptr);
    EXPECT_EQ(upstream.engine().identity()->common_name, "proxy");
    EXPECT_EQ(upstream.receive(2), connect_packet("mutual").substr(0, 2));
}

TEST(Handshake, NeverGivesABadBrokerTheConnect) {
    for (const char* certificate : {"wrong-host", "other-server", "expired-server"}) {
        FakeBroker broker;
        WorkerFixture worker(with_tls_broker(broker), {});
        Peer client = worker.client();
        client.send(connect_packet("careful"));
        SecuredPeer upstream = SecuredPeer::server(broker.accept(), certificate);
        upstream.shake_hands();
        EXPECT_EQ(upstream.receive_to_end(), "") << certificate;
        EXPECT_EQ(client.receive_to_end(), std::string("\x20\x02\0\3", 4)) << certificate;
        EXPECT_EQ(refused(worker.stats(), Refusal::BrokerTls), 1U) << certificate;
    }
}

TEST(Handshake, TriesTheNextBrokerWhereOneIsNotVerified) {
    FakeBroker bad;
    FakeBroker good;
    Config config = with_tls_broker(bad);
    config.brokers.push_back({"127.0.0.1", good.port(), 1, false, ""});
    WorkerFixture worker(config, {});
    const std::string packet = connect_packet(id_for_first_node({bad.port(), good.port()}));
    Peer client = worker.client();
    client.send(packet);
    SecuredPeer impostor = SecuredPeer::server(bad.accept(), "other-server");
    impostor.shake_hands();
    EXPECT_EQ(impostor.receive_to_end(), "");
    EXPECT_EQ(good.accept().receive(packet.size()), packet);
}

TEST(Handshake, SaysOfABrokerThatHangsUpThatItMayNotSpeakTls) {
    FakeBroker broker;
    Config config = with_tls_broker(broker);
    config.fail_max = 1;
    WorkerFixture worker(config, {});
    Peer client = worker.client();
    client.send(connect_packet("puzzled"));
    broker.accept();  // and closed
    EXPECT_EQ(client.receive_to_end(), std::string("\x20\x02\0\3", 4));
    const Stats stats = worker.stats();
    EXPECT_EQ(stats.broker_handshakes.failed[static_cast<size_t>(tls::Failure::Truncated)], 1U);
    EXPECT_EQ(stats.nodes[0].dial_failures, 1U);
    EXPECT_TRUE(stats.nodes[0].down);
    const std::string lines = worker.log_lines();
    EXPECT_NE(lines.find("broker_down"), std::string::npos);
    EXPECT_NE(lines.find("does it speak TLS there?"), lines.rfind("does it speak TLS there?"));
}

TEST(Handshake, NamesTheCauseAndTheAlertOfARefusal) {
    FakeBroker broker;
    WorkerFixture worker(with_tls_broker(broker), {});
    Peer client = worker.client();
    client.send(connect_packet("alerted"));
    Peer wire = broker.accept();
    wire.send(std::string("\x15\3\3\0\2\2\x46", 7));  // fatal, protocol_version (RFC 8446 6)
    EXPECT_EQ(client.receive_to_end(), std::string("\x20\x02\0\3", 4));
    const std::string lines = worker.log_lines();
    EXPECT_NE(lines.find("peer_alert"), std::string::npos) << lines;
    EXPECT_NE(lines.find("protocol_version"), std::string::npos) << lines;
}

TEST(Handshake, CallsABrokerThatIsSilentOrPlainANoBroker) {
    FakeBroker broker;
    Config config = with_tls_broker(broker);
    config.dial_timeout_ms = 200;
    WorkerFixture worker(config, {});
    Peer client = worker.client();
    client.send(connect_packet("waiting"));
    Peer silent = broker.accept();
    EXPECT_EQ(client.receive_to_end(), std::string("\x20\x02\0\3", 4));
    Peer other = worker.client();
    other.send(connect_packet("misled"));
    Peer plain = broker.accept();
    plain.send(std::string("\x20\x02\0\0", 4));
    EXPECT_EQ(other.receive_to_end(), std::string("\x20\x02\0\3", 4));
}

}  // namespace
}  // namespace jumpgate
