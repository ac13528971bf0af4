// Dial: from a CONNECT to a broker that has it.
#include "tests/proxy/worker_fixture.h"

namespace jumpgate {
namespace {

TEST(Dial, TriesADifferentNodeWhereTheFirstRefuses) {
    FakeBroker gone;
    FakeBroker alive;
    const std::string id = id_for_first_node({gone.port(), alive.port()});
    gone.close();
    WorkerFixture worker({}, {&gone, &alive});
    Peer client = worker.client();
    client.send(connect_packet(id));
    EXPECT_EQ(alive.accept().receive(connect_packet(id).size()), connect_packet(id));
    const Stats stats = worker.stats();
    EXPECT_EQ(stats.nodes[0].dial_failures, 1U);
    EXPECT_EQ(stats.nodes[1].dials, 1U);
}

TEST(Dial, MarksANodeDownAndGoesStraightToTheOther) {
    FakeBroker gone;
    FakeBroker alive;
    const std::string id = id_for_first_node({gone.port(), alive.port()});
    gone.close();
    Config config;
    config.fail_max = 1;
    WorkerFixture worker(config, {&gone, &alive});
    for (int i = 0; i < 3; ++i) {
        Peer client = worker.client();
        client.send(connect_packet(id));
        EXPECT_TRUE(alive.accept().open());
    }
    const Stats stats = worker.stats();
    EXPECT_EQ(stats.nodes[0].dials, 1U);
    EXPECT_TRUE(stats.nodes[0].down);
    EXPECT_NE(worker.log_lines().find("broker_down"), std::string::npos);
}

TEST(Dial, SaysServerUnavailableInEachVersionWhereNoBrokerAnswers) {
    FakeBroker gone;
    gone.close();
    WorkerFixture worker({}, {&gone});
    Peer old = worker.client();
    old.send(connect_packet("v311", 4));
    EXPECT_EQ(old.receive_to_end(), std::string("\x20\x02\0\3", 4));
    Peer young = worker.client();
    young.send(connect_packet("v5", 5));
    EXPECT_EQ(young.receive_to_end(), std::string("\x20\x03\0\x88\0", 5));
}

TEST(Dial, GivesUpOnABlackholeAtTheDialTimeout) {
    FakeBroker blackhole(0);  // its queue is filled below: further SYNs are dropped
    Peer filler1 = Peer::connect(blackhole.port());
    Config config;
    config.dial_timeout_ms = 100;
    WorkerFixture worker(config, {&blackhole});
    Peer client = worker.client();
    client.send(connect_packet("lost", 5));
    const std::string answer = client.receive_to_end();
    EXPECT_EQ(answer, std::string("\x20\x03\0\x88\0", 5));
    EXPECT_EQ(worker.stats().nodes[0].dial_failures, 1U);
}

TEST(Dial, ComesFromTheGivenSourceAddressesInTurn) {
    FakeBroker broker;
    Config config;
    config.source_addresses = {"127.0.0.7", "127.0.0.8"};
    WorkerFixture worker(config, {&broker});
    std::vector<std::string> sources;
    std::vector<Peer> peers;
    for (int i = 0; i < 2; ++i) {
        peers.push_back(worker.client());
        peers.back().send(connect_packet("c" + std::to_string(i)));
        peers.push_back(broker.accept());
        Address from;
        socklen_t length = sizeof from.v6;
        getpeername(peers.back().fd(), &from.any, &length);
        from.length = length;
        sources.push_back(from.host());
    }
    EXPECT_EQ(sources, (std::vector<std::string>{"127.0.0.7", "127.0.0.8"}));
}

TEST(Dial, TriesWhatIsMarkedDownWhereAllAre) {
    FakeBroker gone;
    gone.close();
    Config config;
    config.fail_max = 1;
    WorkerFixture worker(config, {&gone});
    for (uint64_t i = 1; i <= 3; ++i) {
        Peer client = worker.client();
        client.send(connect_packet("c"));
        client.receive_to_end();
        EXPECT_EQ(worker.stats().nodes[0].dials, i);
    }
}

TEST(Dial, SaysServerBusyWhereOurOwnDescriptorsAreShort) {
    FakeBroker broker;
    Config config;
    config.connections_max = 10;
    WorkerFixture worker(config, {&broker}, 1);
    Peer first = worker.client();
    first.send(connect_packet("first"));
    Peer upstream = broker.accept();
    Peer second = worker.client();
    second.send(connect_packet("second", 5));
    EXPECT_EQ(second.receive_to_end(), std::string("\x20\x03\0\x89\0", 5));
    const Stats stats = worker.stats();
    EXPECT_EQ(stats.refused[static_cast<size_t>(Refusal::ServerBusy)], 1U);
    EXPECT_EQ(stats.nodes[0].dial_failures, 0U);  // not the broker's fault
}

// The broker reads late and the send buffer is tiny: the first send cannot take all at once.
TEST(Dial, SendsALargeConnectThroughASmallSendBuffer) {
    FakeBroker broker;
    Config config;
    config.socket_send_bytes = 4096;
    config.connect_size_max_bytes = 1'000'000;
    WorkerFixture worker(config, {&broker});
    Peer client = worker.client();
    const std::string sent = connect_packet(std::string(9'000, 'i')) + std::string(600'000, 'p');
    std::thread sender([&] { client.send(sent); });
    Peer upstream = broker.accept();
    EXPECT_TRUE(upstream.receive(sent.size()) == sent);
    sender.join();
    EXPECT_EQ(worker.stats().nodes[0].dials, 1U);
}

TEST(Dial, LeavesAloneADrainedNode) {
    FakeBroker drained;
    FakeBroker alive;
    Config config;
    config.brokers = {{"127.0.0.1", drained.port(), 0}, {"127.0.0.1", alive.port(), 1}};
    WorkerFixture worker(config, {});
    for (int i = 0; i < 20; ++i) {
        Peer client = worker.client();
        client.send(connect_packet("c" + std::to_string(i)));
        EXPECT_TRUE(alive.accept().open());
    }
    EXPECT_EQ(worker.stats().nodes[0].dials, 0U);
}

}  // namespace
}  // namespace jumpgate
