// Worker, the access log: a line for everybody.
#include <algorithm>

#include "tests/proxy/lost_client.h"
#include "tests/proxy/secured_peer.h"

namespace jumpgate {
namespace {

bool nobody(const Stats& stats) { return stats.relays + stats.setups == 0; }

void expect_fields(const std::string& lines, std::initializer_list<const char*> fields) {
    for (const char* field : fields) {
        EXPECT_NE(lines.find(field), std::string::npos) << field << " in " << lines;
    }
}

TEST(WorkerAccess, TellsTheWholeStoryOfARelayedClient) {
    FakeBroker broker;
    WorkerFixture worker({}, {&broker});
    Peer client = worker.client();
    client.send(connect_packet("meter", 5));
    Peer upstream = broker.accept();
    const size_t connect_bytes = connect_packet("meter", 5).size();
    upstream.receive(connect_bytes);
    upstream.send(std::string("\x20\3\0\x87\0", 5));
    EXPECT_EQ(client.receive(5).size(), 5U);
    EXPECT_EQ(worker.access_lines(), "");  // not before its end
    client.reset();
    ASSERT_TRUE(worker.wait_for(nobody));
    const std::string lines = worker.access_lines();
    EXPECT_EQ(std::ranges::count(lines, '\n'), 1);
    const std::string sent = "bytes_up=" + std::to_string(connect_bytes) + " bytes_down=5 ";
    const std::string name = "broker=\"127.0.0.1:" + std::to_string(broker.port()) + "\"";
    expect_fields(lines, {" access ", "peer=\"127.0.0.1:", "client=\"meter\"", "mqtt=\"5.0\"",
                          "tls=0", "route=\"default\"", "upstream=\"default\"", "connack=\"0x87\"",
                          "duration_ms=", "end=\"client_reset\"", sent.c_str(), name.c_str()});
}

TEST(WorkerAccess, TellsOfTls) {
    FakeBroker broker;
    WorkerFixture worker(with_tls(), {&broker});
    {
        SecuredPeer client = SecuredPeer::client(Peer::connect(worker.tls_port()));
        ASSERT_TRUE(client.shake_hands());
        client.send(connect_packet("secured"));
        Peer upstream = broker.accept();
        ASSERT_TRUE(upstream.open());
        ASSERT_TRUE(worker.wait_for([](const Stats& stats) { return stats.relays == 1; }));
    }
    ASSERT_TRUE(worker.wait_for(nobody));
    expect_fields(worker.access_lines(), {"client=\"secured\"", "tls=1", "connack=\"none\""});
}

// The log of events holds lines back that anybody can cause in numbers; this one does not.
TEST(WorkerAccess, HasEveryRefusal) {
    FakeBroker broker;
    WorkerFixture worker({}, {&broker});
    constexpr int kClients = 30;
    for (int i = 0; i < kClients; ++i) {
        Peer client = worker.client();
        client.send("GET / HTTP/1.1\r\n\r\n");
        client.receive_to_end();
    }
    ASSERT_TRUE(worker.wait_for(nobody));
    const std::string lines = worker.access_lines();
    EXPECT_EQ(std::ranges::count(lines, '\n'), kClients);
    expect_fields(lines, {"peer=\"127.0.0.1:", "end=\"refused\" reason=\"http_request\""});
    EXPECT_EQ(lines.find("mqtt="), std::string::npos) << lines;
}

TEST(WorkerAccess, NamesTheBrokerThatCouldNotBeReached) {
    LostClient lost;
    const std::string broker = lost.broker_field();
    expect_fields(lost.worker().access_lines(),
                  {"client=\"lost\"", "mqtt=\"3.1.1\"", broker.c_str(), "route=\"default\"",
                   "reason=\"no_broker\""});
}

}  // namespace
}  // namespace jumpgate
