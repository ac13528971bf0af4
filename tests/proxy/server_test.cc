// Server: what keeps it from starting is said in one sentence, and nothing half-starts.
#include "core/proxy/server.h"

#include <algorithm>
#include <set>

#include "tests/io/dns_responder.h"
#include "tests/proxy/moody_broker.h"
#include "tests/proxy/server_fixture.h"

namespace jumpgate {
namespace {

// Runs a server that cannot start; returns what it said.
std::string start_failure(const Config& config) {
    testing::internal::CaptureStderr();
    EXPECT_FALSE(Server(config).start(objects_of(config)));
    return testing::internal::GetCapturedStderr();
}

Config config_with(const FakeBroker& broker) {
    Config config;
    config.listen = {{"127.0.0.1", 0}};
    config.brokers = {{"127.0.0.1", broker.port(), 1}};
    return config;
}

TEST(Server, NamesTheListenAddressThatIsTaken) {
    FakeBroker broker;
    MoodyBroker holder;
    Config config = config_with(broker);
    config.listen = {{"127.0.0.1", holder.port()}};
    const std::string said = start_failure(config);
    EXPECT_NE(said.find("--listen 127.0.0.1:"), std::string::npos) << said;
    EXPECT_NE(said.find("Address already in use"), std::string::npos) << said;
}

TEST(Server, DoesNotStartWhereNoBrokersNameCanBeResolved) {
    FakeBroker broker;
    Config config = config_with(broker);
    config.brokers = {{"no-such-host.invalid", 1883, 1}};
    const std::string said = start_failure(config);
    EXPECT_NE(said.find("\n  no-such-host.invalid:1883: "), std::string::npos) << said;
    EXPECT_NE(said.find("--dns-servers"), std::string::npos) << said;
    config.admin = "127.0.0.1:0";
    Server server(config);
    EXPECT_TRUE(server.start(objects_of(config))) << "where it can be mended";
}

// What was given by a file or the Admin API was accepted then, and may be well again soon.
TEST(Server, StartsWhereNoNameOfAnUpstreamWithoutFlagsCanBeResolved) {
    Config config;
    config.listen = {{"127.0.0.1", 0}};
    Objects objects;
    UpstreamConfig& upstream = objects.upstreams.emplace_back();
    upstream.id = "u";
    upstream.nodes = {{"no-such-host.invalid", 1883, 1}};
    for (const char* file : {"", "fleet.yaml"}) {
        upstream.origin.file = file;
        testing::internal::CaptureStderr();
        {
            Server server(config);
            EXPECT_TRUE(server.start(objects)) << file;
        }
        const std::string said = testing::internal::GetCapturedStderr();
        EXPECT_NE(said.find("name_failed"), std::string::npos) << said;
        EXPECT_NE(said.find("name=\"no-such-host.invalid\" upstreams=\"u\" brokers=1 "),
                  std::string::npos)
            << said;
    }
}

TEST(Server, EndsItsWorkersWhereItWasNeverServed) {
    FakeBroker broker;
    Config config = config_with(broker);
    config.threads = 2;
    Server server(config);
    EXPECT_TRUE(server.start(objects_of(config)));
}

// ---- Snapshots ---------------------------------------------------------------------------------

TEST(ServerSnapshots, RouteAtEveryWorkerWhenApplyReturns) {
    FakeBroker one;
    FakeBroker two;
    RunningServer server(objects_to({&one}));
    for (int round = 0; round < 20; ++round) {
        FakeBroker& broker = round % 2 == 0 ? two : one;
        const auto applied = server->apply(objects_to({&broker}), ReadFiles::WhereChanged);
        ASSERT_TRUE(std::holds_alternative<Applied>(applied));
        EXPECT_TRUE(std::get<Applied>(applied).changed);
        EXPECT_TRUE(std::get<Applied>(applied).complete);
        EXPECT_EQ(std::get<Applied>(applied).moved_share, 1.0);
        for (int i = 0; i < 8; ++i) {  // the kernel spreads them over the workers
            Peer client = server.client("c" + std::to_string(i));
            EXPECT_TRUE(broker.accept().open()) << "round " << round;
        }
    }
}

TEST(ServerSnapshots, SayWhereAWorkerHasNotTakenThemInTime) {
    FakeBroker broker;
    const Config config = config_with(broker);
    Server server(config);
    ASSERT_TRUE(server.start(objects_of(config)));
    // Nobody serves, so no worker hears of it.
    const auto applied = server.apply(objects_of(config), ReadFiles::WhereChanged);
    ASSERT_TRUE(std::holds_alternative<Applied>(applied));
    EXPECT_FALSE(std::get<Applied>(applied).complete);
}

TEST(ServerSnapshots, ChangeNothingWhereTheyCannotBeBuilt) {
    FakeBroker broker;
    RunningServer server(objects_to({&broker}));
    Objects bad = objects_to({&broker});
    bad.upstreams[0].nodes[0].port = 1;
    bad.stream_routes[0].upstream_id = "nobody";
    const auto applied = server->apply(bad, ReadFiles::Again);
    ASSERT_TRUE(std::holds_alternative<Problem>(applied));
    const std::string why = "stream_route r: there is no upstream nobody";
    EXPECT_EQ(std::get<Problem>(applied).text, why);
    EXPECT_EQ(server->check(bad, ReadFiles::Again)->text, why);
    EXPECT_FALSE(server->check(objects_to({&broker}), ReadFiles::Again));
    EXPECT_EQ(server->watch().config_version, 1U);
    Peer client = server.client("c");
    EXPECT_TRUE(broker.accept().open());
}

TEST(ServerSnapshots, ComeOneAfterAnotherFromManyThreads) {
    std::array<FakeBroker, 4> brokers;
    RunningServer server(objects_to({&brokers[0]}));
    std::array<std::vector<uint64_t>, 4> versions;
    std::vector<std::thread> threads;
    for (size_t i = 0; i < 4; ++i) {
        threads.emplace_back([&, i] {
            for (int round = 0; round < 25; ++round) {
                const auto applied = server->apply(objects_to({&brokers[i]}), ReadFiles::Again);
                versions[i].push_back(std::get<Applied>(applied).version);
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    std::set<uint64_t> all;
    for (const auto& own : versions) {
        EXPECT_TRUE(std::ranges::is_sorted(own));
        all.insert(own.begin(), own.end());
    }
    EXPECT_EQ(all.size(), 100U);
    EXPECT_EQ(server->watch().config_version, 101U);
    const std::string broker = server->explain({.client_id = "c"}).broker;
    Peer client = server.client("c");
    const auto last = std::ranges::find(brokers, broker, name_of);
    ASSERT_NE(last, brokers.end());
    EXPECT_TRUE(last->accept().open());
}

TEST(ServerSnapshots, AreFreedUnderClientsThatComeAndGo) {
    FakeBroker broker;
    RunningServer server(objects_to({&broker}));
    std::atomic<bool> over = false;
    std::thread clients([&] {
        for (int i = 0; !over; ++i) {
            Peer client = server.client("c" + std::to_string(i));
            EXPECT_TRUE(broker.accept().open());
        }
    });
    Objects objects = objects_to({&broker});
    size_t most = 0;
    for (int i = 0; i < 1'000; ++i) {
        objects.stream_routes[0].id = "r" + std::to_string(i % 7);
        ASSERT_TRUE(std::holds_alternative<Applied>(server->apply(objects, ReadFiles::Again)));
        most = std::max(most, server->snapshots_kept());
    }
    over = true;
    clients.join();
    EXPECT_LE(most, 8U);
    EXPECT_TRUE(server.wait_for([&](const Watch&) { return server->snapshots_kept() == 1; }));
}

// A name whose address changes while changes with other names are made, each of which asks anew.
TEST(ServerSnapshots, EndWithTheLatestAddressesHoweverTheyWereMixedWithChanges) {
    DnsResponder responder;
    responder.set_addresses("a.test", {"127.0.0.1"}, 1);
    Objects objects;
    UpstreamConfig& upstream = objects.upstreams.emplace_back();
    upstream.id = "u";
    upstream.nodes = {{"a.test", 1883, 1}, {"127.0.0.9", 1883, 1}};
    RunningServer server(objects, responder.server());
    const auto address = [&] { return server->watch().brokers.at(0).addresses.at(0); };
    EXPECT_EQ(address(), "127.0.0.1:1883");
    std::atomic<bool> over = false;
    std::atomic<int> round = 0;
    std::thread changes([&] {
        for (; !over; ++round) {
            const std::string other = "b" + std::to_string(round % 5) + ".test";
            responder.set_addresses(other, {"127.0.0.8"}, 1);
            objects.upstreams[0].nodes[1].host = other;
            const auto applied = server->apply(objects, ReadFiles::WhereChanged);
            EXPECT_TRUE(std::holds_alternative<Applied>(applied));
        }
    });
    for (int i = 2; i <= 4; ++i) {
        const std::string next = "127.0.0." + std::to_string(i);
        responder.set_addresses("a.test", {next}, 1);
        EXPECT_TRUE(server.wait_for([&](const Watch&) { return address() == next + ":1883"; }));
    }
    over = true;
    changes.join();
    EXPECT_GT(round, 3);
    EXPECT_EQ(address(), "127.0.0.4:1883");
}

// ---- Calls -------------------------------------------------------------------------------------

TEST(ServerCalls, WatchShowsNodesInTheirOrderWhateverCameFirst) {
    FakeBroker a, b, c;
    RunningServer server(objects_to({&a, &b}));
    Objects objects = objects_to({&c, &b, &a});
    objects.upstreams.insert(objects.upstreams.begin(), objects.upstreams[0]);
    objects.upstreams[0].id = "first";
    ASSERT_TRUE(std::holds_alternative<Applied>(server->apply(objects, ReadFiles::Again)));
    std::vector<std::string> shown;
    for (const BrokerState& broker : server->watch().brokers) {
        shown.push_back(broker.upstream + " " + broker.name);
    }
    const std::vector<std::string> order = {name_of(c), name_of(b), name_of(a)};
    std::vector<std::string> expected;
    for (const std::string upstream : {"first ", "u "}) {
        for (const std::string& name : order) expected.push_back(upstream + name);
    }
    EXPECT_EQ(shown, expected);
}

TEST(ServerCalls, WatchSumsAllWorkers) {
    FakeBroker broker;
    RunningServer server(objects_to({&broker}));
    std::vector<Peer> clients;
    for (int i = 0; i < 30; ++i) clients.push_back(server.client("c" + std::to_string(i)));
    ASSERT_TRUE(server.wait_for_relays(30));
    const Watch watch = server->watch();
    EXPECT_TRUE(watch.complete);
    EXPECT_EQ(watch.workers.size(), 2U);
    EXPECT_EQ(watch.stats.accepted(), 30U);
    ASSERT_EQ(watch.brokers.size(), 1U);
    EXPECT_EQ(watch.brokers[0].name, name_of(broker));
    EXPECT_EQ(watch.brokers[0].stats.relays, 30U);
    EXPECT_EQ(watch.brokers[0].effective_weight, 1.0);
    EXPECT_EQ(watch.brokers[0].addresses, std::vector{name_of(broker)});
    ASSERT_EQ(watch.routes.size(), 1U);
    EXPECT_EQ(watch.routes[0].id, "r");
    EXPECT_EQ(watch.routes[0].connections, 30U);
    EXPECT_EQ(watch.config_version, 1U);
    EXPECT_FALSE(watch.draining);
}

TEST(ServerCalls, ExplainSaysWhatAClientGets) {
    std::array<FakeBroker, 3> brokers;
    Objects objects = objects_to({&brokers[0], &brokers[1]});
    objects.upstreams.push_back(objects_to({&brokers[2]}).upstreams[0]);
    objects.upstreams[1].id = "sensors";
    StreamRouteConfig& route = objects.stream_routes.emplace_back();
    route.id = "to-sensors";
    route.upstream_id = "sensors";
    route.match.client_id = std::get<TextMatch>(TextMatch::make(TextMatch::Kind::Prefix, "s-"));
    RunningServer server(objects);
    std::set<std::string> seen;
    for (int i = 0; i < 60; ++i) {
        const std::string id = (i % 3 == 0 ? "s-" : "m-") + std::to_string(i);
        const RouteAnswer answer = server->explain({.client_id = id, .level = 4});
        EXPECT_EQ(answer.route, i % 3 == 0 ? "to-sensors" : "r");
        EXPECT_EQ(answer.upstream, i % 3 == 0 ? "sensors" : "u");
        EXPECT_EQ(answer.key, id);
        const auto broker = std::ranges::find(brokers, answer.broker, name_of);
        ASSERT_NE(broker, brokers.end());
        Peer client = server.client(id);
        EXPECT_TRUE(broker->accept().open()) << id;
        seen.insert(answer.broker);
    }
    EXPECT_EQ(seen.size(), 3U);
    EXPECT_EQ(server->explain({.level = 4}).step, "random") << "no key, no home";
}

TEST(ServerCalls, ExplainSaysHowSureItIs) {
    FakeBroker broker;
    Objects objects = objects_to({&broker});
    RunningServer server(objects);
    const std::string rule = server->explain({.client_id = "c"}).why;
    EXPECT_EQ(rule.find(';'), std::string::npos)
        << rule << ": by its hash, and nobody's dials fail";
    objects.upstreams[0].type = Balance::RoundRobin;
    ASSERT_TRUE(std::holds_alternative<Applied>(server->apply(objects, ReadFiles::Again)));
    EXPECT_EQ(server->explain({.client_id = "c"}).why,
              rule + "; an example: each worker takes turns of its own");
    objects.upstreams[0].type = Balance::LeastConnections;
    ASSERT_TRUE(std::holds_alternative<Applied>(server->apply(objects, ReadFiles::Again)));
    EXPECT_EQ(server->explain({.client_id = "c"}).why,
              rule + "; as it is this moment: each client changes it");
}

TEST(ServerCalls, ExplainSaysWhereWorkersDialsFail) {
    std::string dead;
    Objects objects;
    {
        const FakeBroker gone;
        objects = objects_to({&gone});
        dead = name_of(gone);
    }
    FakeBroker alive;
    objects.upstreams[0].nodes.push_back({"127.0.0.1", alive.port(), 1});
    RunningServer server(objects);
    std::string id = "c";
    while (server->explain({.client_id = id}).broker != dead) id += "c";
    std::vector<Peer> clients;
    std::string why;
    for (int i = 0; i < 100 && why.find("workers' dials") == std::string::npos; ++i) {
        clients.push_back(server.client(id));
        clients.push_back(alive.accept());
        server->watch();  // or explain() looks at one of up to a second ago
        why = server->explain({.client_id = id}).why;
    }
    EXPECT_NE(why.find("some workers' dials to this broker fail"), std::string::npos) << why;
}

TEST(ServerCalls, WatchTellsWhichBrokersARouteLeadsTo) {
    std::array<FakeBroker, 2> brokers;
    Objects objects = objects_to({&brokers[0]});
    objects.upstreams.push_back(objects_to({&brokers[1]}).upstreams[0]);
    objects.upstreams[1].id = "idle";
    RunningServer server(objects);
    const Watch watch = server->watch();
    EXPECT_TRUE(watch.has_routes);
    ASSERT_EQ(watch.brokers.size(), 2U);
    for (const BrokerState& state : watch.brokers)
        EXPECT_EQ(state.routed, state.upstream == "u") << state.upstream;
    objects.stream_routes.clear();
    ASSERT_TRUE(std::holds_alternative<Applied>(server->apply(objects, ReadFiles::Again)));
    EXPECT_FALSE(server->watch().has_routes);
}

TEST(ServerCalls, ExplainSaysWhatIsMissing) {
    FakeBroker broker;
    Objects objects = objects_to({&broker});
    objects.stream_routes[0].match.levels = {5};
    RunningServer server(objects);
    EXPECT_EQ(server->explain({.client_id = "c", .level = 5}).broker, name_of(broker));
    EXPECT_NE(server->explain({.client_id = "c", .level = 4}).why.find("other versions"),
              std::string::npos);
    objects.stream_routes.clear();
    ASSERT_TRUE(std::holds_alternative<Applied>(server->apply(objects, ReadFiles::Again)));
    EXPECT_EQ(server->explain({.client_id = "c", .level = 5}).why,
              "no stream route is for this client");
}

TEST(ServerCalls, FindLooksByPrefixAtEveryWorker) {
    FakeBroker broker;
    RunningServer server(objects_to({&broker}));
    std::vector<Peer> clients;
    for (int i = 0; i < 20; ++i) clients.push_back(server.client("pump-" + std::to_string(i)));
    for (int i = 0; i < 5; ++i) clients.push_back(server.client("lamp-" + std::to_string(i)));
    ASSERT_TRUE(server.wait_for_relays(25));
    EXPECT_EQ(server->find("pump-", 100).size(), 20U);
    EXPECT_EQ(server->find("pump-1", 100).size(), 11U);
    EXPECT_EQ(server->find("", 100).size(), 25U);
    EXPECT_EQ(server->find("", 7).size(), 7U);
    EXPECT_TRUE(server->find("valve", 100).empty());
    const std::vector<FoundConnection> found = server->find("lamp-3", 100);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].client_id, "lamp-3");
    EXPECT_EQ(found[0].route, "r");
    EXPECT_EQ(found[0].upstream, "u");
    EXPECT_EQ(found[0].broker, name_of(broker));
    EXPECT_EQ(found[0].bytes_up, connect_packet("lamp-3").size());
}

TEST(ServerCalls, EvictEmptiesADrainedNodeAndNoOther) {
    FakeBroker one;
    FakeBroker two;
    Objects objects = objects_to({&one, &two});
    RunningServer server(objects);
    std::vector<Peer> clients;
    for (int i = 0; i < 40; ++i) clients.push_back(server.client("c" + std::to_string(i)));
    ASSERT_TRUE(server.wait_for_relays(40));
    const auto problem = server->evict("u", name_of(one), 1'000);
    ASSERT_TRUE(std::holds_alternative<Problem>(problem));
    EXPECT_NE(std::get<Problem>(problem).text.find("set it to 0 first"), std::string::npos);
    EXPECT_TRUE(std::holds_alternative<Problem>(server->evict("u", "10.0.0.1:1883", 1)));
    EXPECT_TRUE(std::holds_alternative<Problem>(server->evict("x", name_of(one), 1)));

    objects.upstreams[0].nodes[0].weight = 0;
    ASSERT_TRUE(std::holds_alternative<Applied>(server->apply(objects, ReadFiles::Again)));
    const Watch before = server->watch();
    ASSERT_GT(before.brokers[0].stats.relays, 0U);
    EXPECT_EQ(before.brokers[0].condition, BrokerCondition::Drained);
    const auto left = server->evict("u", name_of(one), 1'000);
    EXPECT_EQ(std::get<uint64_t>(left), before.brokers[0].stats.relays);
    EXPECT_TRUE(
        server.wait_for([](const Watch& watch) { return watch.brokers[0].stats.relays == 0; }));
    EXPECT_EQ(server->watch().brokers[1].stats.relays, before.brokers[1].stats.relays);
    EXPECT_EQ(std::get<uint64_t>(server->evict("u", name_of(one), 1)), 0U) << "all counted out";
}

TEST(ServerCalls, DrainTellsClientsAndEndsTheServer) {
    FakeBroker broker;
    RunningServer server(objects_to({&broker}));
    Peer client = server.client("c");
    ASSERT_TRUE(server.wait_for_relays(1));
    server->drain();
    EXPECT_EQ(client.receive_to_end(), "");
    const uint64_t deadline_ns = monotonic_ns() + 5 * kNanosPerSecond;
    while (!server.ended() && monotonic_ns() < deadline_ns) std::this_thread::yield();
    EXPECT_TRUE(server.ended());
    EXPECT_TRUE(server->watch().draining) << "and answers still";
    EXPECT_TRUE(server->find("c", 1).empty());
}

// Each call while the workers end and the health checks with them: none may hang or crash.
TEST(ServerCalls, AreAnsweredWhileTheServerEnds) {
    MoodyBroker silent(MoodyBroker::Mood::Hangs);  // a check of it is under way at the end
    FakeBroker broker;
    Objects objects = objects_to({&broker});
    objects.upstreams[0].nodes.push_back({"127.0.0.1", silent.port(), 0});
    objects.upstreams[0].active.emplace();
    for (int round = 0; round < 10; ++round) {
        RunningServer server(objects);
        std::vector<Peer> clients;
        for (int i = 0; i < 4; ++i) clients.push_back(server.client("c"));
        std::vector<std::thread> threads;
        const auto repeat = [&](auto call) {
            threads.emplace_back([&server, call] {
                while (!server.ended()) call();
                call();
            });
        };
        repeat([&] { server->apply(objects, ReadFiles::WhereChanged); });
        repeat([&] { server->watch(); });
        repeat([&] { server->find("c", 10); });
        repeat([&] { server->explain({.client_id = "c"}); });
        repeat([&] { server->evict("u", "127.0.0.1:" + std::to_string(silent.port()), 10); });
        server.wait_for([](const Watch& watch) { return watch.stats.accepted() > 0; });
        server->drain();
        for (std::thread& thread : threads) thread.join();
    }
}

}  // namespace
}  // namespace jumpgate
