// SnapshotBuilder: objects and names become a snapshot, and slots keep their meaning over
// snapshots.
#include "core/proxy/snapshot_builder.h"

#include <limits>

#include "tests/proxy/worker_fixture.h"

namespace jumpgate {
namespace {

UpstreamConfig upstream(std::string id, std::vector<BrokerAddress> nodes) {
    UpstreamConfig config;
    config.id = std::move(id);
    config.type = Balance::ConsistentHash;
    config.nodes = std::move(nodes);
    return config;
}

StreamRouteConfig route(std::string id, std::string upstream_id) {
    StreamRouteConfig config;
    config.id = std::move(id);
    config.upstream_id = std::move(upstream_id);
    return config;
}

ResolvedTarget target(std::string host, uint16_t port) {
    ResolvedTarget target;
    target.host = std::move(host);
    target.port = port;
    target.addresses = {*Address::parse("127.0.0.1", port)};
    return target;
}

class Builder {
  public:
    std::string build(const Objects& objects, const Names& names) {
        SnapshotBuilder::Request request{.objects = objects, .names = names};
        request.previous = snapshots.empty() ? nullptr : snapshots.back().get();
        request.oldest_version = oldest_version;
        request.read_files = read_files;
        auto built = builder.build(request);
        if (const Problem* problem = std::get_if<Problem>(&built)) return problem->text;
        snapshots.push_back(std::get<0>(std::move(built)));
        return {};
    }
    std::string build(const Objects& objects) { return build(objects, literal_names(objects)); }
    const Snapshot& newest() const { return *snapshots.back(); }
    // The slot of a broker; fails the test where there is none.
    uint16_t slot(std::string_view upstream_id, std::string_view name) const {
        for (uint16_t slot = 0; slot < newest().brokers.size(); ++slot) {
            const Broker& broker = newest().brokers[slot];
            if (broker.upstream == upstream_id && broker.name == name) return slot;
        }
        ADD_FAILURE() << upstream_id << " has no " << name;
        return 0;
    }

    Config config;
    BrokerBoard board;
    uint64_t oldest_version = 0;
    bool read_files = true;
    SnapshotBuilder builder{config, board, tls::TicketKeys::random()};
    std::vector<std::unique_ptr<Snapshot>> snapshots;
};

const BrokerAddress kA{"127.0.0.1", 1883, 1};
const BrokerAddress kB{"127.0.0.1", 1884, 5};
const BrokerAddress kC{"127.0.0.1", 1885, 1};

TEST(SnapshotBuilder, BuildsRoutesUpstreamsAndBrokers) {
    Builder builder;
    Objects objects;
    objects.upstreams = {upstream("u", {kA, kB}), upstream("v", {kA})};
    objects.upstreams[0].connect_timeout_ms = 70;
    objects.upstreams[0].retries = 1;
    objects.stream_routes = {route("r", "v")};
    ASSERT_EQ(builder.build(objects), "");
    const Snapshot& snapshot = builder.newest();
    EXPECT_EQ(snapshot.version, 1U);
    ASSERT_EQ(snapshot.routes.routes().size(), 1U);
    EXPECT_EQ(snapshot.routes.routes()[0].upstream, 1);
    EXPECT_EQ(snapshot.upstreams[0].dial_timeout_ms, 70U);
    EXPECT_EQ(snapshot.upstreams[0].dial_attempts_max, 2U);
    EXPECT_EQ(snapshot.upstreams[1].dial_timeout_ms, builder.config.dial_timeout_ms);
    EXPECT_NE(builder.slot("u", "127.0.0.1:1883"), builder.slot("v", "127.0.0.1:1883"))
        << "upstreams share no counters";
    EXPECT_EQ(snapshot.brokers[builder.slot("u", "127.0.0.1:1884")].weight, 5U);
}

TEST(SnapshotBuilder, RefusesARouteToNowhereAndKeepsItsVersion) {
    Builder builder;
    Objects objects;
    objects.stream_routes = {route("r", "nobody")};
    EXPECT_EQ(builder.build(objects), "stream_route r: there is no upstream nobody");
    objects.upstreams = {upstream("nobody", {kA})};
    ASSERT_EQ(builder.build(objects), "");
    EXPECT_EQ(builder.newest().version, 1U);
}

TEST(SnapshotBuilder, KeepsTheNameOfAnUnlistedBrokerWhileItHasClients) {
    Builder builder;
    Objects objects;
    objects.upstreams = {upstream("u", {kA, kB})};
    ASSERT_EQ(builder.build(objects), "");
    const uint16_t gone = builder.slot("u", "127.0.0.1:1884");
    builder.board.clients[gone] = 1;
    objects.upstreams[0].nodes = {kA};
    builder.oldest_version = 1;
    ASSERT_EQ(builder.build(objects), "");
    EXPECT_FALSE(builder.newest().brokers[gone].listed);
    EXPECT_EQ(builder.newest().brokers[gone].name, "127.0.0.1:1884");

    builder.oldest_version = 2;
    objects.upstreams[0].nodes = {kA, kC};
    ASSERT_EQ(builder.build(objects), "");
    EXPECT_NE(builder.slot("u", "127.0.0.1:1885"), gone) << "its slot was given away";

    builder.board.clients[gone] = 0;
    builder.oldest_version = 3;
    objects.upstreams[0].nodes = {kA, kC, {"127.0.0.1", 1886, 1}};
    ASSERT_EQ(builder.build(objects), "");
    EXPECT_EQ(builder.slot("u", "127.0.0.1:1886"), gone);
}

TEST(SnapshotBuilder, GivesAWayNoSlotThatAnOlderSnapshotListsAndIsHeld) {
    Builder builder;
    Objects objects;
    objects.upstreams = {upstream("u", {kA, kB})};
    ASSERT_EQ(builder.build(objects), "");
    const uint16_t gone = builder.slot("u", "127.0.0.1:1884");
    objects.upstreams[0].nodes = {kA};
    ASSERT_EQ(builder.build(objects), "");
    builder.oldest_version = 1;  // a client is being set up by the first
    objects.upstreams[0].nodes = {kA, kC};
    ASSERT_EQ(builder.build(objects), "");
    EXPECT_NE(builder.slot("u", "127.0.0.1:1885"), gone);
}

TEST(SnapshotBuilder, UnfoldsSrvTargetsAndKeepsThePlaceOfANameWithoutAddress) {
    Builder builder;
    Objects objects;
    objects.upstreams = {upstream("u", {{"_mqtt._tcp.fleet", 0, 2}, {"later", 1883, 1}})};
    Names names;
    names[{"_mqtt._tcp.fleet", 0}].targets = {target("broker-0", 1883), target("broker-1", 1884)};
    names[{"later", 1883}].problem = "no such name";
    ASSERT_EQ(builder.build(objects, names), "");
    const std::span<const Node> nodes = builder.newest().routes.upstreams()[0].nodes();
    ASSERT_EQ(nodes.size(), 3U);
    EXPECT_EQ(nodes[0].name, "broker-0:1883");
    EXPECT_EQ(nodes[1].weight, 2U);
    EXPECT_EQ(nodes[2].name, "later:1883");
    const Broker& later = builder.newest().brokers[nodes[2].slot];
    EXPECT_TRUE(later.addresses.empty());
    EXPECT_EQ(later.problem, "no such name");
}

TEST(SnapshotBuilder, KeepsTheContextsOfUpstreamsAmongOthersThatComeAndGo) {
    Builder builder;
    Objects objects;
    objects.upstreams = {upstream("plain", {kA}), upstream("secured", {kA}), upstream("u", {kB})};
    objects.upstreams[1].scheme_tls = true;
    objects.upstreams[1].tls.verify = UpstreamVerify::None;
    ASSERT_EQ(builder.build(objects), "");
    const tls::ClientContextRef first = builder.newest().upstreams[1].context;
    ASSERT_NE(first, nullptr);
    EXPECT_EQ(builder.newest().upstreams[0].context, nullptr);

    builder.read_files = false;
    objects.upstreams.insert(objects.upstreams.begin(), upstream("a", {kC}));
    ASSERT_EQ(builder.build(objects), "");
    EXPECT_EQ(builder.newest().upstreams[2].context, first);
    EXPECT_EQ(builder.newest().upstreams[1].context, nullptr);
    EXPECT_EQ(builder.newest().credentials.upstreams.size(), 4U);
    objects.upstreams.erase(objects.upstreams.begin(), objects.upstreams.begin() + 2);
    ASSERT_EQ(builder.build(objects), "");
    EXPECT_EQ(builder.newest().upstreams[0].context, first);
    EXPECT_EQ(builder.newest().upstreams[1].context, nullptr);

    objects.upstreams[1].scheme_tls = true;  // one more over TLS: all are made again
    ASSERT_EQ(builder.build(objects), "");
    EXPECT_NE(builder.newest().upstreams[0].context, first);
    EXPECT_NE(builder.newest().upstreams[1].context, nullptr);
}

TEST(SnapshotBuilder, TriesWithoutASlotAndWithWhatIsLoaded) {
    Builder builder;
    Objects objects;
    objects.upstreams = {upstream("secured", {kA})};
    objects.upstreams[0].scheme_tls = true;
    objects.upstreams[0].tls.verify = UpstreamVerify::None;
    ASSERT_EQ(builder.build(objects), "");
    Objects tried = objects;
    tried.upstreams.push_back(upstream("tried", {kA, kB}));
    const Names names = literal_names(tried);
    SnapshotBuilder::Request request{.objects = tried, .names = names};
    request.read_files = false;
    auto built = builder.builder.trial().build(request);
    ASSERT_EQ(built.index(), 0U);
    EXPECT_EQ(std::get<0>(built)->upstreams[0].context, builder.newest().upstreams[0].context);
    tried.stream_routes = {route("r", "nobody")};
    EXPECT_EQ(builder.builder.trial().build(request).index(), 1U);

    objects.upstreams.push_back(upstream("u", {kC}));
    ASSERT_EQ(builder.build(objects), "");
    EXPECT_EQ(builder.newest().version, 2U);
    EXPECT_EQ(builder.slot("u", "127.0.0.1:1885"), 1U);
}

TEST(SnapshotBuilder, AServiceThatWasNeverResolvedIsSeenAndIsNoNode) {
    Builder builder;
    Objects objects;
    objects.upstreams = {upstream("u", {{"_mqtt._tcp.fleet", 0, 2}, kA})};
    Names names = literal_names(objects);
    const WatchedName service = {"_mqtt._tcp.fleet", 0};
    names[service] = {.targets = {}, .problem = "no such name"};
    ASSERT_EQ(builder.build(objects, names), "");
    ASSERT_EQ(builder.newest().routes.upstreams()[0].nodes().size(), 1U);
    const uint16_t slot = builder.slot("u", "_mqtt._tcp.fleet");
    EXPECT_TRUE(builder.newest().brokers[slot].listed);
    EXPECT_EQ(builder.newest().brokers[slot].problem, "no such name");

    names[service] = {.targets = {target("broker-0", 1883)}, .problem = ""};
    ASSERT_EQ(builder.build(objects, names), "");
    EXPECT_EQ(builder.newest().routes.upstreams()[0].nodes()[0].name, "broker-0:1883");
    EXPECT_EQ(builder.newest().brokers[slot].upstream, "") << "it is no more";
}

TEST(SnapshotBuilder, NamesTheBrokerThatNoSourceAddressReaches) {
    Builder builder;
    builder.config.source_addresses = {"127.0.0.2"};
    Objects objects;
    objects.upstreams = {upstream("u", {kA, {"::1", 1883, 1}})};
    EXPECT_EQ(builder.build(objects),
              "--source-address: none of them is IPv6, as broker [::1]:1883 is");
}

// A reload may give every route and every broker another name while the old ones are in use.
TEST(SnapshotBuilder, TakesAReplacementOfAllThereMayBe) {
    Builder builder;
    Objects objects;
    objects.upstreams = {upstream("u", {}), upstream("v", {})};
    for (const char* generation : {"a", "b"}) {
        objects.stream_routes.clear();
        for (size_t i = 0; i < kStreamRoutesMax; ++i) {
            objects.stream_routes.push_back(route(generation + std::to_string(i), "u"));
        }
        Names names;
        for (size_t u = 0; u < 2; ++u) {
            objects.upstreams[u].nodes.clear();
            for (uint16_t i = 1; i <= kAllNodesMax / 2; ++i) {
                objects.upstreams[u].nodes.push_back({generation, i, 1});
                names[{generation, i}].targets = {target(generation, i)};
            }
        }
        builder.oldest_version = 1;  // held all the while
        ASSERT_EQ(builder.build(objects, names), "") << generation;
    }
    EXPECT_EQ(builder.newest().routes.routes().size(), kStreamRoutesMax);
}

TEST(SnapshotBuilder, KeepsNoSlotOfABuildThatFails) {
    Builder builder;
    Objects objects;
    objects.upstreams = {upstream("u", {kA})};
    ASSERT_EQ(builder.build(objects), "");
    Objects bad = objects;
    bad.upstreams[0].nodes = {kA, kB};
    bad.stream_routes = {route("r", "u"), route("s", "nobody")};
    for (int i = 0; i < 3; ++i) EXPECT_NE(builder.build(bad), "");
    objects.upstreams[0].nodes = {kA, kC};
    objects.stream_routes = {route("t", "u")};
    ASSERT_EQ(builder.build(objects), "");
    EXPECT_EQ(builder.slot("u", "127.0.0.1:1885"), 1);
    EXPECT_EQ(builder.newest().routes.routes()[0].slot, 0);
}

TEST(SnapshotBuilder, LowersNoPriorityBelowTheLowest) {
    Builder builder;
    Objects objects;
    BrokerAddress service{"_mqtt._tcp.fleet", 0, 1};
    service.priority = std::numeric_limits<int32_t>::min();
    objects.upstreams = {upstream("u", {service})};
    Names names;
    std::vector<ResolvedTarget>& targets = names[{"_mqtt._tcp.fleet", 0}].targets;
    targets = {target("broker-0", 1883), target("broker-1", 1884)};
    targets[1].srv_priority = 10;
    ASSERT_EQ(builder.build(objects, names), "");
    for (const Node& node : builder.newest().routes.upstreams()[0].nodes()) {
        EXPECT_EQ(node.priority, std::numeric_limits<int32_t>::min()) << node.name;
    }
}

}  // namespace
}  // namespace jumpgate
