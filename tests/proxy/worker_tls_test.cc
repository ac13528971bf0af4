// Worker, the TLS part: reloads, sessions with brokers, and what is logged of identities.
#include <filesystem>

#include "tests/proxy/secured_peer.h"

namespace jumpgate {
namespace {

// A folder of this test with server.crt and server.key, copies of `name`'s.
struct OwnFiles {
    explicit OwnFiles(std::string_view name) { use(name); }
    void use(std::string_view name) {
        for (const char* end : {".crt", ".key"}) {
            std::filesystem::copy_file(pki_path(std::string(name) + end),
                                       folder + "worker_tls_server" + end,
                                       std::filesystem::copy_options::overwrite_existing);
        }
    }
    std::string folder = testing::TempDir();
    CertificateFiles files{folder + "worker_tls_server.crt", folder + "worker_tls_server.key"};
};

TEST(WorkerTls, ShowsTheNewCertificateAfterAReloadAndKeepsLiveClients) {
    OwnFiles own("server");
    FakeBroker broker;
    Config config;
    config.tls.certificates.push_back(own.files);
    WorkerFixture worker(config, {&broker});
    SecuredPeer before = SecuredPeer::client(Peer::connect(worker.tls_port()));
    ASSERT_TRUE(before.shake_hands());
    before.send(connect_packet("before"));
    Peer upstream = broker.accept();
    own.use("server-b");
    ASSERT_EQ(worker.reload(), "");
    SecuredPeer after = SecuredPeer::client(Peer::connect(worker.tls_port()), "", "b.example.test");
    EXPECT_TRUE(after.shake_hands());
    upstream.send("still here");
    EXPECT_EQ(before.receive(10), "still here");
}

TEST(WorkerTls, ChangesNothingWhereOneFileIsBad) {
    OwnFiles own("server");
    FakeBroker broker;
    Config config;
    config.tls.certificates.push_back(own.files);
    WorkerFixture worker(config, {&broker});
    std::filesystem::copy_file(pki_path("mismatch.key"), own.files.key,
                               std::filesystem::copy_options::overwrite_existing);
    EXPECT_NE(worker.reload().find(own.files.key), std::string::npos);
    SecuredPeer client = SecuredPeer::client(Peer::connect(worker.tls_port()));
    EXPECT_TRUE(client.shake_hands());
}

TEST(WorkerTls, ResumesItsSessionsWithABroker) {
    FakeBroker broker;
    Config config;
    config.brokers.push_back({"127.0.0.1", broker.port(), 1, true, "localhost"});
    config.upstream_tls.ca_file = pki_path("ca.crt");
    WorkerFixture worker(config, {});
    tls::ServerOptions options;
    options.pairs.push_back({pki_file("broker.crt"), pki_file("broker.key")});
    options.ticket_keys = tls::TicketKeys::random();
    auto context = std::get<tls::ServerContextRef>(tls::make_server_context(options));
    for (int i = 0; i < 2; ++i) {
        Peer client = worker.client();
        client.send(connect_packet("returning"));
        SecuredPeer upstream = SecuredPeer::server(broker.accept(), context);
        ASSERT_TRUE(upstream.shake_hands());
        EXPECT_EQ(upstream.engine().resumed(), i == 1);
        upstream.send("answer");
        ASSERT_EQ(client.receive(6), "answer");
    }
    EXPECT_EQ(worker.stats().broker_handshakes.resumed_total(), 1U);
}

TEST(WorkerTls, HashesTheCommonName) {
    FakeBroker first;
    FakeBroker second;
    Config config = with_tls(ClientAuth::Required);
    config.hash_key = HashKey::CertCn;
    WorkerFixture worker(config, {&first, &second});
    for (int i = 0; i < 12; ++i) {
        SecuredPeer client = SecuredPeer::client(Peer::connect(worker.tls_port()), "client");
        ASSERT_TRUE(client.shake_hands());
        client.send(connect_packet("id" + std::to_string(i)));
        EXPECT_TRUE(worker.wait_for(
            [&](const Stats& stats) { return stats.client_handshakes.done_total() == i + 1U; }));
    }
    EXPECT_TRUE(worker.wait_for(
        [](const Stats& stats) { return stats.nodes[0].dials + stats.nodes[1].dials == 12; }));
    const Stats stats = worker.stats();
    EXPECT_TRUE(stats.nodes[0].dials == 0 || stats.nodes[1].dials == 0);
}

}  // namespace
}  // namespace jumpgate
