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

}  // namespace
}  // namespace jumpgate::load
