// Worker: statistics by message, drain, stop. What it holds is home at its end: it CHECKs that.
#include "core/proxy/worker.h"

#include "tests/proxy/worker_fixture.h"

namespace jumpgate {
namespace {

TEST(Worker, ReportsWhatItCounts) {
    FakeBroker broker;
    WorkerFixture worker({}, {&broker});
    Peer client = worker.client();
    client.send(connect_packet("counted"));
    Peer upstream = broker.accept();
    ASSERT_TRUE(worker.wait_for([](const Stats& stats) { return stats.relays == 1; }));
    const Stats stats = worker.stats();
    EXPECT_EQ(stats.accepted(), 1U);
    EXPECT_EQ(stats.setups, 0U);
    EXPECT_EQ(stats.nodes[0].relays, 1U);
    EXPECT_EQ(stats.up.bytes, connect_packet("counted").size()) << "counted while it lives";
    client = Peer();
    upstream = Peer();
    ASSERT_TRUE(worker.wait_for([](const Stats& after) { return after.relays == 0; }));
    EXPECT_EQ(worker.stats().up.bytes, connect_packet("counted").size());
}

TEST(Worker, DrainsByWaitingForItsClients) {
    FakeBroker broker;
    WorkerFixture worker({}, {&broker});
    Peer client = worker.client();
    client.send(connect_packet("staying"));
    Peer upstream = broker.accept();
    ASSERT_TRUE(worker.wait_for([](const Stats& stats) { return stats.relays == 1; }));
    worker.drain();
    client.send("ping");
    upstream.receive(connect_packet("staying").size());
    EXPECT_EQ(upstream.receive(4), "ping");
    EXPECT_FALSE(worker.ended());
    client = Peer();
    upstream = Peer();
    EXPECT_TRUE(worker.wait_for_end());
}

TEST(Worker, StopsInEveryPhaseAtOnce) {
    FakeBroker broker;
    FakeBroker blackhole(0);
    Peer filler = Peer::connect(blackhole.port());
    Config config;
    config.brokers = {{"127.0.0.1", broker.port(), 1}, {"127.0.0.1", blackhole.port(), 1}};
    WorkerFixture worker(config, {});
    std::vector<Peer> clients;
    clients.push_back(worker.client());  // silent
    clients.push_back(worker.client());  // half a CONNECT
    clients.back().send(connect_packet("half").substr(0, 9));
    for (int i = 0; i < 20; ++i) {  // relayed, and dialling into the blackhole
        clients.push_back(worker.client());
        clients.back().send(connect_packet("c" + std::to_string(i)));
    }
    ASSERT_TRUE(worker.wait_for(
        [](const Stats& stats) { return stats.accepted() == 22 && stats.relays > 0; }));
    worker.stop();
}

TEST(Worker, SpreadsClientsWithoutAnIdOverAllBrokers) {
    FakeBroker one;
    FakeBroker two;
    WorkerFixture worker({}, {&one, &two});
    std::vector<Peer> clients;
    for (int i = 0; i < 40; ++i) {
        clients.push_back(worker.client());
        clients.back().send(connect_packet(""));
    }
    ASSERT_TRUE(worker.wait_for([](const Stats& stats) { return stats.relays == 40; }));
    const Stats stats = worker.stats();
    EXPECT_GE(stats.nodes[0].relays, 5U);
    EXPECT_GE(stats.nodes[1].relays, 5U);
}

}  // namespace
}  // namespace jumpgate
