// A connection that stands: keep alive, and how it ends.
#include "loadgen/client.h"

#include <gtest/gtest.h>

#include "tests/loadgen/scripted_broker.h"

namespace jumpgate::load {
namespace {

const std::vector<uint8_t> kPing = {0xC0, 0};

TEST(Client, PingsWithinItsKeepAlive) {
    ScriptedBroker broker(1, [](Peer& peer, int) {
        peer.accept_session(false);
        for (int i = 0; i < 2; ++i) {
            EXPECT_EQ(peer.receive(), kPing);
            peer.send({0xD0, 0});
        }
        peer.receive();
    });
    CrewRun run(Mode::Conn, broker.port(), {"-c", "1", "-V", "4", "-k", "1"});
    run.start();
    run.wait_for(Count::PingsAnswered, 2);
    EXPECT_EQ(run.finish()[Count::ConnectionsLost], 0U);
}

TEST(Client, ObeysTheBrokersKeepAlive) {
    ScriptedBroker broker(1, [](Peer& peer, int) {
        peer.receive();
        peer.send({0x20, 6, 0, 0, 3, 0x13, 0, 1});  // server keep alive: 1 s
        EXPECT_EQ(peer.receive(), kPing);
        peer.send({0xD0, 0});
        peer.receive();
    });
    CrewRun run(Mode::Conn, broker.port(), {"-c", "1", "-V", "5", "-k", "0"});
    run.start();
    run.wait_for(Count::PingsAnswered, 1);
}

TEST(Client, GivesUpABrokerThatDoesNotAnswerPings) {
    ScriptedBroker broker(1, [](Peer& peer, int) {
        peer.accept_session(false);
        EXPECT_EQ(peer.receive(), kPing);
        EXPECT_TRUE(peer.receive().empty());
    });
    CrewRun run(Mode::Conn, broker.port(),
                {"-c", "1", "-V", "4", "-k", "1", "--ping-timeout-ms", "50"});
    run.start();
    run.wait_for(Count::ConnectionsLost, 1);
    const Recorder& recorder = run.finish();
    EXPECT_EQ(recorder.connections_lost(Cause::PingTimeout), 1U);
    EXPECT_EQ(recorder[Count::PingsSent], 1U);
    EXPECT_EQ(recorder[Count::PingsAnswered], 0U);
}

TEST(Client, PingsAllAtTheEndAndCountsWhoAnswers) {
    ScriptedBroker broker(1, [](Peer& peer, int) {
        peer.accept_session(false);
        EXPECT_EQ(peer.receive(), kPing);
        peer.send({0xD0, 0});
        EXPECT_EQ(peer.receive_first_byte(), 0xE0);
    });
    CrewRun run(Mode::Conn, broker.port(), {"-c", "1", "-V", "4", "-k", "0", "--ping-all-at-end"});
    run.start();
    const Recorder& recorder = run.finish();
    EXPECT_EQ(recorder[Count::PingsSent], 1U);
    EXPECT_EQ(recorder[Count::PingsAnswered], 1U);
}

TEST(Client, NamesTheCauseOfALostConnection) {
    struct Case {
        std::vector<uint8_t> last_words;
        Cause cause;
    };
    const std::vector<Case> cases = {
        {{}, Cause::Closed},
        {{0xE0, 1, 0x8B}, Cause::DisconnectPacket},  // Server shutting down
        {{0xF0, 0}, Cause::Protocol},
        {{0x00, 0}, Cause::Protocol},
        {{0x30, 0xFF, 0xFF, 0xFF, 0xFF}, Cause::Protocol},
    };
    for (const Case& each : cases) {
        ScriptedBroker broker(1, [&each](Peer& peer, int) {
            peer.receive();
            peer.send({0x20, 3, 0, 0, 0});
            if (each.last_words.empty()) return;
            peer.send(each.last_words);
            EXPECT_TRUE(peer.receive().empty());
        });
        CrewRun run(Mode::Conn, broker.port(), {"-c", "1", "-V", "5"});
        run.start();
        run.wait_for(Count::ConnectionsLost, 1);
        EXPECT_EQ(run.finish().connections_lost(each.cause), 1U) << word(each.cause);
    }
}

}  // namespace
}  // namespace jumpgate::load
