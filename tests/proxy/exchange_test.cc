// Exchange: receives and sends of a setup, where buffers are scarce and pieces are small.
#include "tests/proxy/secured_peer.h"

namespace jumpgate {
namespace {

TEST(Exchange, GetsThroughManyHandshakesWithHardlyAnyBuffers) {
    FakeBroker broker;
    Config config = with_tls(ClientAuth::Required);
    config.buffers = 16;
    config.buffer_bytes = 512;  // a ClientHello needs one, a client's last flight several
    config.relay_budget_bytes = 4'096;
    WorkerFixture worker(config, {&broker});
    std::vector<SecuredPeer> clients;
    for (int i = 0; i < 24; ++i) {
        clients.push_back(SecuredPeer::client(Peer::connect(worker.tls_port()), "client-chain"));
    }
    for (SecuredPeer& client : clients) {
        ASSERT_TRUE(client.shake_hands());
        client.send(connect_packet("many"));
    }
    EXPECT_TRUE(worker.wait_for([](const Stats& stats) { return stats.relays == 24; }));
}

TEST(Exchange, SeesAClientThatGoesAtAnyPointOfItsHandshake) {
    FakeBroker broker;
    Config config = with_tls();
    WorkerFixture worker(config, {&broker});
    uint64_t gone = 0;
    for (const bool with_reset : {false, true}) {
        for (const int stage : {0, 1, 2, 3}) {
            SecuredPeer client = SecuredPeer::client(Peer::connect(worker.tls_port()));
            if (stage == 1) {
                client.engine().handshake();
                const tls::Bytes hello = client.engine().take_output();
                const auto* bytes = reinterpret_cast<const char*>(hello.span().data());
                client.peer().send({bytes, hello.size() / 2});
            } else if (stage >= 2) {
                ASSERT_TRUE(client.shake_hands());
            }
            if (stage == 3) client.send(connect_packet("partial").substr(0, 5));
            if (with_reset) client.peer().reset();
            ++gone;
        }
    }
    EXPECT_TRUE(worker.wait_for([&](const Stats& stats) {
        return stats.refused[static_cast<size_t>(Refusal::ClientGone)] == gone && stats.setups == 0;
    }));
}

}  // namespace
}  // namespace jumpgate
