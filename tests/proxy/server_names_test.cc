// Server: its control thread answers while snapshots are built, and names that get other addresses
// make new ones.
#include <algorithm>
#include <atomic>
#include <string>
#include <thread>

#include "tests/io/dns_responder.h"
#include "tests/pki.h"
#include "tests/proxy/server_fixture.h"

namespace jumpgate {
namespace {

// Many certificates, which take a while to be read and checked; the last one is missing.
Objects with_many_certificates(Objects objects) {
    for (int i = 0; i < 400; ++i) {
        SslConfig& ssl = objects.ssls.emplace_back();
        ssl.id = std::to_string(i);
        ssl.pairs = {{{"", pki_path("server.crt")}, {"", pki_path("server.key")}}};
    }
    objects.ssls.back().pairs[0].certificate.file = pki_path("missing.crt");
    return objects;
}

TEST(ServerSnapshots, AreBuiltWhileTheControlThreadAnswers) {
    FakeBroker broker;
    const Objects objects = objects_to({&broker});
    RunningServer server(objects);
    const Objects slow = with_many_certificates(objects);
    std::atomic<uint64_t> steps = 0;  // odd: one is being built
    std::atomic<bool> seen = false;
    std::thread change([&] {
        const uint64_t deadline_ns = monotonic_ns() + 60 * kNanosPerSecond;
        while (!seen && monotonic_ns() < deadline_ns) {
            ++steps;
            EXPECT_TRUE(std::holds_alternative<Problem>(server->apply(slow, ReadFiles::Again)));
            ++steps;
        }
        seen = true;
    });
    // All of this between the beginning and the end of one build: then it did not wait for it.
    bool answered = false;
    while (!seen) {
        const uint64_t begun = steps;
        if (begun % 2 == 0) continue;
        EXPECT_TRUE(server->watch().complete);
        EXPECT_EQ(server->explain({.client_id = "c", .level = 4}).broker, name_of(broker));
        EXPECT_TRUE(std::holds_alternative<Problem>(server->evict("u", name_of(broker), 1)));
        Peer client = server.client("c");
        const Peer upstream = broker.accept();
        EXPECT_TRUE(upstream.open());
        answered = steps == begun;
        if (answered) seen = true;
    }
    change.join();
    EXPECT_TRUE(answered);
    EXPECT_EQ(server->watch().config_version, 1U);
    EXPECT_EQ(server->snapshots_kept(), 1U);
}

TEST(ServerNames, SayWhichBrokersAServiceStandsForAndRouteToThem) {
    FakeBroker one;
    FakeBroker two;
    DnsResponder dns;
    dns.set_addresses("one.test", {"127.0.0.1"}, 1);
    dns.set_addresses("two.test", {"127.0.0.1"}, 1);
    dns.set_services("_mqtt._tcp.test", {{.target = "one.test", .port = one.port()}}, 1);
    Objects objects = objects_to({});
    objects.upstreams[0].nodes = {{"_mqtt._tcp.test", 0, 1}};
    testing::internal::CaptureStderr();
    {
        RunningServer server(objects, dns.server(), LogLevel::Info);
        EXPECT_EQ(server->watch().config_version, 1U);
        dns.set_services("_mqtt._tcp.test", {{.target = "two.test", .port = two.port()}}, 1);
        EXPECT_TRUE(server.wait_for([](const Watch& watch) { return watch.config_version == 2; }));
        EXPECT_EQ(server->explain({.client_id = "c", .level = 4}).broker,
                  "two.test:" + std::to_string(two.port()));
    }
    const std::string said = testing::internal::GetCapturedStderr();
    const std::string line =
        "service_changed service=\"_mqtt._tcp.test\" brokers_before=1 brokers=1 added=\"two.test:" +
        std::to_string(two.port()) + "\" removed=\"one.test:" + std::to_string(one.port()) + "\"";
    EXPECT_NE(said.find(line), std::string::npos) << said;
}

// The lines of `said` that are such an event, each from its name on.
std::string events(const std::string& said, std::string_view event) {
    std::string found;
    for (size_t at = 0; (at = said.find(event, at)) != said.npos; ++at) {
        found += said.substr(at, said.find('\n', at) + 1 - at);
    }
    return found;
}

TEST(ServerNames, FailInOneLineHoweverManyBrokersTheyStandFor) {
    FakeBroker one;
    FakeBroker two;
    DnsResponder dns;
    dns.set_addresses("one.test", {"127.0.0.1"}, 300);
    dns.set_addresses("two.test", {"127.0.0.1"}, 300);
    dns.set_services(
        "_mqtt._tcp.test",
        {{.target = "one.test", .port = one.port()}, {.target = "two.test", .port = two.port()}},
        1);
    Objects objects = objects_to({});
    objects.upstreams[0].nodes = {{"_mqtt._tcp.test", 0, 1}};
    objects.upstreams.push_back(objects.upstreams[0]);
    objects.upstreams[1].id = "v";
    objects.upstreams[1].nodes = {{"gone.test", 1883, 1}, {"gone.test", 1884, 1}};
    objects.upstreams.push_back(objects.upstreams[1]);
    objects.upstreams[2].id = "w";
    testing::internal::CaptureStderr();
    {
        RunningServer server(objects, dns.server(), LogLevel::Info);
        const uint64_t version = server->watch().config_version;
        dns.set_services("_mqtt._tcp.test", {}, 1);
        EXPECT_TRUE(server.wait_for(
            [version](const Watch& watch) { return watch.config_version > version; }));
    }
    const std::string said = testing::internal::GetCapturedStderr();
    const std::string failed = events(said, "name_failed ");
    EXPECT_EQ(std::ranges::count(failed, '\n'), 2) << said;
    EXPECT_NE(failed.find("name=\"gone.test\" upstreams=\"v w\" brokers=4 why=\"NXDOMAIN"),
              failed.npos)
        << said;
    EXPECT_NE(failed.find("name=\"_mqtt._tcp.test\" upstreams=\"u\" brokers=2 why="), failed.npos)
        << said;
}

// What ThreadSanitizer watches best (./dev tsan): every lock is wanted by several threads.
TEST(ServerNames, MoveAndTheServerEndsWhileEverythingIsAskedAtOnce) {
    FakeBroker broker(4'096);
    DnsResponder dns;
    dns.set_addresses("a.test", {"127.0.0.1"}, 1);
    Objects open = objects_to({});
    open.upstreams[0].nodes = {{"a.test", broker.port(), 1}};
    Objects drained = open;
    drained.upstreams[0].nodes[0].weight = 0;
    RunningServer server(open, dns.server());
    const std::string node = "a.test:" + std::to_string(broker.port());
    std::atomic<bool> over = false;
    std::vector<std::thread> threads;
    const auto keep_asking = [&](auto ask) {
        threads.emplace_back([&over, ask] {
            for (uint32_t round = 0; !over; ++round) ask(round);
        });
    };
    keep_asking([&](uint32_t round) {
        const auto applied = server->apply(round % 2 == 0 ? drained : open, ReadFiles::Again);
        EXPECT_TRUE(std::holds_alternative<Applied>(applied));
    });
    keep_asking([&](uint32_t) { EXPECT_FALSE(server->check(drained, ReadFiles::Again)); });
    keep_asking([&](uint32_t) { EXPECT_EQ(server->explain({.client_id = "c"}).route, "r"); });
    keep_asking([&](uint32_t) { EXPECT_LE(server->find("c", 4).size(), 4U); });
    keep_asking([&](uint32_t) { (void)server->evict("u", node, 1'000); });
    keep_asking([&](uint32_t) { EXPECT_GE(server->snapshots_kept(), 1U); });
    std::vector<Peer> clients;
    for (int i = 2; i <= 3; ++i) {
        for (int j = 0; j < 32; ++j) clients.push_back(server.client("c" + std::to_string(j)));
        const std::string next = "127.0.0." + std::to_string(i);
        dns.set_addresses("a.test", {next}, 1);
        EXPECT_TRUE(server.wait_for([&](const Watch& watch) {
            return watch.brokers.at(0).addresses.at(0) ==
                   next + ":" + std::to_string(broker.port());
        }));
    }
    server->drain();
    EXPECT_TRUE(server.wait_for([&](const Watch&) { return server.ended(); }));
    over = true;
    for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace jumpgate
