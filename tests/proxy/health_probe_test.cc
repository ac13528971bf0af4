#include "core/proxy/health_probe.h"

#include <atomic>
#include <thread>

#include "tests/proxy/secured_peer.h"

namespace jumpgate {
namespace {

using namespace std::string_literals;

const std::string kAccepted = "\x20\x02\x00\x00"s;
const std::string kDisconnect = "\xE0\x00"s;

// Probes on the test's own thread; brokers are played by another one.
class ProbeFixture : public testing::Test {
  protected:
    ProbeFixture() {
        RingLimits limits;
        limits.dial_slots = 4;
        limits.submissions = 64;
        limits.completions = 256;
        reactor_ = std::move(*Reactor::open(limits));
    }
    ~ProbeFixture() override {
        EXPECT_EQ(live_frames(), 0U);
        reactor_->turn(0);
        EXPECT_EQ(reactor_->ring().dial_slots_free(), 4U);
    }

    static ProbePlan plan_for(const FakeBroker& broker, CheckType type,
                              uint32_t timeout_ms = 4'000) {
        ProbePlan plan;
        plan.addresses = {*Address::parse("127.0.0.1", broker.port())};
        plan.check.type = type;
        plan.check.timeout_ms = timeout_ms;
        plan.client_id = "jumpgate-check-00000001";
        plan.http_host = "broker";
        return plan;
    }
    static void secure(ProbePlan& plan, std::string name = "localhost") {
        plan.context = SecuredPeer::client_context();
        plan.server_name = std::move(name);
    }

    // `script` plays the broker meanwhile.
    template <class Script>
    CheckResult check(ProbePlan plan, Script script) {
        std::atomic<bool> played = false;
        std::thread broker([&] {
            script();
            played = true;
        });
        const CheckResult result = check(std::move(plan));
        EXPECT_TRUE(turn_until([&] { return played.load(); }));  // it may wait for our end
        broker.join();
        return result;
    }
    CheckResult check(ProbePlan plan) {
        start(std::move(plan));
        EXPECT_TRUE(turn_until([&] { return done_; }));
        reactor_->turn(0);  // submits its close
        return probe_->result;
    }
    void start(ProbePlan plan) {
        done_ = false;
        probe_ = std::make_unique<Noted>(*reactor_, std::move(plan), done_);
        check_broker(*probe_);
        EXPECT_FALSE(done_) << "done comes from the reactor";
    }
    template <class Condition>
    bool turn_until(Condition holds) {
        const uint64_t deadline_ns = monotonic_ns() + 10 * kNanosPerSecond;
        while (!holds() && monotonic_ns() < deadline_ns) reactor_->turn(10 * kNanosPerMilli);
        return holds();
    }

    struct Noted : Probe {
        Noted(Reactor& where, ProbePlan what, bool& flag)
            : Probe(where, std::move(what),
                    [](Probe& probe) { static_cast<Noted&>(probe).ended = true; }),
              ended(flag) {}
        bool& ended;
    };
    std::unique_ptr<Reactor> reactor_;
    std::unique_ptr<Noted> probe_;
    bool done_ = false;
};

void expect(const CheckResult& result, Outcome outcome, BrokerCondition condition,
            std::string_view why) {
    EXPECT_EQ(result.outcome, outcome) << result.why;
    EXPECT_EQ(result.condition, condition) << result.why;
    EXPECT_TRUE(result.why.starts_with(why)) << result.why;
    EXPECT_EQ(result.why.empty(), why.empty()) << result.why;
}

// ---- tcp -------------------------------------------------------------------------------------

TEST_F(ProbeFixture, TcpPassesWhereSomebodyListens) {
    FakeBroker broker;
    const CheckResult result = check(plan_for(broker, CheckType::Tcp));
    expect(result, Outcome::Passed, BrokerCondition::Up, "");
    EXPECT_EQ(broker.accept().receive_to_end(), "");
}

TEST_F(ProbeFixture, ARefusedConnectionIsDown) {
    FakeBroker broker;
    const ProbePlan plan = plan_for(broker, CheckType::Tcp);
    broker.close();
    expect(check(plan), Outcome::TcpFailed, BrokerCondition::Down, "TCP: Connection refused");
}

TEST_F(ProbeFixture, AConnectionThatNobodyAnswersTimesOut) {
    FakeBroker blackhole(0);
    Peer filler = Peer::connect(blackhole.port());
    expect(check(plan_for(blackhole, CheckType::Tcp, 50)), Outcome::TimedOut, BrokerCondition::Down,
           "TCP: no answer within 50 ms");
}

TEST_F(ProbeFixture, ChecksTheFirstAddressThatLetsItConnect) {
    FakeBroker blackhole(0);
    Peer filler = Peer::connect(blackhole.port());
    FakeBroker gone;
    FakeBroker alive;
    ProbePlan plan = plan_for(blackhole, CheckType::Mqtt, 1'000);
    plan.addresses.push_back(*Address::parse("127.0.0.1", gone.port()));
    plan.addresses.push_back(*Address::parse("127.0.0.1", alive.port()));
    gone.close();
    const CheckResult result = check(plan, [&] {
        Peer peer = alive.accept();
        peer.send(kAccepted);
        peer.receive_to_end();
    });
    expect(result, Outcome::Passed, BrokerCondition::Up, "");
}

TEST_F(ProbeFixture, ComesFromTheSourceAddressOfTheRightFamily) {
    FakeBroker broker;
    ProbePlan plan = plan_for(broker, CheckType::Tcp);
    plan.sources = {*Address::parse("::1", 0), *Address::parse("127.0.0.9", 0)};
    expect(check(plan), Outcome::Passed, BrokerCondition::Up, "");
    Peer peer = broker.accept();
    Address from;
    socklen_t length = sizeof from.v6;
    getpeername(peer.fd(), &from.any, &length);
    from.length = length;
    EXPECT_EQ(from.host(), "127.0.0.9");
}

TEST_F(ProbeFixture, OurOwnShortageSaysNothingOfTheBroker) {
    FakeBroker broker;
    std::vector<int32_t> slots;
    while (reactor_->ring().dial_slots_free() > 0) {
        slots.push_back(reactor_->ring().take_dial_slot());
    }
    expect(check(plan_for(broker, CheckType::Tcp)), Outcome::Ignored, BrokerCondition::Unchecked,
           "could not ask: ");
    for (const int32_t slot : slots) reactor_->ring().give_dial_slot(slot);
}

// ---- mqtt ------------------------------------------------------------------------------------

TEST_F(ProbeFixture, MqttConnectsAndLeavesWithADisconnect) {
    FakeBroker broker;
    std::string heard;
    const CheckResult result = check(plan_for(broker, CheckType::Mqtt), [&] {
        Peer peer = broker.accept();
        const std::string packet = connect_packet("jumpgate-check-00000001");
        heard = peer.receive(packet.size());
        peer.send(kAccepted);
        heard += peer.receive(2);
        EXPECT_FALSE(peer.saw_end());  // it waits for the broker's end
        peer.shut_send();
        heard += peer.receive_to_end();
        EXPECT_TRUE(peer.saw_end() && !peer.was_reset());
    });
    expect(result, Outcome::Passed, BrokerCondition::Up, "");
    std::string expected = connect_packet("jumpgate-check-00000001");
    expected[11] = 10;  // keep alive
    EXPECT_EQ(heard, expected + kDisconnect);
}

TEST_F(ProbeFixture, MqttReadsAnAnswerThatComesByteByByte) {
    FakeBroker broker;
    const CheckResult result = check(plan_for(broker, CheckType::Mqtt), [&] {
        Peer peer = broker.accept();
        for (const char byte : "\x20\x02\x00\x03"s) peer.send({&byte, 1});
    });
    expect(result, Outcome::Refused, BrokerCondition::NotReady, "CONNACK 3: ");
}

TEST_F(ProbeFixture, MqttDoesNotWaitForeverForABrokerThatKeepsTheConnection) {
    FakeBroker broker;
    Peer peer;
    const CheckResult result = check(plan_for(broker, CheckType::Mqtt), [&] {
        peer = broker.accept();
        peer.send(kAccepted);
    });
    expect(result, Outcome::Passed, BrokerCondition::Up, "");
    EXPECT_LT(result.took_us, 4'000'000U);
}

TEST_F(ProbeFixture, ABrokerThatTakesTheConnectionAndSaysNothingIsNotReady) {
    FakeBroker frozen;  // in its backlog, as of a stopped process
    expect(check(plan_for(frozen, CheckType::Mqtt, 50)), Outcome::TimedOut,
           BrokerCondition::NotReady, "MQTT: no answer within 50 ms");
}

TEST_F(ProbeFixture, HalfAnAnswerIsNone) {
    FakeBroker broker;
    Peer peer;
    const CheckResult slow = check(plan_for(broker, CheckType::Mqtt, 100), [&] {
        peer = broker.accept();
        peer.send("\x20\x02"s);
    });
    expect(slow, Outcome::TimedOut, BrokerCondition::NotReady, "MQTT: no answer within 100 ms");
    const CheckResult cut = check(plan_for(broker, CheckType::Mqtt), [&] {
        Peer second = broker.accept();
        second.receive(10);
        second.send("\x20\x02"s);
    });
    expect(cut, Outcome::TcpFailed, BrokerCondition::NotReady, "MQTT: ");
}

TEST_F(ProbeFixture, ABrokerThatResetsIsNotReady) {
    FakeBroker broker;
    const CheckResult result = check(plan_for(broker, CheckType::Mqtt), [&] {
        Peer peer = broker.accept();
        peer.receive(10);
        peer.reset();
    });
    expect(result, Outcome::TcpFailed, BrokerCondition::NotReady, "MQTT: Connection reset");
}

TEST_F(ProbeFixture, SendsAPreambleFirst) {
    FakeBroker broker;
    for (const CheckType type : {CheckType::Tcp, CheckType::Mqtt}) {
        ProbePlan plan = plan_for(broker, type, 500);
        for (const char c : "PROXY UNKNOWN\r\n"s) plan.preamble.push_back(static_cast<uint8_t>(c));
        std::string heard;
        check(plan, [&] {
            Peer peer = broker.accept();
            heard = peer.receive(15);
        });
        EXPECT_EQ(heard, "PROXY UNKNOWN\r\n");
    }
}

// ---- http ------------------------------------------------------------------------------------

TEST_F(ProbeFixture, HttpReadsTheStatusAndTheRestToItsEnd) {
    FakeBroker broker;
    const CheckResult result = check(plan_for(broker, CheckType::Http), [&] {
        Peer peer = broker.accept();
        EXPECT_TRUE(peer.receive(16).starts_with("GET / HTTP/1.1\r\n"));
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 30000\r\n\r\n" + std::string(30'000, 'x'));
        peer.shut_send();
        peer.receive_to_end();
        EXPECT_FALSE(peer.was_reset());
    });
    expect(result, Outcome::Passed, BrokerCondition::Up, "");
}

TEST_F(ProbeFixture, HttpDoesNotReadAnEndlessBody) {
    FakeBroker broker;
    const CheckResult result = check(plan_for(broker, CheckType::Http), [&] {
        Peer peer = broker.accept();
        const std::string body(65'536, 'x');
        std::string part = "HTTP/1.1 503 Busy\r\n\r\n" + body;
        while (::send(peer.fd(), part.data(), part.size(), MSG_NOSIGNAL) > 0) part = body;
    });
    expect(result, Outcome::Refused, BrokerCondition::NotReady, "HTTP status 503 of /");
}

TEST_F(ProbeFixture, AnEndWithoutAStatusIsNoAnswer) {
    FakeBroker broker;
    const CheckResult result = check(plan_for(broker, CheckType::Http), [&] {
        Peer peer = broker.accept();
        peer.receive(16);
        peer.send("HTTP/1.1 ");
        peer.shut_send();
        peer.receive_to_end();
    });
    expect(result, Outcome::TcpFailed, BrokerCondition::NotReady, "HTTP: the broker closed");
}

// ---- TLS -------------------------------------------------------------------------------------

TEST_F(ProbeFixture, MqttGoesThroughTlsAndEndsWithACloseNotify) {
    FakeBroker broker;
    ProbePlan plan = plan_for(broker, CheckType::Mqtt);
    secure(plan, "localhost.");
    const CheckResult result = check(plan, [&] {
        SecuredPeer peer = SecuredPeer::server(broker.accept());
        ASSERT_TRUE(peer.shake_hands());
        EXPECT_EQ(peer.engine().server_name(), "localhost");
        peer.receive(connect_packet("jumpgate-check-00000001").size());
        peer.send(kAccepted);
        EXPECT_EQ(peer.receive_to_end(), kDisconnect);
        EXPECT_TRUE(peer.ended_cleanly());
    });
    expect(result, Outcome::Passed, BrokerCondition::Up, "");
}

TEST_F(ProbeFixture, TcpWithTlsIsAHandshakeAndACleanEnd) {
    FakeBroker broker;
    ProbePlan plan = plan_for(broker, CheckType::Tcp);
    secure(plan);
    const CheckResult result = check(plan, [&] {
        SecuredPeer peer = SecuredPeer::server(broker.accept());
        ASSERT_TRUE(peer.shake_hands());
        EXPECT_EQ(peer.receive_to_end(), "");
        EXPECT_TRUE(peer.ended_cleanly());
    });
    expect(result, Outcome::Passed, BrokerCondition::Up, "");
}

TEST_F(ProbeFixture, ACertificateThatIsNotTrustedIsDown) {
    for (const char* name : {"wrong-host", "expired-server", "other-server"}) {
        FakeBroker broker;
        ProbePlan plan = plan_for(broker, CheckType::Mqtt);
        secure(plan);
        const CheckResult result = check(plan, [&] {
            SecuredPeer peer = SecuredPeer::server(broker.accept(), name);
            peer.shake_hands();
            EXPECT_EQ(peer.receive_to_end(), "");  // not one byte of the CONNECT
        });
        expect(result, Outcome::TcpFailed, BrokerCondition::Down, "TLS: ");
    }
}

TEST_F(ProbeFixture, ABrokerWithoutTlsIsDownForTls) {
    FakeBroker broker;
    ProbePlan plan = plan_for(broker, CheckType::Mqtt);
    secure(plan);
    const CheckResult result = check(plan, [&] {
        Peer peer = broker.accept();
        peer.receive(5);
        peer.send(kAccepted + std::string(20, 'x'));
        peer.receive_to_end();
    });
    expect(result, Outcome::TcpFailed, BrokerCondition::Down, "TLS: ");
    plan.check.timeout_ms = 50;
    expect(check(plan), Outcome::TimedOut, BrokerCondition::Down, "TLS: no answer within 50 ms");
}

// ---- Being stopped ---------------------------------------------------------------------------

TEST_F(ProbeFixture, StopsInEachOfItsSteps) {
    FakeBroker frozen;
    FakeBroker blackhole(0);
    Peer filler = Peer::connect(blackhole.port());
    for (const FakeBroker* broker : {&frozen, &blackhole}) {
        for (const bool tls : {false, true}) {
            ProbePlan plan = plan_for(*broker, CheckType::Mqtt, 60'000);
            if (tls) secure(plan);
            start(plan);
            for (int turns = 0; turns < 5; ++turns) reactor_->turn(kNanosPerMilli);
            EXPECT_FALSE(done_);
            probe_->stop();
            EXPECT_TRUE(turn_until([&] { return done_; }));
            EXPECT_EQ(probe_->result.outcome, Outcome::Ignored);
        }
    }
}

TEST_F(ProbeFixture, StopsWithinItsGoodbye) {
    FakeBroker broker;
    Peer peer;
    start(plan_for(broker, CheckType::Mqtt));
    std::thread script([&] {
        peer = broker.accept();
        peer.send(kAccepted);
    });
    EXPECT_TRUE(turn_until([&] { return probe_->result.outcome == Outcome::Passed; }));
    EXPECT_FALSE(done_);
    probe_->stop();
    script.join();
    EXPECT_TRUE(turn_until([&] { return done_; }));
}

}  // namespace
}  // namespace jumpgate
