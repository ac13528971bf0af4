#include "core/proxy/health.h"

#include <gtest/gtest.h>

#include <set>

#include "core/base/time.h"
#include "tests/pki.h"
#include "tests/proxy/moody_broker.h"

namespace jumpgate {
namespace {

using Mood = MoodyBroker::Mood;

constexpr uint16_t kNobodyListens = 1;  // tcpmux: refused at once

// The checker on the test's own thread.
class HealthTest : public testing::Test {
  protected:
    HealthTest() {
        RingLimits limits;
        limits.dial_slots = HealthChecker::kDialSlots;
        limits.submissions = 64;
        limits.completions = 1'024;
        reactor_ = std::move(*Reactor::open(limits));
        options_.seed = 1;
        options_.context = this;
        options_.write = [](void* test, std::string_view line) {
            static_cast<HealthTest*>(test)->lines_ += line;
        };
        snapshot_.upstreams.resize(1);
    }
    ~HealthTest() override {
        if (checker_ != nullptr) checker_->stop();
        checker_.reset();
        EXPECT_EQ(live_frames(), 0U);
        reactor_->turn(0);
        EXPECT_EQ(reactor_->ring().dial_slots_free(), HealthChecker::kDialSlots);
    }

    // Quick, so that the tests are.
    static ActiveCheck quick() {
        ActiveCheck check;
        check.timeout_ms = 5'000;
        check.healthy_interval_ms = check.unhealthy_interval_ms = 5;
        return check;
    }
    // A broker in the next slot.
    Broker& add(uint16_t port, std::string name = "broker:1883") {
        Broker broker;
        broker.upstream = "fleet";
        broker.name = std::move(name);
        broker.addresses = {*Address::parse("127.0.0.1", port)};
        broker.listed = true;
        broker.weight = 1;
        broker.check = quick();
        snapshot_.brokers.push_back(std::move(broker));
        return snapshot_.brokers.back();
    }
    void follow() {
        if (checker_ == nullptr) {
            checker_ = std::make_unique<HealthChecker>(*reactor_, board_, options_);
        }
        checker_->follow(snapshot_);
    }

    template <class Condition>
    bool until(Condition holds) {
        const uint64_t deadline_ns = monotonic_ns() + 10 * kNanosPerSecond;
        while (!holds() && monotonic_ns() < deadline_ns) reactor_->turn(kNanosPerMilli);
        return holds();
    }
    const BrokerHealth& health(uint16_t slot = 0) const { return *checker_->of(slot); }
    bool until_condition(BrokerCondition condition, uint16_t slot = 0) {
        const bool reached = until([&] { return health(slot).condition == condition; });
        EXPECT_TRUE(reached) << "not " << text(condition) << " but " << text(health(slot).condition)
                             << ": " << health(slot).why;
        return reached;
    }
    bool until_checks(uint64_t more, uint16_t slot = 0) {
        const uint64_t wanted = health(slot).checks + more;
        return until([&] { return health(slot).checks >= wanted; });
    }
    uint16_t share(uint16_t slot = 0) const { return board_.shares[slot].load(); }
    bool logged(std::string_view words) const { return lines_.find(words) != std::string::npos; }

    std::unique_ptr<Reactor> reactor_;
    BrokerBoard board_;
    HealthOptions options_;
    Snapshot snapshot_;
    std::string lines_;
    std::unique_ptr<HealthChecker> checker_;
};

// ---- The first check -------------------------------------------------------------------------

TEST_F(HealthTest, UsesABrokerUntilItsFirstCheckAndGoesByThat) {
    MoodyBroker broker;
    add(broker.port());
    add(kNobodyListens, "gone:1883");
    follow();
    for (const uint16_t slot : {uint16_t{0}, uint16_t{1}}) {
        EXPECT_EQ(health(slot).condition, BrokerCondition::Unchecked);
        EXPECT_EQ(share(slot), kShareFull);
    }
    until_condition(BrokerCondition::Up, 0);
    until_condition(BrokerCondition::Down, 1);
    EXPECT_EQ(share(0), kShareFull);
    EXPECT_EQ(share(1), 0);
    EXPECT_EQ(health(1).why, "TCP: Connection refused");
    EXPECT_GT(health(1).checks_failed, 0U);
    EXPECT_GT(health(0).last_check_ns, 0U);
    EXPECT_FALSE(logged("broker_up"));  // no news
    EXPECT_TRUE(
        logged("broker_down upstream=\"fleet\" broker=\"gone:1883\" condition=\"down\" "
               "why=\"TCP: Connection refused\" checks=1"))
        << lines_;
}

TEST_F(HealthTest, ABrokerWithoutAddressesIsDownAndThenChecked) {
    MoodyBroker broker;
    add(broker.port()).addresses.clear();
    follow();
    EXPECT_EQ(health().condition, BrokerCondition::Down);
    EXPECT_EQ(health().why, "its name was never resolved");
    EXPECT_EQ(share(), 0);
    snapshot_.brokers[0].addresses = {*Address::parse("127.0.0.1", broker.port())};
    follow();
    until_condition(BrokerCondition::Up);
    EXPECT_EQ(share(), kShareFull);
}

TEST_F(HealthTest, LeavesAloneWhoHasNoCheckOrIsNotListed) {
    MoodyBroker broker;
    add(broker.port()).check.reset();
    add(broker.port()).listed = false;
    add(broker.port());
    follow();
    EXPECT_EQ(checker_->of(0), nullptr);
    EXPECT_EQ(checker_->of(1), nullptr);
    EXPECT_EQ(checker_->of(3), nullptr);
    EXPECT_TRUE(until_checks(3, 2));
    EXPECT_EQ(broker.most_at_once(), 1U);
}

// ---- Thresholds and conditions ---------------------------------------------------------------

TEST_F(HealthTest, TakesABrokerOutAtItsThresholdAndBackAtTheOther) {
    MoodyBroker broker;
    ActiveCheck& check = *add(broker.port()).check;
    check.unhealthy_http_failures = 3;
    check.healthy_successes = 4;
    follow();
    until_condition(BrokerCondition::Up);
    broker.become(Mood::Refuses);
    until_condition(BrokerCondition::NotReady);
    EXPECT_EQ(share(), 0);
    EXPECT_EQ(health().checks_failed, 3U);
    EXPECT_TRUE(logged("condition=\"not_ready\" why=\"CONNACK 3: ")) << lines_;
    EXPECT_TRUE(logged(" checks=3\n")) << lines_;
    broker.become(Mood::Accepts);
    until_condition(BrokerCondition::Up);
    EXPECT_EQ(share(), kShareFull);
    EXPECT_EQ(health().why, "");
    EXPECT_TRUE(
        logged("broker_up upstream=\"fleet\" broker=\"broker:1883\" condition=\"up\" "
               "checks=4\n"))
        << lines_;
}

TEST_F(HealthTest, PardonsABrokerThatDialsTookOutAfterAsManyPassesAsBringOneBack) {
    MoodyBroker broker;
    add(broker.port()).check->healthy_successes = 3;
    follow();
    until_condition(BrokerCondition::Up);
    EXPECT_EQ(board_.pardons[0], 0U) << "nothing to pardon";
    board_.marked[0] = true;
    const uint64_t checks = health().checks;
    ASSERT_TRUE(until([&] { return board_.pardons[0] == 1U; }));
    EXPECT_GE(health().checks, checks + 3);
    EXPECT_FALSE(board_.marked[0]);
    broker.become(Mood::Refuses);
    board_.marked[0] = true;
    until_condition(BrokerCondition::NotReady);
    EXPECT_EQ(board_.pardons[0], 1U);
    EXPECT_TRUE(board_.marked[0]);
}

TEST_F(HealthTest, ShowsWhatFailsWhileTheThresholdIsNotReached) {
    MoodyBroker broker;
    add(broker.port()).check->unhealthy_http_failures = 100'000;
    follow();
    until_condition(BrokerCondition::Up);
    broker.become(Mood::Refuses);
    EXPECT_TRUE(until([&] { return health().checks_failed > 0; }));
    EXPECT_EQ(health().condition, BrokerCondition::Up);
    EXPECT_TRUE(health().why.starts_with("CONNACK 3: ")) << health().why;
    EXPECT_EQ(share(), kShareFull);
    EXPECT_EQ(lines_, "");
}

TEST_F(HealthTest, SaysHowABrokerIsDownAsThatChanges) {
    MoodyBroker broker(Mood::Resets);
    add(broker.port());
    follow();
    until_condition(BrokerCondition::NotReady);
    snapshot_.brokers[0].addresses = {*Address::parse("127.0.0.1", kNobodyListens)};
    follow();
    until_condition(BrokerCondition::Down);
    EXPECT_EQ(share(), 0);
    EXPECT_EQ(lines_.find("broker_down"), lines_.rfind("broker_down")) << lines_;
}

TEST_F(HealthTest, ATimeoutCountsAsOne) {
    MoodyBroker broker;
    ActiveCheck& check = *add(broker.port()).check;
    check.timeout_ms = 20;
    check.unhealthy_timeouts = 2;
    follow();
    until_condition(BrokerCondition::Up);
    const uint64_t failed_before = health().checks_failed;  // 20 ms may be short for a busy machine
    broker.become(Mood::Hangs);
    until_condition(BrokerCondition::NotReady);
    EXPECT_EQ(health().checks_failed, failed_before + 2);
    EXPECT_EQ(health().why, "MQTT: no answer within 20 ms");
}

TEST_F(HealthTest, NeverChecksABrokerTwiceAtOnceWhateverItDoes) {
    MoodyBroker broker;
    Broker& listed = add(broker.port());
    listed.slow_start_s = 1;
    listed.check->timeout_ms = 20;
    listed.check->healthy_successes = 1;
    listed.check->unhealthy_tcp_failures = listed.check->unhealthy_timeouts =
        listed.check->unhealthy_http_failures = 1;
    follow();
    Rng rng(7);
    EXPECT_TRUE(until([&] {
        broker.become(static_cast<Mood>(rng.below(4)));
        follow();
        EXPECT_LE(checker_->in_flight(), 1U);
        return health().checks >= 60;
    }));
    EXPECT_EQ(broker.most_at_once(), 1U);
    EXPECT_GT(health().checks_failed, 0U);
    EXPECT_LT(health().checks_failed, health().checks);
}

// ---- Slow start ------------------------------------------------------------------------------

TEST_F(HealthTest, RaisesTheShareOfARecoveredBrokerStepByStep) {
    MoodyBroker broker(Mood::Refuses);
    add(broker.port()).slow_start_s = 2;
    follow();
    until_condition(BrokerCondition::NotReady);
    broker.become(Mood::Accepts);
    until_condition(BrokerCondition::Starting);
    EXPECT_TRUE(logged("condition=\"starting\"")) << lines_;
    std::vector<uint16_t> shares = {share()};
    EXPECT_TRUE(until([&] {
        if (share() != shares.back()) shares.push_back(share());
        return share() == kShareFull;
    }));
    EXPECT_LT(shares.front(), kShareFull);
    EXPECT_TRUE(std::ranges::is_sorted(shares));
    EXPECT_GE(shares.size(), 3U);
    EXPECT_EQ(health().condition, BrokerCondition::Up);
}

TEST_F(HealthTest, AFailureEndsASlowStart) {
    MoodyBroker broker(Mood::Refuses);
    Broker& listed = add(broker.port());
    listed.slow_start_s = 3'600;
    listed.check->unhealthy_http_failures = 1;
    follow();
    until_condition(BrokerCondition::NotReady);
    broker.become(Mood::Accepts);
    until_condition(BrokerCondition::Starting);
    EXPECT_EQ(share(), 100);
    broker.become(Mood::Refuses);
    until_condition(BrokerCondition::NotReady);
    EXPECT_EQ(share(), 0);
    EXPECT_TRUE(until_checks(3));
    EXPECT_EQ(share(), 0);
}

TEST_F(HealthTest, AProcessThatStartsHasNoSlowStart) {
    MoodyBroker broker;
    add(broker.port()).slow_start_s = 3'600;
    follow();
    until_condition(BrokerCondition::Up);
    EXPECT_EQ(share(), kShareFull);
}

// ---- Snapshots -------------------------------------------------------------------------------

TEST_F(HealthTest, KeepsWhatItKnowsOfABrokerThatStays) {
    MoodyBroker broker(Mood::Refuses);
    add(broker.port());
    follow();
    until_condition(BrokerCondition::NotReady);
    const uint64_t checks = health().checks;
    snapshot_.brokers[0].weight = 0;  // drained: still checked
    snapshot_.brokers[0].check->healthy_successes = 3;
    add(kNobodyListens, "other:1883");
    follow();
    EXPECT_EQ(health().condition, BrokerCondition::NotReady);
    EXPECT_GE(health().checks, checks);
    EXPECT_EQ(share(), 0);
    EXPECT_TRUE(until_checks(2));
}

TEST_F(HealthTest, AsksAtOnceWhereTheCheckOrTheAddressIsAnother) {
    MoodyBroker broker;
    MoodyBroker moved;
    constexpr uint32_t kAnHourMs = 3'600'000;
    Broker& listed = add(broker.port());
    listed.check->healthy_interval_ms = listed.check->unhealthy_interval_ms = kAnHourMs;
    follow();
    until_condition(BrokerCondition::Up);
    follow();
    listed.weight = 3;
    follow();
    EXPECT_EQ(health().checks, 1U);
    EXPECT_EQ(checker_->in_flight(), 0U) << "nothing is asked otherwise";

    listed.addresses = {*Address::parse("127.0.0.1", moved.port())};
    follow();
    EXPECT_TRUE(until_checks(1));
    EXPECT_TRUE(until([&] { return moved.clients() == 1; }));
    listed.check->healthy_interval_ms = 5;
    follow();
    EXPECT_TRUE(until_checks(3)) << "the timer of an hour has gone";
}

TEST_F(HealthTest, EndsTheCheckThatIsUnderWayWhereAnotherIsWanted) {
    MoodyBroker frozen(Mood::Hangs);
    Broker& listed = add(frozen.port());
    listed.check->timeout_ms = 3'600'000;
    follow();
    EXPECT_TRUE(until([&] { return frozen.clients() == 1; }));
    listed.check->timeout_ms = 20;
    follow();
    until_condition(BrokerCondition::NotReady);
    EXPECT_TRUE(until([&] { return checker_->in_flight() <= 1; })) << "the first one has ended";
}

TEST_F(HealthTest, ForgetsABrokerThatIsGoneAlsoWithACheckUnderWay) {
    MoodyBroker frozen(Mood::Hangs);
    add(kNobodyListens);
    add(frozen.port(), "frozen:1883").check->timeout_ms = 60'000;
    follow();
    until_condition(BrokerCondition::Down);
    EXPECT_TRUE(until([&] { return frozen.clients() == 1; }));
    snapshot_.brokers[0].listed = snapshot_.brokers[1].listed = false;
    follow();
    EXPECT_EQ(checker_->of(0), nullptr);
    EXPECT_EQ(checker_->of(1), nullptr);
    EXPECT_EQ(share(), kShareFull);
    EXPECT_TRUE(until([&] { return checker_->in_flight() == 0; }));
}

TEST_F(HealthTest, ASlotThatIsUsedAgainBeginsAnew) {
    MoodyBroker broker;
    add(kNobodyListens);
    follow();
    until_condition(BrokerCondition::Down);
    snapshot_.brokers.clear();
    add(broker.port(), "next:1883");
    follow();
    EXPECT_EQ(health().condition, BrokerCondition::Unchecked);
    EXPECT_EQ(health().checks, 0U);
    EXPECT_EQ(share(), kShareFull);
    until_condition(BrokerCondition::Up);
    snapshot_.brokers[0].upstream = "another";  // the same node of another upstream
    follow();
    EXPECT_EQ(health().condition, BrokerCondition::Unchecked);
}

TEST_F(HealthTest, ChecksAllInTurnWhereThereIsNotRoomForAll) {
    MoodyBroker frozen(Mood::Hangs);
    const auto brokers = static_cast<uint16_t>(HealthChecker::kProbesMax + 100);
    for (uint16_t i = 0; i < brokers; ++i) {
        add(frozen.port(), "frozen:" + std::to_string(i)).check->timeout_ms = 50;
    }
    follow();
    EXPECT_EQ(checker_->in_flight(), HealthChecker::kProbesMax);
    EXPECT_TRUE(until([&] {
        EXPECT_LE(checker_->in_flight(), HealthChecker::kProbesMax);
        unsigned checked = 0;
        for (uint16_t i = 0; i < brokers; ++i) checked += health(i).checks > 0;
        return checked == brokers;
    }));
    snapshot_.brokers.resize(10);  // drops some that wait in line
    follow();
    EXPECT_EQ(checker_->of(10), nullptr);
}

// ---- What is said to brokers -----------------------------------------------------------------

TEST_F(HealthTest, GivesEachCheckAClientIdOfItsOwn) {
    MoodyBroker broker;
    add(broker.port());
    follow();
    EXPECT_TRUE(until_checks(5));
    std::set<std::string> ids;
    for (const std::string& connect : broker.heard()) {
        ASSERT_EQ(connect.size(), 37U);
        EXPECT_EQ(connect.substr(14, 15), "jumpgate-check-");
        ids.insert(connect.substr(14));
    }
    EXPECT_EQ(ids.size(), broker.heard().size());
}

TEST_F(HealthTest, AnHttpCheckGoesToItsOwnPortWithItsOwnHost) {
    MoodyBroker api;
    Broker& named = add(kNobodyListens, "emqx:1883");
    named.tls = true;
    named.check->type = CheckType::Http;
    named.check->port = api.port();
    named.check->http_path = "/ready";
    options_.send_proxy = SendProxy::V2;  // not expected there
    follow();
    EXPECT_TRUE(until([&] { return !api.heard().empty(); }));
    EXPECT_TRUE(api.heard().front().starts_with(
        "GET /ready HTTP/1.1\r\nHost: emqx:" + std::to_string(api.port()) + "\r\n"))
        << api.heard().front();
    named.check->host = "api.example.test";
    const size_t before = api.heard().size();
    follow();
    EXPECT_TRUE(until([&] { return api.heard().size() > before + 1; }));
    EXPECT_NE(api.heard().back().find("\r\nHost: api.example.test\r\n"), std::string::npos);
}

TEST_F(HealthTest, SpeaksForItselfWhereAProxyHeaderIsSent) {
    for (const SendProxy version : {SendProxy::V1, SendProxy::V2, SendProxy::V2Tls}) {
        MoodyBroker broker;
        options_.send_proxy = version;
        snapshot_.brokers.clear();
        add(broker.port());
        if (checker_ != nullptr) checker_->stop();
        checker_.reset();
        follow();
        EXPECT_TRUE(until([&] { return !broker.heard().empty(); }));
        const std::string local("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", 16);
        const std::string expected = version == SendProxy::V1 ? "PROXY UNKNOWN\r\n" : local;
        EXPECT_TRUE(broker.heard().front().starts_with(expected + '\x10'));
    }
}

TEST_F(HealthTest, SpeaksTlsWhereClientsDo) {
    tls::ClientOptions trusts;
    trusts.ca = pki_file("ca.crt");
    snapshot_.upstreams[0].context =
        std::get<tls::ClientContextRef>(tls::make_client_context(trusts));
    MoodyBroker broker;
    Broker& listed = add(broker.port());
    listed.tls = true;
    listed.server_name = "localhost";
    follow();
    until_condition(BrokerCondition::Down);
    EXPECT_TRUE(health().why.starts_with("TLS: ")) << health().why;
    EXPECT_TRUE(broker.heard().front().starts_with("\x16\x03"));  // a ClientHello
}

// ---- The end ---------------------------------------------------------------------------------

TEST_F(HealthTest, StopsWithChecksUnderWayAndInLine) {
    MoodyBroker frozen(Mood::Hangs);
    for (unsigned i = 0; i < HealthChecker::kProbesMax + 10; ++i) {
        add(frozen.port(), "frozen:" + std::to_string(i)).check->timeout_ms = 60'000;
    }
    follow();
    EXPECT_TRUE(until([&] { return frozen.clients() > 0; }));
    checker_->stop();
    EXPECT_EQ(checker_->in_flight(), 0U);
}

}  // namespace
}  // namespace jumpgate
