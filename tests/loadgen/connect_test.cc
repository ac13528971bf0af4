// The set-up of a connection against every way in which a broker can refuse it.
#include "mqtt/connect.h"

#include <gtest/gtest.h>

#include "tests/loadgen/scripted_broker.h"

namespace jumpgate::load {
namespace {

// One client of `jumpload conn` against `script`; its records.
Recorder connect_once(ScriptedBroker::Script script, const char* version = "4") {
    ScriptedBroker broker(1, std::move(script));
    CrewRun run(Mode::Conn, broker.port(),
                {"-c", "1", "-V", version, "--connect-timeout-ms", "300"});
    run.start();
    return run.finish();
}

void expect_failure(const Recorder& recorder, Cause cause) {
    EXPECT_EQ(recorder[Count::Connected], 0U);
    EXPECT_EQ(recorder[Count::Failed], 1U);
    EXPECT_EQ(recorder.setup_failures(cause), 1U) << word(cause);
}

TEST(Connect, TakesAConnackInSingleBytes) {
    const Recorder recorder = connect_once([](Peer& peer, int) {
        const std::vector<uint8_t> connect = peer.receive();
        const mqtt::ConnectResult parsed = mqtt::parse_connect(connect);
        EXPECT_EQ(std::get<mqtt::ConnectView>(parsed).client_id, "jumpload-conn0");
        for (const uint8_t byte : std::vector<uint8_t>{0x20, 2, 0, 0}) peer.send({byte});
        EXPECT_EQ(peer.receive(), (std::vector<uint8_t>{0xE0, 0}));  // goes with a DISCONNECT
    });
    EXPECT_EQ(recorder[Count::Connected], 1U);
    EXPECT_EQ(recorder[Count::Failed], 0U);
    EXPECT_EQ(recorder.connect.count(), 1U);
}

TEST(Connect, CountsARefusalUnderItsCode) {
    const Recorder v4 = connect_once([](Peer& peer, int) {
        peer.receive();
        peer.send({0x20, 2, 0, 5});
    });
    expect_failure(v4, Cause::ConnackRefused);
    EXPECT_EQ(v4.connack_codes(0x87), 1U);
    const Recorder v5 = connect_once(
        [](Peer& peer, int) {
            peer.receive();
            peer.send({0x20, 3, 0, 0x97, 0});
        },
        "5");
    expect_failure(v5, Cause::ConnackRefused);
    EXPECT_EQ(v5.connack_codes(0x97), 1U);
}

TEST(Connect, TellsTheFaultsOfABrokerApart) {
    expect_failure(connect_once([](Peer& peer, int) {
                       peer.receive();
                       peer.send({0x20, 2, 0, 200});
                   }),
                   Cause::Protocol);
    expect_failure(connect_once([](Peer& peer, int) {
                       peer.receive();
                       peer.send({'H', 'T', 'T', 'P'});
                   }),
                   Cause::Protocol);
    expect_failure(connect_once([](Peer& peer, int) { peer.receive(); }), Cause::Closed);
    expect_failure(connect_once([](Peer& peer, int) {
                       peer.receive();
                       EXPECT_TRUE(peer.receive().empty());  // silent until the client gives up
                   }),
                   Cause::Timeout);
}

TEST(Connect, FindsNobodyThere) {
    uint16_t port = 0;
    {
        ScriptedBroker closed(0, {});
        port = closed.port();
    }
    CrewRun run(Mode::Conn, port, {"-c", "3"});
    run.start();
    const Recorder& recorder = run.finish();
    EXPECT_EQ(recorder.setup_failures(Cause::Refused), 3U);
    EXPECT_EQ(recorder[Count::Failed], 3U);
}

TEST(Connect, ASubscriptionCanBeRefused) {
    ScriptedBroker broker(1, [](Peer& peer, int) {
        peer.accept_session(false);
        EXPECT_EQ(peer.receive_first_byte(), 0x82);
        peer.send({0x90, 3, 0, 1, 0x80});
        peer.receive();
    });
    CrewRun run(Mode::Sub, broker.port(), {"-c", "1", "-V", "4", "-t", "a/#"});
    run.start();
    expect_failure(run.finish(), Cause::SubackRefused);
}

TEST(Connect, ComesBackAsOftenAsItTakes) {
    ScriptedBroker broker(4, [](Peer& peer, int number) {
        if (number < 2) return;  // closed before a CONNACK
        peer.accept_session(false);
        if (number == 3) peer.receive();
    });
    CrewRun run(Mode::Conn, broker.port(),
                {"-c", "1", "-V", "4", "--reconnect", "--reconnect-min-ms", "1"});
    run.start();
    run.wait_for(Count::Reconnects, 1);
    const Recorder& recorder = run.finish();
    EXPECT_EQ(recorder[Count::Connected], 1U);
    EXPECT_EQ(recorder[Count::Failed], 0U);
    EXPECT_EQ(recorder[Count::ConnectionsLost], 1U);
    EXPECT_EQ(recorder[Count::Connections], 2U);
}

TEST(Connect, LeavesItsWill) {
    for (const char* version : {"3", "4", "5"}) {
        ScriptedBroker broker(1, [](Peer& peer, int) {
            const std::vector<uint8_t> bytes = peer.receive();
            const mqtt::ConnectResult parsed = mqtt::parse_connect(bytes);
            const mqtt::ConnectView* connect = std::get_if<mqtt::ConnectView>(&parsed);
            ASSERT_NE(connect, nullptr);
            EXPECT_EQ(connect->client_id, "jumpload-conn0");
            EXPECT_TRUE(connect->will.present && connect->will.retain);
            EXPECT_EQ(connect->will.qos, 2);
            EXPECT_EQ(connect->will.topic, "gone/jumpload-conn0/u0");
            EXPECT_EQ(std::string(connect->will.payload.begin(), connect->will.payload.end()),
                      "bye");
        });
        CrewRun run(Mode::Conn, broker.port(),
                    {"-c", "1", "-V", version, "-u", "u%i", "--will-topic", "gone/%c/%u",
                     "--will-payload", "bye", "--will-qos", "2", "--will-retain"});
        run.start();
    }
}

// ---- Server References (MQTT 5, 4.13) ----------------------------------------------------------

// CONNACK or DISCONNECT, whose variable headers differ by the session present flag only.
std::vector<uint8_t> go_elsewhere(uint8_t type, uint8_t reason, const std::string& reference) {
    std::vector<uint8_t> packet = {type, 0};
    if (type == 0x20) packet.push_back(0);
    packet.push_back(reason);
    packet.push_back(static_cast<uint8_t>(3 + reference.size()));
    packet.insert(packet.end(), {0x1C, 0, static_cast<uint8_t>(reference.size())});
    packet.insert(packet.end(), reference.begin(), reference.end());
    packet[1] = static_cast<uint8_t>(packet.size() - 2);
    return packet;
}

void accept_v5(Peer& peer) {
    EXPECT_EQ(peer.receive_first_byte(), 0x10);
    peer.send({0x20, 3, 0, 0, 0});
}

std::string at_loopback(const ScriptedBroker& broker) {
    return "127.0.0.1:" + std::to_string(broker.port());
}

TEST(Connect, GoesWhereAConnackSendsIt) {
    ScriptedBroker other(1, [](Peer& peer, int) {
        accept_v5(peer);
        peer.receive();
    });
    ScriptedBroker broker(1, [&other](Peer& peer, int) {
        peer.receive();
        peer.send(go_elsewhere(0x20, 0x9C, at_loopback(other)));
        peer.receive();
    });
    CrewRun run(Mode::Conn, broker.port(), {"-c", "1"});
    run.start();
    const Recorder& recorder = run.finish();
    EXPECT_EQ(recorder[Count::Connected], 1U);
    EXPECT_EQ(recorder[Count::Redirects], 1U);
    EXPECT_EQ(recorder[Count::Failed], 0U);
    EXPECT_EQ(recorder.connack_codes(0x9C), 1U);
}

TEST(Connect, ServerMovedIsForGoodAndUseAnotherServerForOnce) {
    for (const uint8_t reason : {uint8_t{0x9D}, uint8_t{0x9C}}) {
        const bool for_good = reason == 0x9D;
        // Sent there by a DISCONNECT; the connection there is lost, and the client comes back.
        ScriptedBroker other(for_good ? 2 : 1, [for_good](Peer& peer, int number) {
            accept_v5(peer);
            if (for_good && number == 1) peer.receive();
        });
        ScriptedBroker broker(for_good ? 1 : 2, [&other, reason](Peer& peer, int number) {
            accept_v5(peer);
            if (number == 0) peer.send(go_elsewhere(0xE0, reason, at_loopback(other)));
            peer.receive();
        });
        CrewRun run(Mode::Conn, broker.port(),
                    {"-c", "1", "--reconnect", "--reconnect-min-ms", "1"});
        run.start();
        run.wait_for(Count::Reconnects, 2);
        const Recorder& recorder = run.finish();
        EXPECT_EQ(recorder[Count::Redirects], 1U);
        EXPECT_EQ(recorder.connections_lost(Cause::DisconnectPacket), 1U);
    }
}

TEST(Connect, IsNotSentRoundAndRound) {
    std::string here;
    ScriptedBroker broker(3, [&here](Peer& peer, int) {
        peer.receive();
        peer.send(go_elsewhere(0x20, 0x9D, here));
        peer.receive();
    });
    here = at_loopback(broker);
    CrewRun run(Mode::Conn, broker.port(), {"-c", "1", "--redirects", "2"});
    run.start();
    const Recorder& recorder = run.finish();
    EXPECT_EQ(recorder[Count::Redirects], 2U);
    EXPECT_EQ(recorder[Count::Failed], 1U);
    EXPECT_EQ(recorder.setup_failures(Cause::ConnackRefused), 1U);
    EXPECT_EQ(recorder.connack_codes(0x9D), 3U);
}

TEST(Connect, AReferenceThatNamesNothingIsARefusal) {
    for (const std::string& reference : {std::string(":"), std::string(), std::string("a b c")}) {
        ScriptedBroker broker(1, [&reference](Peer& peer, int) {
            peer.receive();
            peer.send(go_elsewhere(0x20, 0x9C, reference));
            peer.receive();
        });
        CrewRun run(Mode::Conn, broker.port(), {"-c", "1"});
        run.start();
        const Recorder& recorder = run.finish();
        EXPECT_EQ(recorder[Count::Redirects], 0U) << reference;
        EXPECT_EQ(recorder.setup_failures(Cause::ConnackRefused), 1U) << reference;
    }
}

}  // namespace
}  // namespace jumpgate::load
