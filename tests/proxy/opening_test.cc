// Opening: PROXY headers, from those who must send one and from those who may not.
#include "tests/proxy/secured_peer.h"

namespace jumpgate {
namespace {

constexpr std::string_view kHeader = "PROXY TCP4 192.0.2.7 198.51.100.1 50123 1883\r\n";

Config with_headers(const char* from = "127.0.0.0/8") {
    Config config;
    config.proxy_protocol.from = {from};
    return config;
}

size_t refused(const Stats& stats, Refusal reason) {
    return stats.refused[static_cast<size_t>(reason)];
}

// What was logged once the client is relayed.
std::string lines_of_relayed(WorkerFixture& worker) {
    EXPECT_TRUE(worker.wait_for([](const Stats& stats) { return stats.relays == 1; }));
    return worker.log_lines();
}

TEST(Opening, TakesTheClientsAddressFromATrustedHeaderInAnyPieces) {
    const std::string packet = connect_packet("proxied");
    const std::string whole = std::string(kHeader) + packet;
    for (size_t cut = 1; cut < whole.size(); cut += 3) {
        FakeBroker broker;
        WorkerFixture worker(with_headers(), {&broker});
        Peer client = worker.client();
        client.send(whole.substr(0, cut));
        worker.stats();  // the worker has turned: the second piece comes by itself
        client.send(whole.substr(cut));
        Peer upstream = broker.accept();
        EXPECT_EQ(upstream.receive(packet.size()), packet) << cut;
        EXPECT_NE(lines_of_relayed(worker).find("192.0.2.7:50123"), std::string::npos) << cut;
    }
}

TEST(Opening, KeepsTheAddressOfTheConnectionForAHeaderThatSaysUnknown) {
    FakeBroker broker;
    WorkerFixture worker(with_headers(), {&broker});
    Peer client = worker.client();
    client.send("PROXY UNKNOWN\r\n" + connect_packet("checked"));
    Peer upstream = broker.accept();
    EXPECT_NE(lines_of_relayed(worker).find("peer=\"127.0.0.1:"), std::string::npos);
}

TEST(Opening, RefusesATrustedPeerWithoutHeader) {
    FakeBroker broker;
    WorkerFixture worker(with_headers(), {&broker});
    Peer client = worker.client();
    client.send(connect_packet("naked"));
    EXPECT_EQ(client.receive_to_end(), "");
    EXPECT_EQ(refused(worker.stats(), Refusal::ProxyHeader), 1U);
    EXPECT_FALSE(broker.accept(0).open());
}

TEST(Opening, NeverBelievesAHeaderOfAnybodyElse) {
    for (const Config& config : {with_headers("10.0.0.0/8"), Config()}) {
        FakeBroker broker;
        WorkerFixture worker(config, {&broker});
        Peer client = worker.client();
        client.send(std::string(kHeader) + connect_packet("liar"));
        EXPECT_EQ(client.receive_to_end(), "");
        EXPECT_EQ(refused(worker.stats(), Refusal::ProxyNotTrusted), 1U);
        EXPECT_FALSE(broker.accept(0).open());
    }
}

TEST(Opening, SaysOnATlsPortTooWhoseHeadersAreBelieved) {
    FakeBroker broker;
    Config config = with_headers("192.0.2.0/24");
    config.tls.certificates.push_back({pki_path("server.crt"), pki_path("server.key")});
    WorkerFixture worker(config, {&broker});
    Peer client = Peer::connect(worker.tls_port());
    client.send(kHeader);
    EXPECT_EQ(client.receive_to_end(), "");
    EXPECT_EQ(refused(worker.stats(), Refusal::ProxyNotTrusted), 1U);
    EXPECT_NE(worker.log_lines().find("--proxy-protocol-from"), std::string::npos);
}

TEST(Opening, PutsTheHeaderBeforeTheHandshakeOnATlsPort) {
    FakeBroker broker;
    Config config = with_headers();
    config.tls.certificates.push_back({pki_path("server.crt"), pki_path("server.key")});
    for (const bool in_one_piece : {true, false}) {
        WorkerFixture worker(config, {&broker});
        SecuredPeer client = SecuredPeer::client(Peer::connect(worker.tls_port()));
        client.engine().handshake();
        const tls::Bytes hello = client.engine().take_output();
        const std::string text(reinterpret_cast<const char*>(hello.span().data()), hello.size());
        if (in_one_piece) {
            client.peer().send(std::string(kHeader) + text);
        } else {
            client.peer().send(kHeader);
            worker.stats();
            client.peer().send(text);
        }
        ASSERT_TRUE(client.shake_hands());
        client.send(connect_packet("both"));
        Peer upstream = broker.accept();
        EXPECT_NE(lines_of_relayed(worker).find("192.0.2.7:50123"), std::string::npos);
    }
}

TEST(Opening, BoundsTheTimeForTheHeader) {
    FakeBroker broker;
    Config config = with_headers();
    config.setup_timeout_ms = 100;
    WorkerFixture worker(config, {&broker});
    Peer client = worker.client();
    client.send(kHeader.substr(0, 10));
    EXPECT_EQ(client.receive_to_end(), "");
    EXPECT_EQ(refused(worker.stats(), Refusal::SetupTimeout), 1U);
}

}  // namespace
}  // namespace jumpgate
