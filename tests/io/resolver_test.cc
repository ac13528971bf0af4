// Resolver: who asks waits no longer than it said, and is told of what is new; a real dnsmasq.
#include "core/io/resolver.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <chrono>
#include <condition_variable>
#include <filesystem>

#include "tests/io/dns_responder.h"
#include "tests/io/kernel.h"

namespace jumpgate {
namespace {

using Answers = std::map<WatchedName, ResolvedName>;

constexpr uint32_t kPatienceMs = kPatienceNs / kNanosPerMilli;
const WatchedName kA = {"a.test", 1883};
const WatchedName kService = {"_mqtt._tcp.test", 0};

std::string first_address(const Answers& answers, const WatchedName& name) {
    const auto at = answers.find(name);
    if (at == answers.end() || at->second.targets.empty()) return "";
    return at->second.targets[0].addresses.at(0).to_string();
}

// Counts the calls, and waits for a condition on what a call may have changed.
struct Changes {
    static void note(void* context) {
        Changes& self = *static_cast<Changes*>(context);
        const std::lock_guard lock(self.mutex);
        self.count++;
        self.called.notify_all();
    }
    template <class Condition>
    bool wait_until(Condition condition) {
        std::unique_lock lock(mutex);
        return called.wait_for(lock, std::chrono::nanoseconds(kPatienceNs), condition);
    }
    int calls() {
        const std::lock_guard lock(mutex);
        return count;
    }
    std::mutex mutex;
    std::condition_variable called;
    int count = 0;
};

ResolverOptions asking(const std::string& server, uint32_t timeout_ms = 10'000) {
    return {.servers = server, .ttl_max_s = 60, .retry_s = 1, .timeout_ms = timeout_ms};
}

size_t threads() {
    const std::filesystem::directory_iterator tasks("/proc/self/task");
    return static_cast<size_t>(std::distance(begin(tasks), end(tasks)));
}

TEST(CheckServers, RefusesWhatTheConstructorCannotTake) {
    EXPECT_FALSE(Resolver::check_servers(""));
    EXPECT_FALSE(Resolver::check_servers("127.0.0.1:5353,::1"));
    const std::optional<Problem> problem = Resolver::check_servers("dns.example");
    ASSERT_TRUE(problem);
    EXPECT_EQ(problem->text,
              "has \"dns.example\", which is no IP address; allowed: 192.0.2.53, 127.0.0.1:5353, "
              "[2001:db8::53]:53, with commas between");
}

TEST(Resolver, LiteralsAreAnsweredWithoutAThread) {
    const size_t before = threads();
    Changes changes;
    Resolver resolver(asking("127.0.0.1:1"), &Changes::note, &changes);
    const Answers answers =
        resolver.follow({{"10.0.0.1", 1883}, {"::1", 8883}, {"10.0.0.2", 0}}, 0);
    EXPECT_EQ(threads(), before);
    ASSERT_EQ(answers.size(), 3U);
    EXPECT_EQ(first_address(answers, {"10.0.0.1", 1883}), "10.0.0.1:1883");
    EXPECT_EQ(first_address(answers, {"::1", 8883}), "[::1]:8883");
    EXPECT_EQ(answers.at({"10.0.0.1", 1883}).targets[0].host, "10.0.0.1");
    EXPECT_EQ(answers.at({"10.0.0.2", 0}).problem, "an address has no SRV records: give it a port");
    EXPECT_EQ(changes.calls(), 0);
}

TEST(Resolver, FollowReturnsTheFirstAnswersAndCallsNobody) {
    DnsResponder responder;
    responder.set_addresses("a.test", {"10.0.0.1"});
    responder.set_services("_mqtt._tcp.test", {{"a.test", 8883}});
    Changes changes;
    Resolver resolver(asking(responder.server()), &Changes::note, &changes);
    const WatchedName nobody = {"nobody.test", 1883};
    const Answers answers = resolver.follow({kA, kService, nobody, kA, {"::1", 1}}, kPatienceMs);
    EXPECT_EQ(answers.size(), 4U);
    EXPECT_EQ(first_address(answers, kA), "10.0.0.1:1883");
    EXPECT_EQ(first_address(answers, kService), "10.0.0.1:8883");
    EXPECT_EQ(answers.at(nobody).problem, "NXDOMAIN: no such name");
    EXPECT_EQ(first_address(answers, {"::1", 1}), "[::1]:1");
    EXPECT_EQ(changes.calls(), 0);
}

TEST(Resolver, FollowWaitsNoLongerThanItIsTold) {
    DnsResponder responder;
    responder.set_addresses("a.test", {"10.0.0.1"});
    responder.set_all_silent(true);
    Changes changes;
    Resolver resolver(asking(responder.server(), 300), &Changes::note, &changes);
    for (uint32_t wait_ms : {0U, 20U}) {
        const Answers answers = resolver.follow({kA}, wait_ms);
        EXPECT_TRUE(answers.at(kA).targets.empty());
        EXPECT_EQ(answers.at(kA).problem, "no answer yet");
    }
    // What comes after that is a change.
    responder.set_all_silent(false);
    EXPECT_TRUE(changes.wait_until(
        [&] { return first_address(resolver.answers(), kA) == "10.0.0.1:1883"; }));
}

TEST(Resolver, CallsOnChangesOnly) {
    DnsResponder responder;
    responder.set_addresses("a.test", {"10.0.0.1", "10.0.0.2"}, 1);
    Changes changes;
    Resolver resolver(asking(responder.server()), &Changes::note, &changes);
    resolver.follow({kA}, kPatienceMs);
    // Another order is no change, and neither is the same answer again: the change that comes
    // after them is the first one.
    responder.set_addresses("a.test", {"10.0.0.2", "10.0.0.1"}, 1);
    resolver.follow({kA}, 0);
    const WatchedName other = {"b.test", 1883};
    responder.set_addresses("b.test", {"10.0.0.1"}, 1);
    resolver.follow({kA, other}, kPatienceMs);
    const uint64_t deadline_ns = monotonic_ns() + kPatienceNs;
    while (responder.asked("a.test", DnsType::A).size() < 3 && monotonic_ns() < deadline_ns) {
        std::this_thread::yield();
    }
    EXPECT_EQ(changes.calls(), 0);
    responder.set_addresses("a.test", {"10.0.0.3"}, 1);
    EXPECT_TRUE(changes.wait_until([&] { return changes.count == 1; }));
    EXPECT_EQ(first_address(resolver.answers(), kA), "10.0.0.3:1883");
    // It begins to fail, which is said once, and works again.
    responder.set_code("a.test", DnsResponder::kServFail);
    EXPECT_TRUE(changes.wait_until([&] { return changes.count == 2; }));
    EXPECT_EQ(first_address(resolver.answers(), kA), "10.0.0.3:1883");
    EXPECT_TRUE(resolver.answers().at(kA).problem.starts_with("SERVFAIL"));
    responder.set_code("a.test", DnsResponder::kRefused);
    responder.set_code("a.test", 0);
    EXPECT_TRUE(changes.wait_until([&] { return changes.count == 3; }));
    EXPECT_EQ(resolver.answers().at(kA).problem, "");
}

TEST(Resolver, FollowsTheLastNamesAndRemembersThoseBefore) {
    DnsResponder responder;
    responder.set_addresses("a.test", {"10.0.0.1"});
    responder.set_addresses("b.test", {"10.0.0.2"});
    Resolver resolver(
        asking(responder.server()), [](void*) {}, nullptr);
    const WatchedName b = {"b.test", 1883};
    for (int round = 0; round < 50; ++round) {
        EXPECT_EQ(first_address(resolver.follow({kA}, kPatienceMs), kA), "10.0.0.1:1883");
        const Answers answers = resolver.follow({b}, kPatienceMs);
        EXPECT_EQ(first_address(answers, b), "10.0.0.2:1883");
        EXPECT_EQ(answers.size(), 1U);
        EXPECT_EQ(first_address(resolver.answers(), kA), "10.0.0.1:1883");
        // Taken back before the thread has seen that it was away.
        resolver.follow({}, 0);
        EXPECT_FALSE(resolver.answers().contains(kA));
        EXPECT_EQ(first_address(resolver.follow({b}, 0), b), "10.0.0.2:1883");
        resolver.follow({}, 0);
        resolver.follow({}, 0);
        EXPECT_TRUE(resolver.answers().empty());
    }
}

// As where a change of the configuration is refused after its names were looked up.
TEST(Resolver, NamesThatAreTakenBackKeepTheirAnswersThoughTheLookUpFails) {
    DnsResponder responder;
    responder.set_addresses("a.test", {"10.0.0.1"});
    Changes changes;
    Resolver resolver(asking(responder.server()), &Changes::note, &changes);
    resolver.follow({kA}, kPatienceMs);
    responder.set_code("a.test", DnsResponder::kServFail);
    resolver.follow({{"nobody.test", 1}}, kPatienceMs);
    resolver.follow({kA}, 0);
    EXPECT_TRUE(changes.wait_until([&] { return !resolver.answers().at(kA).problem.empty(); }));
    EXPECT_EQ(first_address(resolver.answers(), kA), "10.0.0.1:1883");
}

TEST(Resolver, AChangeOfAKnownNameIsToldWhileAFollowWaitsForOthers) {
    DnsResponder responder;
    responder.set_addresses("a.test", {"10.0.0.1"}, 1);
    responder.set_silent("silent.test", DnsType::A, true);
    responder.set_silent("silent.test", DnsType::Aaaa, true);
    Changes changes;
    Resolver resolver(asking(responder.server(), 60'000), &Changes::note, &changes);
    resolver.follow({kA}, kPatienceMs);
    responder.set_addresses("a.test", {"10.0.0.2"}, 1);
    std::thread waiting([&] { resolver.follow({kA, {"silent.test", 1}}, 5'000); });
    EXPECT_TRUE(changes.wait_until([&] { return changes.count == 1; }));
    EXPECT_EQ(first_address(resolver.answers(), kA), "10.0.0.2:1883");
    resolver.follow({kA}, 0);  // the other one waits no more
    waiting.join();
}

TEST(Resolver, MayBeAskedFromManyThreads) {
    DnsResponder responder;
    responder.set_addresses("a.test", {"10.0.0.1"});
    Changes changes;
    Resolver resolver(asking(responder.server()), &Changes::note, &changes);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&, i] {
            for (int round = 0; round < 50; ++round) {
                resolver.follow({kA, {"n" + std::to_string(i) + ".test", 1}}, kPatienceMs);
                resolver.answers();
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(first_address(resolver.follow({kA}, kPatienceMs), kA), "10.0.0.1:1883");
}

// Would wait for two minutes otherwise.
TEST(Resolver, ItsEndDoesNotWaitForAnswers) {
    DnsResponder responder;
    responder.set_all_silent(true);
    Resolver resolver(
        asking(responder.server(), 60'000), [](void*) {}, nullptr);
    resolver.follow({kA, kService}, 0);
    while (responder.different_questions() < 3) std::this_thread::yield();
}

// --- a name server as it is ----------------------------------------------------------------------

// dnsmasq on a loopback port, with exactly these records. Not by --no-daemon, with which it answers
// nobody else while a TCP connection is open.
class Dnsmasq {
  public:
    Dnsmasq(uint16_t port, const std::vector<std::string>& records) {
        std::vector<std::string> words = {"dnsmasq",
                                          "--keep-in-foreground",
                                          "--conf-file=/dev/null",
                                          "--no-hosts",
                                          "--no-resolv",
                                          "--pid-file=",
                                          "--user=",
                                          "--local=/test/",
                                          "--bind-interfaces",
                                          "--listen-address=127.0.0.1",
                                          "--log-facility=/dev/null",
                                          "--local-ttl=1",
                                          "--port=" + std::to_string(port)};
        words.insert(words.end(), records.begin(), records.end());
        std::vector<char*> arguments;
        for (std::string& word : words) arguments.push_back(word.data());
        arguments.push_back(nullptr);
        pid_ = fork();
        if (pid_ == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            execv("/usr/sbin/dnsmasq", arguments.data());
            _exit(127);
        }
    }
    ~Dnsmasq() {
        kill(pid_, SIGTERM);
        waitpid(pid_, nullptr, 0);
    }
    Dnsmasq(const Dnsmasq&) = delete;
    Dnsmasq& operator=(const Dnsmasq&) = delete;

  private:
    pid_t pid_ = -1;
};

// One that nobody has for UDP and TCP now.
uint16_t free_port() {
    const Listener listener;
    return listener.address.port();
}

TEST(ResolverWithDnsmasq, FollowsRecordsOfARealServerOverUdpAndTcp) {
    const uint16_t port = free_port();
    std::vector<std::string> records = {"--host-record=a.test,10.0.0.1,fd00::1"};
    // More than fits into a datagram: the reply is asked again by TCP.
    constexpr int kBrokers = 60;
    for (int i = kBrokers; i > 0; --i) {
        const std::string host = "broker-with-a-long-name-" + std::to_string(i) + ".test";
        records.push_back("--srv-host=_mqtt._tcp.test," + host + ",1883,0," + std::to_string(i));
        records.push_back("--host-record=" + host + ",10.0.1." + std::to_string(i));
    }
    Changes changes;
    Resolver resolver(asking("127.0.0.1:" + std::to_string(port), 500), &Changes::note, &changes);
    auto server = std::make_unique<Dnsmasq>(port, records);
    // It may start after the first questions.
    resolver.follow({kA, kService}, 0);
    ASSERT_TRUE(changes.wait_until([&] {
        const Answers answers = resolver.answers();
        return first_address(answers, kA) == "10.0.0.1:1883" &&
               answers.at(kService).targets.size() == kBrokers;
    }));
    const Answers answers = resolver.answers();
    EXPECT_EQ(answers.at(kA).targets.at(0).addresses.at(1).host(), "fd00::1");
    for (int i = 1; i <= kBrokers; ++i) {
        const ResolvedTarget& target = answers.at(kService).targets.at(static_cast<size_t>(i) - 1);
        EXPECT_EQ(target.addresses.at(0).host(), "10.0.1." + std::to_string(i));
    }

    server = nullptr;
    server = std::make_unique<Dnsmasq>(
        port, std::vector<std::string>{"--host-record=a.test,10.0.0.9",
                                       "--srv-host=_mqtt._tcp.test,a.test,8883"});
    EXPECT_TRUE(changes.wait_until([&] {
        const Answers now = resolver.answers();
        return first_address(now, kA) == "10.0.0.9:1883" &&
               first_address(now, kService) == "10.0.0.9:8883";
    }));
}

}  // namespace
}  // namespace jumpgate
