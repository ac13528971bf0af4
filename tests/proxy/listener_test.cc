// Listener: accepting stops at a full table and goes on when a descriptor comes back.
#include "core/proxy/listener.h"

#include "tests/proxy/worker_fixture.h"

namespace jumpgate {
namespace {

class ListenerTest : public testing::TestWithParam<std::vector<std::string>> {};

TEST_P(ListenerTest, PausesAtAFullTableAndResumesWhenAClientLeaves) {
    FakeBroker broker;
    Config config;
    config.io_disabled = GetParam();
    WorkerFixture worker(config, {&broker}, 4);  // 8 clients at once, 4 of them with a broker
    std::vector<Peer> waiting;
    for (int i = 0; i < 12; ++i) waiting.push_back(worker.client());
    ASSERT_TRUE(worker.wait_for([](const Stats& stats) { return stats.accept_pauses >= 1; }));
    waiting.clear();
    ASSERT_TRUE(worker.wait_for([](const Stats& stats) { return stats.setups == 0; }));
    Peer client = worker.client();
    client.send(connect_packet("after"));
    EXPECT_TRUE(broker.accept().open());
}

INSTANTIATE_TEST_SUITE_P(Accepts, ListenerTest,
                         testing::Values(std::vector<std::string>{},
                                         std::vector<std::string>{"accept_multishot"},
                                         std::vector<std::string>{"peer_name"}));

TEST(Listener, TakesClientsOneByOneOnceTheTableWasFull) {
    FakeBroker broker;
    WorkerFixture worker({}, {&broker}, 4);  // 8 slots for clients
    std::vector<Peer> clients;
    for (int i = 0; i < 16; ++i) clients.push_back(worker.client());
    ASSERT_TRUE(worker.wait_for([](const Stats& stats) { return stats.accept_pauses == 1; }));
    for (uint64_t left = 1; left <= 5; ++left) {
        clients[left - 1] = Peer();  // each makes room for one that waits
        ASSERT_TRUE(
            worker.wait_for([&](const Stats& stats) { return stats.accepted() >= 8 + left; }));
    }
    EXPECT_EQ(worker.stats().accept_pauses, 1U);  // no further client was taken and reset
}

TEST(Listener, TellsWhereAClientComesFromEvenWithoutPeerNames) {
    FakeBroker gone;
    gone.close();
    Config config;
    config.io_disabled = {"peer_name"};
    WorkerFixture worker(config, {&gone});
    Peer client = worker.client();
    client.send(connect_packet("who"));
    client.receive_to_end();
    EXPECT_NE(worker.log_lines().find("peer=\"127.0.0.1:"), std::string::npos);
}

}  // namespace
}  // namespace jumpgate
