// Relays, the copying half: order, backpressure, and readers that stop.
#include "tests/proxy/stream_check.h"

namespace jumpgate {
namespace {

struct Shape {
    uint32_t buffer_bytes;
    uint32_t budget_bytes;
    uint32_t buffers;
    size_t piece_max;
    std::vector<std::string> disabled;
};

class RelayCopyTest : public testing::TestWithParam<Shape> {};

TEST_P(RelayCopyTest, MovesAllBytesBothWaysUnchanged) {
    FakeBroker broker;
    Config config;
    config.splice = SpliceMode::Never;
    config.buffer_bytes = GetParam().buffer_bytes;
    config.relay_budget_bytes = GetParam().budget_bytes;
    config.buffers = GetParam().buffers;
    config.io_disabled = GetParam().disabled;
    WorkerFixture worker(config, {&broker});
    Peer client = worker.client();
    client.send(connect_packet("bulk"));
    Peer upstream = broker.accept();
    upstream.receive(connect_packet("bulk").size());
    expect_both_ways(client, upstream, 3'000'000, GetParam().piece_max, 7);
    EXPECT_TRUE(worker.wait_for([](const Stats& stats) { return stats.relays == 0; }));
    EXPECT_EQ(worker.stats().up.bytes_spliced + worker.stats().down.bytes_spliced, 0U);
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, RelayCopyTest,
    testing::Values(Shape{4096, 65'536, 256, 100'000, {}}, Shape{512, 512, 16, 3'000, {}},
                    Shape{65'536, 65'536, 16, 200'000, {}}, Shape{4096, 16'384, 64, 50, {}},
                    Shape{4096, 65'536, 256, 100'000, {"recv_budget"}},
                    Shape{4096, 65'536, 256, 100'000, {"recv_multishot", "fd_install"}}));

// More readers stop than the shared buffers can hold the bytes of: others must go on.
TEST(RelayCopy, SpillsStuckSendsSoThatOthersAreServed) {
    constexpr size_t kStuck = 12;
    constexpr size_t kBytes = 1'000'000;
    FakeBroker broker;
    Config config;
    config.splice = SpliceMode::Never;
    config.buffers = 64;
    config.buffer_bytes = 4096;
    config.socket_send_bytes = config.socket_receive_bytes = 4096;
    WorkerFixture worker(config, {&broker});
    std::vector<Peer> clients;
    std::vector<Peer> upstreams;
    std::vector<std::thread> senders;
    const std::string sent = seeded_bytes(kBytes, 3);
    upstreams.reserve(kStuck);
    for (size_t i = 0; i < kStuck; ++i) {
        clients.push_back(worker.client(4096));
        clients.back().send(connect_packet("stuck" + std::to_string(i)));
        upstreams.push_back(broker.accept());
        senders.emplace_back(
            [&sent, &peer = upstreams.back()] { send_in_pieces(peer, sent, 900, 5); });
    }
    EXPECT_TRUE(
        worker.wait_for([](const Stats& s) { return s.buffer_exhaustions > 0 && s.spills > 0; }));

    Peer client = worker.client();
    client.send(connect_packet("lively"));
    Peer upstream = broker.accept();
    upstream.receive(connect_packet("lively").size());
    for (int i = 0; i < 50; ++i) {
        client.send("ping");
        EXPECT_EQ(upstream.receive(4), "ping");
    }
    // The stuck ones wake up: nothing is lost or out of order.
    for (Peer& stuck : clients) EXPECT_TRUE(stuck.receive(kBytes) == sent);
    for (std::thread& sender : senders) sender.join();
}

}  // namespace
}  // namespace jumpgate
