// Relay: how the two sides end.
#include "core/proxy/relay.h"

#include "tests/proxy/worker_fixture.h"

namespace jumpgate {
namespace {

// A client and its broker, joined.
struct Pair {
    explicit Pair(WorkerFixture& worker, FakeBroker& broker, std::string_view id = "relayed")
        : client(worker.client()) {
        client.send(connect_packet(id));
        upstream = broker.accept();
        EXPECT_EQ(upstream.receive(connect_packet(id).size()), connect_packet(id));
    }
    Peer client;
    Peer upstream;
};

bool no_relays(const Stats& stats) { return stats.relays == 0; }

TEST(Relay, PassesOnAHalfCloseAndKeepsTheOtherWayOpen) {
    FakeBroker broker;
    WorkerFixture worker({}, {&broker});
    Pair up(worker, broker);
    up.client.send("last words");
    up.client.shut_send();
    EXPECT_EQ(up.upstream.receive_to_end(), "last words");
    up.upstream.send("still here");
    EXPECT_EQ(up.client.receive(10), "still here");
    Pair down(worker, broker);
    down.upstream.send("bye");
    down.upstream.shut_send();
    EXPECT_EQ(down.client.receive_to_end(), "bye");
    down.client.send("not yet");
    EXPECT_EQ(down.upstream.receive(7), "not yet");
}

TEST(Relay, EndsWhenBothSidesHaveEnded) {
    FakeBroker broker;
    WorkerFixture worker({}, {&broker});
    Pair pair(worker, broker);
    pair.client.shut_send();
    EXPECT_EQ(pair.upstream.receive_to_end(), "");
    pair.upstream.shut_send();
    EXPECT_EQ(pair.client.receive_to_end(), "");
    EXPECT_TRUE(worker.wait_for(no_relays));
}

TEST(Relay, EndsTheBrokerSideAtOnceWhenTheClientVanishes) {
    FakeBroker broker;
    WorkerFixture worker({}, {&broker});
    Pair pair(worker, broker);
    pair.client.reset();
    EXPECT_EQ(pair.upstream.receive_to_end(), "");  // no DISCONNECT packet: the will must fire
    EXPECT_TRUE(worker.wait_for(no_relays));
    EXPECT_NE(worker.log_lines().find("end=\"client_reset\""), std::string::npos);
}

TEST(Relay, DeliversWhatAVanishedClientHadSent) {
    FakeBroker broker;
    WorkerFixture worker({}, {&broker});
    Pair pair(worker, broker);
    pair.client.send("published just in time");
    EXPECT_EQ(pair.upstream.receive(22), "published just in time");
    pair.client.reset();
    EXPECT_EQ(pair.upstream.receive_to_end(), "");
}

TEST(Relay, DeliversABrokersLastPacketToAClientThatKeepsSending) {
    FakeBroker broker;
    WorkerFixture worker({}, {&broker});
    Pair pair(worker, broker);
    pair.upstream.send("DISCONNECT 0x8E");
    pair.upstream = Peer();
    for (int i = 0; i < 5; ++i) pair.client.send(std::string(1000, 'x'));
    EXPECT_EQ(pair.client.receive_to_end(), "DISCONNECT 0x8E");
    EXPECT_FALSE(pair.client.was_reset());
}

// The send towards the broker may take the reset's error before the receive has seen anything.
TEST(Relay, EndsSoonWhereTheBrokerResetsBehindItsLastPacketAndTheClientKeepsSending) {
    for (int round = 0; round < 40; ++round) {
        FakeBroker broker;
        WorkerFixture worker({}, {&broker});
        Pair pair(worker, broker);
        pair.upstream.send(std::string(1000, 'a'));
        pair.client.send(std::string(1000, 'x'));  // unread: the close is a reset
        pair.upstream.send("last");
        pair.upstream.reset();
        pair.client.send(std::string(1000, 'x'));
        EXPECT_EQ(pair.client.receive_to_end(), std::string(1000, 'a') + "last") << round;
        ASSERT_TRUE(pair.client.saw_end()) << round;
        pair.client = Peer();
        EXPECT_TRUE(worker.wait_for([](const Stats& stats) { return stats.relays == 0; }));
    }
}

// The relay asks for the socket's error after "first", and learns of the reset before it has
// received "last".
TEST(Relay, DeliversWhatCameBetweenAnEmptySocketAndItsReset) {
    FakeBroker broker;
    WorkerFixture worker({}, {&broker});
    Pair pair(worker, broker);
    struct Act : Errand {
        Peer* upstream = nullptr;
    } first, last;
    first.upstream = last.upstream = &pair.upstream;
    first.run = [](Errand& act, Worker&) { static_cast<Act&>(act).upstream->send("first "); };
    last.run = [](Errand& act, Worker&) {
        static_cast<Act&>(act).upstream->send("last");
        static_cast<Act&>(act).upstream->reset();
    };
    worker.on_worker_in_one_turn(first, last);
    EXPECT_EQ(pair.client.receive_to_end(), "first last");
    EXPECT_TRUE(worker.wait_for(no_relays));
    EXPECT_NE(worker.log_lines().find("end=\"broker_reset\""), std::string::npos);
}

TEST(Relay, EndsTheClientWhenTheBrokerResets) {
    FakeBroker broker;
    WorkerFixture worker({}, {&broker});
    Pair pair(worker, broker);
    pair.upstream.reset();
    EXPECT_EQ(pair.client.receive_to_end(), "");
    EXPECT_TRUE(worker.wait_for(no_relays));
}

TEST(Relay, EndsAHalfClosedPairAtTheTimeout) {
    FakeBroker broker;
    Config config;
    config.half_close_timeout_s = 1;
    WorkerFixture worker(config, {&broker});
    Pair pair(worker, broker);
    pair.client.shut_send();
    EXPECT_EQ(pair.upstream.receive_to_end(), "");
    EXPECT_EQ(pair.client.receive_to_end(), "");  // the upstream never answers the end
    EXPECT_TRUE(worker.wait_for([](const Stats& s) { return s.half_close_timeouts == 1; }));
}

TEST(Relay, TellsTheStatisticsOfVersionsRoutesAndEnds) {
    FakeBroker broker;
    WorkerFixture worker({}, {&broker});
    {
        Pair pair(worker, broker);
        pair.upstream.send(std::string("\x20\2\0\0", 4));
        EXPECT_EQ(pair.client.receive(4).size(), 4U);
        const Stats now = worker.stats();
        EXPECT_EQ(now.mqtt_versions[1], 1U);
        ASSERT_EQ(now.routes.size(), 1U);
        EXPECT_EQ(now.routes[0].connections, 1U);
        EXPECT_EQ(now.nodes[0].connacks[static_cast<size_t>(Connack::Success)], 1U);
        pair.client.reset();
    }
    EXPECT_TRUE(worker.wait_for(no_relays));
    const Stats then = worker.stats();
    EXPECT_EQ(then.routes[0].connections, 0U);
    EXPECT_EQ(then.routes[0].connections_total, 1U);
    EXPECT_EQ(then.nodes[0].relays, 0U);
    EXPECT_EQ(then.nodes[0].relays_total, 1U);
    EXPECT_EQ(then.nodes[0].bytes_up, connect_packet("relayed").size());
    EXPECT_EQ(then.nodes[0].bytes_down, 4U);
    EXPECT_EQ(then.closed()[static_cast<size_t>(RelayEnd::ClientReset)], 1U);
}

}  // namespace
}  // namespace jumpgate
