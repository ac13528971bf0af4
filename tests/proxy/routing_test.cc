// Routing: weights, shares and failed dials together decide which brokers may have a client.
#include "core/proxy/routing.h"

#include "tests/proxy/worker_fixture.h"

namespace jumpgate {
namespace {

// One upstream with three brokers, and what a worker knows of them.
class RoutingTest : public testing::Test {
  protected:
    RoutingTest() {
        UpstreamConfig upstream;
        upstream.id = "u";
        upstream.type = Balance::ConsistentHash;
        upstream.nodes = {{"127.0.0.1", 1, 1}, {"127.0.0.1", 2, 1}, {"127.0.0.1", 3, 1}};
        objects_.upstreams = {upstream};
    }
    void make() {
        const Names names = literal_names(objects_);
        auto built = builder_.build({.objects = objects_, .names = names});
        snapshot_ = std::get<0>(std::move(built));
        snapshot_->holders = 1;
        health_.resize(snapshot_->brokers.size());
        routing_ = std::make_unique<Routing>(*snapshot_, board_, health_);
    }
    // Which nodes ("123") 1,000 keys find.
    std::string found(std::vector<uint16_t> tried = {}, uint64_t now_ms = 0) {
        std::array<bool, 3> seen{};
        for (uint64_t hash = 0; hash < 1'000; ++hash) {
            const auto choice = routing_->choose(0, hash * 0x9e37'79b9'7f4a'7c15u, tried, now_ms);
            if (choice) seen[choice->node] = true;
        }
        std::string out;
        for (size_t i = 0; i < 3; ++i) out += seen[i] ? std::to_string(i + 1) : "";
        return out;
    }

    Config config_;
    BrokerBoard board_;
    NodeHealth health_;
    Objects objects_;
    SnapshotBuilder builder_{config_, board_, tls::TicketKeys::random()};
    std::unique_ptr<Snapshot> snapshot_;
    std::unique_ptr<Routing> routing_;
};

TEST_F(RoutingTest, LeavesOutWhatChecksAndDialsSayIsDown) {
    make();
    EXPECT_EQ(found(), "123");
    board_.set(0, 0);
    EXPECT_EQ(found(), "23");
    health_.failed(1, 1, 1'000, 0);
    EXPECT_EQ(found(), "3");
    EXPECT_EQ(found({}, 1'000), "23") << "its time is over";
    board_.set(0, kShareFull);
    EXPECT_EQ(found({}, 1'000), "123");
}

TEST_F(RoutingTest, TriesABrokerAgainThatTheChecksPardon) {
    make();
    health_.failed(1, 1, 1'000, 0);
    EXPECT_EQ(found(), "13");
    board_.pardon(1);
    EXPECT_EQ(found(), "123");
}

TEST_F(RoutingTest, LeavesOutWhatThisClientTried) {
    make();
    EXPECT_EQ(found({0, 2}), "2");
    EXPECT_EQ(found({0, 1, 2}), "");
}

TEST_F(RoutingTest, TriesAnyWhereDialsFailedEverywhere) {
    make();
    for (uint16_t slot = 0; slot < 3; ++slot) health_.failed(slot, 1, 1'000, 0);
    EXPECT_EQ(found(), "123");
    board_.set(1, 0);
    EXPECT_EQ(found(), "13") << "the checks know better";
}

TEST_F(RoutingTest, RefusesWhereChecksFindNobodyUnlessTheUpstreamSaysOtherwise) {
    objects_.upstreams[0].active.emplace();
    make();
    for (uint16_t slot = 0; slot < 3; ++slot) board_.set(slot, 0);
    EXPECT_EQ(found(), "");
    objects_.upstreams[0].all_down = AllDown::UseAll;
    routing_.reset();
    make();
    EXPECT_EQ(found(), "123");
}

TEST_F(RoutingTest, CountsClientsOfAllWorkersForLeastConnections) {
    objects_.upstreams[0].type = Balance::LeastConnections;
    make();
    board_.clients[0] = 5;
    board_.clients[1] = 2;
    board_.clients[2] = 9;
    EXPECT_EQ(found(), "2");
}

TEST_F(RoutingTest, HoldsItsSnapshotUntilItsEnd) {
    make();
    EXPECT_EQ(snapshot_->holders, 1U);
    routing_.reset();
    EXPECT_EQ(snapshot_->holders, 0U);
}

}  // namespace
}  // namespace jumpgate
