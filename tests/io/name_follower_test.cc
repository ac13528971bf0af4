// NameFollower: what is kept, what changes, and when it asks again.
#include "core/io/name_follower.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <algorithm>

#include "tests/io/dns_responder.h"
#include "tests/io/kernel.h"

namespace jumpgate {
namespace {

using Answers = std::map<WatchedName, ResolvedName>;

// "b-1.test:1883=10.0.0.1,::1 b-2.test:1884=..."
std::string text_of(const ResolvedName& name) {
    std::string out;
    for (const ResolvedTarget& target : name.targets) {
        out += (out.empty() ? "" : " ") + target.host + ":" + std::to_string(target.port) + "=";
        for (size_t i = 0; i < target.addresses.size(); ++i) {
            out += (i == 0 ? "" : ",") + target.addresses[i].host();
            EXPECT_EQ(target.addresses[i].port(), target.port);
        }
    }
    return out;
}

class NameFollowerTest : public testing::Test {
  protected:
    ResolverOptions options(uint32_t timeout_ms = 10'000) const {
        return {
            .servers = responder.server(), .ttl_max_s = 60, .retry_s = 1, .timeout_ms = timeout_ms};
    }
    void open(const ResolverOptions& with) { follower = std::make_unique<NameFollower>(with); }
    void follow(const std::vector<WatchedName>& names) { follower->follow(names); }

    template <class Condition>
    void turn_until(Condition condition) {
        const uint64_t deadline_ns = monotonic_ns() + kPatienceNs;
        note_changes();
        while (!condition()) {
            ASSERT_LT(monotonic_ns(), deadline_ns);
            follower->turn(wake_fd);
            note_changes();
        }
    }
    void note_changes() {
        for (auto& [name, answer] : follower->take_changes()) {
            reports++;
            answers[name] = answer;
        }
    }
    void await(const std::vector<WatchedName>& names) {
        follow(names);
        turn_until([&] {
            return std::ranges::all_of(names, [&](const auto& n) { return answers.contains(n); });
        });
    }
    void await_text(const WatchedName& name, const std::string& text) {
        turn_until([&] { return text_of(answers[name]) == text; });
        EXPECT_EQ(text_of(answers[name]), text);
    }
    size_t count(const std::string& name, DnsType type) const {
        return responder.asked(name, type).size();
    }

    DnsResponder responder;
    std::unique_ptr<NameFollower> follower;
    Answers answers;
    int reports = 0;
    int wake_fd = -1;
};

const WatchedName kA = {"a.test", 1883};
const WatchedName kService = {"_mqtt._tcp.test", 0};

TEST_F(NameFollowerTest, GivesAddressesThePortSorted) {
    responder.set_addresses("a.test", {"::1", "10.0.0.2", "10.0.0.1"});
    open(options());
    await({kA});
    EXPECT_EQ(text_of(answers[kA]), "a.test:1883=10.0.0.1,10.0.0.2,::1");
    EXPECT_EQ(answers[kA].problem, "");
}

TEST_F(NameFollowerTest, NamesOfOneHostShareItsLookUp) {
    responder.set_addresses("a.test", {"10.0.0.1"});
    responder.set_services("_mqtt._tcp.test", {{"a.test", 1885}});
    open(options());
    const WatchedName other = {"a.test", 8883};
    await({kA, other, kService});
    EXPECT_EQ(text_of(answers[other]), "a.test:8883=10.0.0.1");
    EXPECT_EQ(text_of(answers[kService]), "a.test:1885=10.0.0.1");
    EXPECT_EQ(count("a.test", DnsType::A), 1U);
}

TEST_F(NameFollowerTest, AsksAgainWhenTheTtlIsOverAndTakesWhatIsNew) {
    responder.set_addresses("a.test", {"10.0.0.1"}, 1);
    open(options());
    await({kA});
    responder.set_addresses("a.test", {"10.0.0.2"}, 1);
    await_text(kA, "a.test:1883=10.0.0.2");
    EXPECT_EQ(answers[kA].problem, "");
}

TEST_F(NameFollowerTest, ATtlOf0IsTheLowestAndALongOneTheHighest) {
    responder.set_addresses("zero.test", {"10.0.0.1"}, 0);
    responder.set_addresses("long.test", {"10.0.0.1"}, 1'000'000);
    ResolverOptions bounded = options();
    bounded.ttl_min_s = bounded.ttl_max_s = 1;
    open(bounded);
    await({{"zero.test", 1}, {"long.test", 1}});
    for (const char* name : {"zero.test", "long.test"}) {
        turn_until([&] { return count(name, DnsType::A) >= 3; });
        const std::vector<uint64_t> asked = responder.asked(name, DnsType::A);
        // Counted from the answer, so never sooner.
        for (size_t i = 1; i < asked.size(); ++i) {
            EXPECT_GE(asked[i] - asked[i - 1], kNanosPerSecond);
        }
    }
}

TEST_F(NameFollowerTest, AFailureKeepsTheOldAddressesAndSaysSo) {
    responder.set_addresses("a.test", {"10.0.0.1", "::1"}, 1);
    open(options());
    await({kA});
    const std::string before = text_of(answers[kA]);
    responder.set_code("a.test", DnsResponder::kNxDomain);
    turn_until([&] { return !answers[kA].problem.empty(); });
    EXPECT_EQ(answers[kA].problem, "NXDOMAIN: no such name");
    EXPECT_EQ(text_of(answers[kA]), before);
    responder.set_code("a.test", DnsResponder::kServFail);
    turn_until([&] { return answers[kA].problem.starts_with("SERVFAIL"); });
    EXPECT_EQ(text_of(answers[kA]), before);
    responder.set_code("a.test", 0);
    turn_until([&] { return answers[kA].problem.empty(); });
    EXPECT_EQ(text_of(answers[kA]), before);
}

TEST_F(NameFollowerTest, ANameThatComesIntoBeingIsFound) {
    open(options());
    await({kA});
    EXPECT_EQ(text_of(answers[kA]), "");
    EXPECT_EQ(answers[kA].problem, "NXDOMAIN: no such name");
    responder.set_addresses("a.test", {"10.0.0.1"});
    await_text(kA, "a.test:1883=10.0.0.1");
}

TEST_F(NameFollowerTest, AFamilyWithoutAnAnswerKeepsItsAddresses) {
    responder.set_addresses("a.test", {"10.0.0.1", "::1"}, 1);
    open(options(100));
    await({kA});
    responder.set_silent("a.test", DnsType::Aaaa, true);
    responder.set_addresses("a.test", {"10.0.0.2", "::2"}, 1);
    await_text(kA, "a.test:1883=10.0.0.2,::1");
    EXPECT_EQ(answers[kA].problem, "");
    // And one that has none any more loses them.
    responder.set_silent("a.test", DnsType::Aaaa, false);
    responder.set_addresses("a.test", {"10.0.0.2"}, 1);
    await_text(kA, "a.test:1883=10.0.0.2");
}

TEST_F(NameFollowerTest, ServicesAreOrderedByTheirOrdinal) {
    responder.set_services("_mqtt._tcp.test", {{"b-10.test", 1, 5, 6}, {"b-9.test", 2, 7, 8}});
    responder.set_addresses("b-9.test", {"10.0.0.9"});
    responder.set_addresses("b-10.test", {"10.0.0.10", "::10"});
    open(options());
    await({kService});
    EXPECT_EQ(text_of(answers[kService]), "b-9.test:2=10.0.0.9 b-10.test:1=10.0.0.10,::10");
    EXPECT_EQ(answers[kService].targets[0].srv_priority, 7);
    EXPECT_EQ(reports, 1) << "a name changes as a whole";
}

TEST_F(NameFollowerTest, ServicesComeAndGo) {
    for (int i = 1; i <= 3; ++i) {
        responder.set_addresses("b-" + std::to_string(i) + ".test",
                                {"10.0.0." + std::to_string(i)});
    }
    responder.set_services("_mqtt._tcp.test", {{"b-1.test"}, {"b-2.test"}}, 1);
    open(options());
    await({kService});
    responder.set_services("_mqtt._tcp.test", {{"b-3.test"}, {"b-2.test"}, {"b-2.test", 7}}, 1);
    await_text(kService, "b-2.test:7=10.0.0.2 b-2.test:1883=10.0.0.2 b-3.test:1883=10.0.0.3");
    EXPECT_EQ(count("b-2.test", DnsType::A), 1U) << "known already";
    responder.set_services("_mqtt._tcp.test", {{"b-1.test"}}, 1);
    await_text(kService, "b-1.test:1883=10.0.0.1");
}

TEST_F(NameFollowerTest, AServiceWithoutAddressesIsLeftOutAndNamed) {
    responder.set_services("_mqtt._tcp.test", {{"b-1.test"}, {"b-2.test"}}, 1);
    responder.set_addresses("b-1.test", {"10.0.0.1"}, 1);
    open(options());
    await({kService});
    EXPECT_EQ(text_of(answers[kService]), "b-1.test:1883=10.0.0.1");
    EXPECT_EQ(answers[kService].problem, "b-2.test: NXDOMAIN: no such name");
    // One that had some keeps them.
    responder.set_addresses("b-2.test", {"10.0.0.2"}, 1);
    await_text(kService, "b-1.test:1883=10.0.0.1 b-2.test:1883=10.0.0.2");
    responder.forget("b-1.test");
    turn_until([&] { return !answers[kService].problem.empty(); });
    EXPECT_EQ(answers[kService].problem, "b-1.test: NXDOMAIN: no such name");
    EXPECT_EQ(text_of(answers[kService]), "b-1.test:1883=10.0.0.1 b-2.test:1883=10.0.0.2");
}

TEST_F(NameFollowerTest, OldServicesAreBetterThanNone) {
    responder.set_services("_mqtt._tcp.test", {{"b-1.test"}}, 1);
    responder.set_addresses("b-1.test", {"10.0.0.1"});
    open(options());
    await({kService});
    for (const std::vector<SrvLine>& lines :
         {std::vector<SrvLine>{{"nobody.test"}}, std::vector<SrvLine>{}, {{"."}}}) {
        answers[kService].problem = "";
        responder.set_services("_mqtt._tcp.test", lines, 1);
        turn_until([&] { return !answers[kService].problem.empty(); });
        EXPECT_EQ(text_of(answers[kService]), "b-1.test:1883=10.0.0.1");
    }
}

TEST_F(NameFollowerTest, NamesThatAreDroppedAreAskedNoMore) {
    responder.set_addresses("a.test", {"10.0.0.1"}, 1);
    responder.set_addresses("b.test", {"10.0.0.2"}, 1);
    responder.set_services("_mqtt._tcp.test", {{"c.test"}}, 1);
    open(options());
    const WatchedName b = {"b.test", 1883};
    await({kA, b, kService});
    follow({b});
    const size_t asked = count("a.test", DnsType::A);
    const size_t services = count("_mqtt._tcp.test", DnsType::Srv);
    const size_t now = count("b.test", DnsType::A);
    turn_until([&] { return count("b.test", DnsType::A) >= now + 3; });
    EXPECT_EQ(count("a.test", DnsType::A), asked);
    EXPECT_EQ(count("_mqtt._tcp.test", DnsType::Srv), services);
}

TEST_F(NameFollowerTest, NamesMayBeDroppedAndTakenBackWhileTheyAreAsked) {
    responder.set_addresses("a.test", {"10.0.0.1"});
    responder.set_services("_mqtt._tcp.test", {{"a.test"}});
    responder.set_all_silent(true);
    open(options(100));
    for (int round = 0; round < 5; ++round) {
        follow({kA, kService});
        follower->turn(-1);
        follow({});
        follower->turn(-1);
    }
    responder.set_all_silent(false);
    await({kA, kService});
    await_text(kA, "a.test:1883=10.0.0.1");
    await_text(kService, "a.test:1883=10.0.0.1");
    follow({});
    turn_until([&] { return follower->in_flight() == 0; });
}

TEST_F(NameFollowerTest, ThousandsOfNamesAreAskedAFewAtATime) {
    std::vector<WatchedName> names;
    for (int i = 0; i < 3'000; ++i) {
        names.push_back({"n" + std::to_string(i) + ".test", 1883});
        responder.set_addresses(names.back().host, {"10.0.0.1"});
    }
    responder.set_all_silent(true);
    open(options(300));
    const Fd ready(eventfd(1, EFD_CLOEXEC));
    wake_fd = ready.get();  // no turn waits
    follow(names);
    turn_until([&] { return responder.different_questions() == NameFollower::kInFlightMax; });
    EXPECT_EQ(follower->in_flight(), NameFollower::kInFlightMax);
    wake_fd = -1;
    responder.set_all_silent(false);
    unsigned most = 0;
    turn_until([&] {
        most = std::max(most, follower->in_flight());
        return answers.size() == names.size();
    });
    EXPECT_LE(most, NameFollower::kInFlightMax);
    for (const WatchedName& name : names) await_text(name, name.host + ":1883=10.0.0.1");
    EXPECT_EQ(responder.different_questions(), 2 * names.size());
}

TEST_F(NameFollowerTest, MoreThanItHoldsIsCutAndSaid) {
    std::vector<std::string> addresses;
    for (int i = 0; i < 70; ++i) addresses.push_back("10.0.1." + std::to_string(i));
    responder.set_addresses("a.test", addresses);
    open(options());
    await({kA});
    ASSERT_EQ(answers[kA].targets.size(), 1U);
    EXPECT_EQ(answers[kA].targets[0].addresses.size(), NameFollower::kAddressesMax);
    EXPECT_EQ(answers[kA].targets[0].addresses.back().host(), "10.0.1.63");
    EXPECT_EQ(answers[kA].problem, "has 70 addresses; the first 64 are used");
}

}  // namespace
}  // namespace jumpgate
