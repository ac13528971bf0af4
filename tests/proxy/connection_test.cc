// Connection: from the first byte to a broker or a refusal.
#include "core/proxy/connection.h"

#include "tests/proxy/worker_fixture.h"

namespace jumpgate {
namespace {

size_t refused(const Stats& stats, Refusal reason) {
    return stats.refused[static_cast<size_t>(reason)];
}

TEST(Connection, ForwardsAConnectThatComesByteByByteAndAllThatFollows) {
    FakeBroker broker;
    WorkerFixture worker({}, {&broker});
    Peer client = worker.client();
    const std::string sent = connect_packet("slow") + std::string("\xc0\0", 2);
    for (const char byte : sent) client.send({&byte, 1});
    Peer upstream = broker.accept();
    EXPECT_EQ(upstream.receive(sent.size()), sent);
    upstream.send("answer");
    EXPECT_EQ(client.receive(6), "answer");
}

TEST(Connection, ForwardsWhatIsPipelinedBehindTheConnect) {
    FakeBroker broker;
    WorkerFixture worker({}, {&broker});
    Peer client = worker.client();
    const std::string sent = connect_packet("eager") + std::string(200'000, 'p');
    client.send(sent);
    EXPECT_EQ(broker.accept().receive(sent.size()), sent);
}

TEST(Connection, OpensNoBrokerConnectionForABadFirstPacket) {
    FakeBroker broker;
    WorkerFixture worker({}, {&broker});
    const std::vector<std::pair<std::string, Refusal>> cases = {
        {"GET / HTTP/1.1\r\n\r\n", Refusal::HttpRequest},
        {std::string("\x16\x03\x01\x02\0\1", 6), Refusal::TlsHello},
        {"\x30", Refusal::NotMqtt},
        {std::string("\x11\x00", 2), Refusal::Malformed},
    };
    for (const auto& [bytes, reason] : cases) {
        Peer client = worker.client();
        client.send(bytes);
        EXPECT_EQ(client.receive_to_end(), "") << text(reason);
        EXPECT_EQ(refused(worker.stats(), reason), 1U) << text(reason);
    }
    EXPECT_FALSE(broker.accept(0).open());
}

TEST(Connection, AnswersAnUnknownLevelInTheLanguageOfItsTime) {
    FakeBroker broker;
    WorkerFixture worker({}, {&broker});
    Peer client = worker.client();
    client.send(connect_packet("future", 6));
    EXPECT_EQ(client.receive_to_end(), std::string("\x20\x02\0\1", 4));
    EXPECT_EQ(refused(worker.stats(), Refusal::UnsupportedVersion), 1U);
}

TEST(Connection, RefusesATooLargeConnectFromItsHeaderAlone) {
    FakeBroker broker;
    Config config;
    config.connect_size_max_bytes = 200;
    WorkerFixture worker(config, {&broker});
    Peer client = worker.client();
    client.send(connect_packet(std::string(300, 'x'), 5).substr(0, 20));
    EXPECT_EQ(client.receive_to_end(), std::string("\x20\x03\0\x95\0", 5));
    EXPECT_EQ(refused(worker.stats(), Refusal::TooLarge), 1U);
}

TEST(Connection, EndsASilentClientAtTheSetupTimeout) {
    FakeBroker broker;
    Config config;
    config.setup_timeout_ms = 100;
    WorkerFixture worker(config, {&broker});
    Peer silent = worker.client();
    Peer half = worker.client();
    half.send(connect_packet("half").substr(0, 5));
    EXPECT_EQ(silent.receive_to_end(), "");
    EXPECT_EQ(half.receive_to_end(), "");
    EXPECT_EQ(refused(worker.stats(), Refusal::SetupTimeout), 2U);
}

TEST(Connection, TellsOneTooManySoInItsOwnVersion) {
    FakeBroker broker;
    Config config;
    config.connections_max = 1;
    WorkerFixture worker(config, {&broker});
    Peer first = worker.client();
    first.send(connect_packet("first"));
    Peer upstream = broker.accept();
    Peer second = worker.client();
    second.send(connect_packet("second", 5));
    EXPECT_EQ(second.receive_to_end(), std::string("\x20\x03\0\x97\0", 5));
    EXPECT_EQ(refused(worker.stats(), Refusal::TooManyConnections), 1U);
}

TEST(Connection, LogsARefusalWithWhoWhereAndWhy) {
    FakeBroker broker;
    broker.close();
    Config config;
    WorkerFixture worker({}, {&broker});
    Peer client = worker.client();
    client.send(connect_packet("a\"b"));
    client.receive_to_end();
    const std::string lines = worker.log_lines();
    for (const char* part : {"refused", "reason=\"no_broker\"", "client=\"a\\\"b\"",
                             "phase=\"dial\"", "peer=\"127.0.0.1:"}) {
        EXPECT_NE(lines.find(part), std::string::npos) << part << " in " << lines;
    }
}

}  // namespace
}  // namespace jumpgate
