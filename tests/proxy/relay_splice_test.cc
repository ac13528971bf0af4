// Relays, the splicing half: promotion, demotion, fallback, and the order of bytes through all of
// it.
#include "tests/proxy/stream_check.h"

namespace jumpgate {
namespace {

struct Joined {
    Joined(const Config& config, FakeBroker& broker)
        : worker(config, {&broker}), client(worker.client()) {
        client.send(connect_packet("bulk"));
        upstream = broker.accept();
        upstream.receive(connect_packet("bulk").size());
    }
    WorkerFixture worker;
    Peer client;
    Peer upstream;
};

bool no_relays(const Stats& stats) { return stats.relays == 0; }

TEST(RelaySplice, PromotesAStreamAndDeliversItUnchanged) {
    FakeBroker broker;
    Joined joined({}, broker);
    expect_both_ways(joined.client, joined.upstream, 20'000'000, 300'000, 11);
    ASSERT_TRUE(joined.worker.wait_for(no_relays));
    const Stats stats = joined.worker.stats();
    for (const DirectionStats& direction : {stats.up, stats.down}) {
        EXPECT_GE(direction.splice_promotions, 1U);
        EXPECT_EQ(direction.splice_promotions, direction.splice_demotions);
        EXPECT_GT(direction.bytes_spliced, 1'000'000U);
    }
}

TEST(RelaySplice, SplicesFromTheFirstByteWhereToldTo) {
    FakeBroker broker;
    Config config;
    config.splice = SpliceMode::Always;
    Joined joined(config, broker);
    expect_both_ways(joined.client, joined.upstream, 2'000'000, 5'000, 13);
    ASSERT_TRUE(joined.worker.wait_for(no_relays));
    EXPECT_EQ(joined.worker.stats().up.bytes_spliced, 2'000'000U);
    EXPECT_EQ(joined.worker.stats().down.bytes_spliced, 2'000'000U);
}

TEST(RelaySplice, DoesNotStallOnASmallSendBuffer) {
    FakeBroker broker;
    Config config;
    config.splice = SpliceMode::Always;
    config.socket_send_bytes = 16'384;
    Joined joined(config, broker);
    expect_both_ways(joined.client, joined.upstream, 8'000'000, 300'000, 23);
    ASSERT_TRUE(joined.worker.wait_for(no_relays));
}

TEST(RelaySplice, GivesThePipeBackWhenTheStreamRestsAndPromotesAgain) {
    FakeBroker broker;
    Joined joined({}, broker);
    const std::string burst = seeded_bytes(4'000'000, 17);
    for (uint64_t round = 1; round <= 2; ++round) {
        std::thread sender([&] { joined.client.send(burst); });
        EXPECT_TRUE(joined.upstream.receive(burst.size()) == burst);
        sender.join();
        EXPECT_TRUE(joined.worker.wait_for([&](const Stats& stats) {
            return stats.up.splice_demotions >= round &&
                   stats.up.splice_demotions == stats.up.splice_promotions;
        }));
        joined.client.send("a message");
        EXPECT_EQ(joined.upstream.receive(9), "a message");
    }
}

TEST(RelaySplice, CopiesOnWhereThereIsNoPipe) {
    FakeBroker broker;
    Config config;
    config.pipes_max = 0;
    Joined joined(config, broker);
    expect_both_ways(joined.client, joined.upstream, 8'000'000, 300'000, 19);
    ASSERT_TRUE(joined.worker.wait_for(no_relays));
    EXPECT_EQ(joined.worker.stats().up.bytes_spliced, 0U);
    EXPECT_GE(joined.worker.stats().up.splice_fallbacks, 1U);
}

TEST(RelaySplice, EndsTheBrokerSideWhenTheClientVanishesMidStream) {
    FakeBroker broker;
    Joined joined({}, broker);
    std::thread sender([&] {
        const std::string block(1 << 20, 'd');
        while (::send(joined.upstream.fd(), block.data(), block.size(), MSG_NOSIGNAL) > 0) {
        }
    });
    ASSERT_TRUE(joined.worker.wait_for([&](const Stats& stats) {
        joined.client.receive(200'000);
        return stats.down.splice_promotions >= 1;
    }));
    joined.client.reset();
    sender.join();  // its send fails: the broker's side was ended
    EXPECT_TRUE(joined.worker.wait_for(no_relays));
}

TEST(RelaySplice, StopsCleanlyInTheMiddleOfAStream) {
    FakeBroker broker;
    Joined joined({}, broker);
    std::thread sender([&] {
        const std::string block(1 << 20, 'd');
        while (::send(joined.client.fd(), block.data(), block.size(), MSG_NOSIGNAL) > 0) {
        }
    });
    ASSERT_TRUE(joined.worker.wait_for([&](const Stats& stats) {
        joined.upstream.receive(200'000);
        return stats.up.splice_promotions >= 1;
    }));
    joined.worker.stop();
    sender.join();
}

}  // namespace
}  // namespace jumpgate
