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

// One upstream of `retries`, round robin over `dead`, a name with three addresses where nobody
// listens, and a living broker.
Objects dead_and_living(const FakeBroker& living, std::optional<uint32_t> retries, Names& names) {
    Objects objects;
    UpstreamConfig& upstream = objects.upstreams.emplace_back();
    upstream.id = "u";
    upstream.type = Balance::RoundRobin;
    upstream.nodes = {{"127.0.0.1", living.port(), 1}};
    upstream.retries = retries;
    names = literal_names(objects);
    upstream.nodes.insert(upstream.nodes.begin(), {"dead", 1, 1});
    ResolvedTarget& dead = names[{"dead", 1}].targets.emplace_back();
    dead.host = "dead";
    dead.port = 1;  // tcpmux: refused at once
    for (const char* address : {"127.0.0.1", "127.0.0.2", "127.0.0.3"}) {
        dead.addresses.push_back(*Address::parse(address, 1));
    }
    StreamRouteConfig& route = objects.stream_routes.emplace_back();
    route.id = "r";
    route.upstream_id = "u";
    return objects;
}

TEST(Dial, CountsABrokerOnceHoweverManyAddressesItHas) {
    FakeBroker broker;
    Config config;
    config.fail_max = 0;  // never marked down: every second client begins with the dead one
    Names names;
    for (const std::optional<uint32_t> retries : {std::optional<uint32_t>(), {1U}}) {
        WorkerFixture worker(config, {&broker});
        ASSERT_EQ(worker.apply(dead_and_living(broker, retries, names), names), "");
        for (int i = 0; i < 4; ++i) {
            Peer client = worker.client();
            client.send(connect_packet("c"));
            EXPECT_TRUE(broker.accept().open()) << "client " << i;
        }
    }
}

TEST(Dial, TriesAllAddressesOfTheOneBrokerThatIsAllowed) {
    FakeBroker broker;
    Names names;
    Objects objects = dead_and_living(broker, 0, names);
    objects.upstreams[0].nodes = {{"dead", 1, 1}};
    ResolvedTarget& target = names[{"dead", 1}].targets[0];
    target.addresses.push_back(*Address::parse("127.0.0.1", broker.port()));
    Config config;
    config.fail_max = 0;
    WorkerFixture worker(config, {&broker});
    ASSERT_EQ(worker.apply(objects, names), "");
    Peer client = worker.client();
    client.send(connect_packet("c"));
    EXPECT_TRUE(broker.accept().open());

    // And no other broker: retries is 0.
    target.addresses.pop_back();
    objects.upstreams[0].nodes.push_back({"127.0.0.1", broker.port(), 1});
    ASSERT_EQ(worker.apply(objects, names), "");
    size_t refused = 0;
    for (int i = 0; i < 2; ++i) {
        Peer other = worker.client();
        other.send(connect_packet("c"));
        if (!broker.accept(200).open()) refused += other.receive_to_end().empty() ? 0 : 1;
    }
    EXPECT_EQ(refused, 1U) << "the dead one had its turn";
    EXPECT_EQ(worker.stats().refused[static_cast<size_t>(Refusal::NoBroker)], 1U);
}

TEST(Dial, WastesNoAttemptOnNamesThatWereNeverResolved) {
    FakeBroker broker;
    Names names;
    Objects objects = dead_and_living(broker, 0, names);
    objects.upstreams[0].nodes = {{"127.0.0.1", broker.port(), 1}};
    for (int i = 0; i < 40; ++i) {  // more than one client may try
        objects.upstreams[0].nodes.push_back({"unknown-" + std::to_string(i), 1883, 1});
    }
    WorkerFixture worker(Config(), {&broker});
    ASSERT_EQ(worker.apply(objects, names), "");
    for (int i = 0; i < 45; ++i) {
        Peer client = worker.client();
        client.send(connect_packet("c"));
        ASSERT_TRUE(broker.accept().open()) << "client " << i;
    }
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
