#include "loadgen/crew.h"

#include <gtest/gtest.h>

#include <future>

#include "tests/loadgen/scripted_broker.h"

namespace jumpgate::load {
namespace {

TEST(Crew, PlansExactlyTheMessagesOfTheRun) {
    ScriptedBroker broker(1, [](Peer& peer, int) {
        peer.accept_session(false);
        while (!peer.receive().empty()) continue;
    });
    CrewRun run(Mode::Pub, broker.port(), {"-c", "1", "-V", "4", "-t", "t", "-I", "3"});
    run.start(10 * 3 * kNanosPerMilli);
    const Recorder& recorder = run.join();
    EXPECT_EQ(recorder[Count::Planned], 10U);
    EXPECT_EQ(recorder[Count::Sent], 10U);
    EXPECT_EQ(recorder.send_lateness.count(), 10U);
}

TEST(Crew, AnInterruptedAttemptIsNoFailure) {
    std::promise<void> asked;
    ScriptedBroker broker(1, [&asked](Peer& peer, int) {
        peer.receive();
        asked.set_value();
        EXPECT_TRUE(peer.receive().empty());  // no CONNACK: the client leaves on its own
    });
    CrewRun run(Mode::Conn, broker.port(), {"-c", "1", "-V", "4"});
    asked.get_future().wait();
    const Recorder& recorder = run.finish();
    EXPECT_EQ(recorder[Count::Connected], 0U);
    EXPECT_EQ(recorder[Count::Failed], 0U);
}

TEST(Crew, AccountsForThePairsOfItsOwn) {
    // A broker of one topic: what the second client publishes goes to the first.
    ScriptedBroker broker(2, [](Peer& peer, int number) {
        peer.accept_session(false);
        if (number == 0) {
            EXPECT_EQ(peer.receive_first_byte(), 0x82);
            peer.send({0x90, 3, 0, 1, 0});
            return;  // gone before a message comes: no subscription from here on
        }
        EXPECT_FALSE(peer.receive().empty());
        while (!peer.receive().empty()) continue;
    });
    CrewRun run(Mode::P2p, broker.port(),
                {"-c", "2", "-V", "4", "-I", "1", "-R", "100", "--drain-ms", "0"});
    run.start();
    run.wait_for(Count::ConnectionsLost, 1);
    run.wait_for(Count::Sent, 20);
    const Recorder& recorder = run.finish();
    EXPECT_EQ(recorder[Count::Received], 0U);
    EXPECT_EQ(recorder[Count::WithoutSubscriber] + recorder[Count::LostInFlight],
              recorder[Count::Sent]);
    EXPECT_EQ(recorder[Count::LostOnLiveConnections], 0U);
}

TEST(Crew, WhatIsDueWithinTheWarmUpCountsThereAlone) {
    ScriptedBroker broker(1, [](Peer& peer, int) {
        peer.accept_session(false);
        while (!peer.receive().empty()) continue;
    });
    CrewRun run(Mode::Pub, broker.port(),
                {"-c", "1", "-V", "4", "-t", "t", "-I", "5", "--warm-up", "100ms"});
    run.start(150 * kNanosPerMilli);
    const Recorder& recorder = run.join();
    EXPECT_EQ(recorder[Count::Planned], 10U);
    EXPECT_EQ(recorder.send_lateness.count(), 10U);
    EXPECT_EQ(run.warm_up()[Count::Planned], 20U);
    EXPECT_EQ(run.warm_up()[Count::Sent], 20U);
}

TEST(Crew, AStormTakesConnectionsAndTheyComeBack) {
    ScriptedBroker broker(2, [](Peer& peer, int number) {
        peer.accept_session(false);
        EXPECT_EQ(peer.receive_first_byte(), number == 0 ? 0 : 0xE0);  // without a goodbye
    });
    CrewRun run(Mode::Conn, broker.port(),
                {"-c", "1", "-V", "4", "--storm", "at=10ms,drop=100%", "--reconnect-min-ms", "1"});
    run.start();
    run.wait_for(Count::Reconnects, 1);
    const Recorder& recorder = run.finish();
    EXPECT_EQ(recorder.connections_lost(Cause::Storm), 1U);
    EXPECT_EQ(recorder[Count::ConnectionsLost], 1U);
}

TEST(Crew, WhoLeavesByChurnSaysGoodbye) {
    ScriptedBroker broker(2, [](Peer& peer, int) {
        peer.accept_session(false);
        EXPECT_EQ(peer.receive_first_byte(), 0xE0);
    });
    CrewRun run(Mode::Conn, broker.port(),
                {"-c", "1", "-V", "4", "--churn", "1%/s", "--reconnect-min-ms", "1"});
    run.start();
    run.wait_for(Count::Reconnects, 1);
    EXPECT_EQ(run.finish().connections_lost(Cause::Churn), 1U);
}

}  // namespace
}  // namespace jumpgate::load
