// Introduce: brokers are told who the client is.
#include <netinet/in.h>
#include <sys/socket.h>

#include "core/proxy/proxy_header.h"
#include "tests/proxy/secured_peer.h"

namespace jumpgate {
namespace {

std::string port_of(const Peer& peer, bool own) {
    sockaddr_in name{};
    socklen_t length = sizeof name;
    auto* any = reinterpret_cast<sockaddr*>(&name);
    (own ? getsockname : getpeername)(peer.fd(), any, &length);
    return std::to_string(ntohs(name.sin_port));
}

TEST(Introduce, PutsAVersion1HeaderBeforeTheConnect) {
    FakeBroker broker;
    Config config;
    config.proxy_protocol.send = SendProxy::V1;
    WorkerFixture worker(config, {&broker});
    Peer client = worker.client();
    const std::string packet = connect_packet("known");
    client.send(packet);
    const std::string header = "PROXY TCP4 127.0.0.1 127.0.0.1 " + port_of(client, true) + " " +
                               port_of(client, false) + "\r\n";
    EXPECT_EQ(broker.accept().receive(header.size() + packet.size()), header + packet);
}

TEST(Introduce, PassesOnWhatATrustedHeaderSaid) {
    FakeBroker broker;
    Config config;
    config.proxy_protocol.from = {"127.0.0.1"};
    config.proxy_protocol.send = SendProxy::V1;
    WorkerFixture worker(config, {&broker});
    Peer client = worker.client();
    const std::string sent =
        "PROXY TCP6 2001:db8::7 2001:db8::1 50123 1883\r\n" + connect_packet("chained");
    client.send(sent);
    EXPECT_EQ(broker.accept().receive(sent.size()), sent);
}

TEST(Introduce, WritesAVersion2HeaderThatReadsBack) {
    for (const SendProxy version : {SendProxy::V2, SendProxy::V2Tls}) {
        FakeBroker broker;
        Config config = with_tls(ClientAuth::Required);
        config.proxy_protocol.send = version;
        WorkerFixture worker(config, {&broker});
        SecuredPeer client = SecuredPeer::client(Peer::connect(worker.tls_port()), "client");
        ASSERT_TRUE(client.shake_hands());
        const std::string packet = connect_packet("certified");
        client.send(packet);
        Peer upstream = broker.accept();
        const std::string fixed = upstream.receive(16);
        const size_t rest =
            static_cast<uint8_t>(fixed[14]) * 256U + static_cast<uint8_t>(fixed[15]);
        const std::string header = fixed + upstream.receive(rest);
        const ProxyHeaderRead result =
            parse_proxy_header({reinterpret_cast<const uint8_t*>(header.data()), header.size()});
        const auto* parsed = std::get_if<ProxyHeader>(&result);
        ASSERT_NE(parsed, nullptr);
        EXPECT_EQ(std::to_string(parsed->source.port()), port_of(client.peer(), true));
        EXPECT_EQ(std::to_string(parsed->destination.port()), port_of(client.peer(), false));
        const bool tls = version == SendProxy::V2Tls;
        EXPECT_EQ(header.find("TLSv1.3") != std::string::npos, tls);
        EXPECT_EQ(header.find("localhost") != std::string::npos, tls);
        EXPECT_EQ(header.find("client") != std::string::npos, tls);
        EXPECT_EQ(upstream.receive(packet.size()), packet);
    }
}

TEST(Introduce, GivesABrokerOverTlsTheHeaderBeforeTheHandshake) {
    FakeBroker broker;
    Config config;
    config.brokers.push_back({"127.0.0.1", broker.port(), 1, true, "localhost"});
    config.upstream_tls.ca_file = pki_path("ca.crt");
    config.proxy_protocol.send = SendProxy::V1;
    WorkerFixture worker(config, {});
    Peer client = worker.client();
    client.send(connect_packet("layered"));
    Peer raw = broker.accept();
    const std::string header = "PROXY TCP4 127.0.0.1 127.0.0.1 " + port_of(client, true) + " " +
                               port_of(client, false) + "\r\n";
    EXPECT_EQ(raw.receive(header.size()), header);
    SecuredPeer upstream = SecuredPeer::server(std::move(raw));
    ASSERT_TRUE(upstream.shake_hands());
    EXPECT_EQ(upstream.receive(2), connect_packet("layered").substr(0, 2));
}

}  // namespace
}  // namespace jumpgate
