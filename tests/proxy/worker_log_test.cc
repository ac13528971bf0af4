// Worker, the log: what an operator can read of a connection.
#include "tests/proxy/lost_client.h"
#include "tests/proxy/secured_peer.h"

namespace jumpgate {
namespace {

TEST(WorkerLog, SaysWhoTheClientIs) {
    FakeBroker broker;
    Config config = with_tls(ClientAuth::Required);
    WorkerFixture worker(config, {&broker});
    SecuredPeer client = SecuredPeer::client(Peer::connect(worker.tls_port()), "client");
    ASSERT_TRUE(client.shake_hands());
    client.send(connect_packet("anything"));
    Peer upstream = broker.accept();
    ASSERT_TRUE(upstream.open());
    EXPECT_TRUE(worker.wait_for([](const Stats& stats) { return stats.relays == 1; }));
    const std::string lines = worker.log_lines();
    for (const char* field : {"tls=\"TLSv1.3\"", "sni=\"localhost\"", "cert_cn=\"client\"",
                              "urn:example:device:client,", "cert_sha256=\""}) {
        EXPECT_NE(lines.find(field), std::string::npos) << field << " in " << lines;
    }
}

TEST(WorkerLog, NamesTheCauseOfARefusalAsTheStatisticsDo) {
    FakeBroker broker;
    Config config = with_tls(ClientAuth::Required);
    WorkerFixture worker(config, {&broker});
    SecuredPeer client = SecuredPeer::client(Peer::connect(worker.tls_port()), "expired-client");
    client.shake_hands();
    client.receive_to_end();
    EXPECT_TRUE(worker.wait_for([](const Stats& stats) { return stats.setups == 0; }));
    const std::string lines = worker.log_lines();
    EXPECT_NE(lines.find("reason=\"handshake_failed\""), std::string::npos) << lines;
    EXPECT_NE(lines.find("cause=\"expired\""), std::string::npos) << lines;
    EXPECT_NE(lines.find("cert_cn_claimed=\"expired-client\""), std::string::npos) << lines;
}

TEST(WorkerLog, NamesTheBrokerThatCouldNotBeReached) {
    LostClient lost;
    const std::string lines = lost.worker().log_lines();
    EXPECT_NE(lines.find(lost.broker_field()), std::string::npos) << lines;
    const size_t refused = lines.find("refused ");
    ASSERT_NE(refused, std::string::npos) << lines;
    EXPECT_NE(lines.find("route=\"default\"", refused), std::string::npos) << lines;
}

TEST(WorkerLog, NamesTheRuleByWhichABrokerWasFoundDown) {
    Config config;
    config.fail_max = 1;
    LostClient lost(config);
    const std::string lines = lost.worker().log_lines();
    const size_t down = lines.find("broker_down ");
    ASSERT_NE(down, std::string::npos) << lines;
    const std::string line = lines.substr(down, lines.find('\n', down) - down);
    EXPECT_NE(line.find("upstream=\"default\" route=\"default\""), std::string::npos) << line;
}

}  // namespace
}  // namespace jumpgate
