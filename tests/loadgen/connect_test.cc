// The set-up of a connection against every way in which a broker can refuse it.
#include "mqtt/connect.h"

#include <gtest/gtest.h>

#include <future>

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
    for (const Histogram* times : {&recorder.connect, &recorder.tcp, &recorder.connack}) {
        EXPECT_EQ(times->count(), 1U);
    }
}

TEST(Connect, IsTheTcpConnectionAndTheBrokersAnswer) {
    const Recorder recorder = connect_once([](Peer& peer, int) {
        peer.receive();
        EXPECT_TRUE(peer.silent(30));
        peer.send({0x20, 2, 0, 0});
        peer.receive();
    });
    EXPECT_GE(recorder.connect.max_us(), 30'000U);
    const uint64_t parts_us = recorder.tcp.max_us() + recorder.connack.max_us();
    EXPECT_LE(parts_us, recorder.connect.max_us());
    EXPECT_GE(parts_us + 1, recorder.connect.max_us());  // both are cut to whole microseconds
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

// ---- Who serves it: --broker-from --------------------------------------------------------------

std::vector<uint8_t> named_connack(std::string_view key, std::string_view name) {
    std::vector<uint8_t> pair = {0x26, 0, static_cast<uint8_t>(key.size())};
    pair.insert(pair.end(), key.begin(), key.end());
    pair.insert(pair.end(), {0, static_cast<uint8_t>(name.size())});
    pair.insert(pair.end(), name.begin(), name.end());
    std::vector<uint8_t> packet = {0x20, static_cast<uint8_t>(3 + pair.size()), 0, 0,
                                   static_cast<uint8_t>(pair.size())};
    packet.insert(packet.end(), pair.begin(), pair.end());
    return packet;
}

TEST(Connect, LearnsItsBrokerFromTheConnack) {
    const Recorder recorder = connect_once(
        [](Peer& peer, int) {
            peer.receive();
            peer.send(named_connack("broker", "one"));
            peer.receive();
        },
        "5");
    EXPECT_EQ(recorder.brokers, (BrokerClients{{"one", 1}}));
    EXPECT_EQ(recorder[Count::BrokerKept] + recorder[Count::BrokerMoved], 0U);
}

void send_publish(Peer& peer, std::string_view topic, std::string_view payload) {
    mqtt::PublishView view;
    view.topic = topic;
    view.payload = mqtt::bytes(payload);
    view.retain = true;
    std::vector<uint8_t> bytes(mqtt::encode_publish({}, view, 4));
    mqtt::encode_publish(bytes, view, 4);
    peer.send(bytes);
}

// Connection number i of one client is served by names[i]; the last one stays.
Recorder connect_by_topic(const std::vector<std::string>& names) {
    const auto last = static_cast<int>(names.size()) - 1;
    ScriptedBroker broker(last + 1, [&names, last](Peer& peer, int number) {
        peer.accept_session(false);
        const std::vector<uint8_t> subscribe = peer.receive();
        EXPECT_EQ(subscribe, (std::vector<uint8_t>{0x82, 8, 0, 1, 0, 3, 'w', '/', 'o', 0}));
        peer.send({0x90, 3, 0, 1, 0});
        const size_t at = static_cast<size_t>(number);
        send_publish(peer, "w/o", names[at]);
        send_publish(peer, "w/o", "another, later");
        if (number == last) peer.receive();
    });
    CrewRun run(Mode::Conn, broker.port(),
                {"-c", "1", "-V", "4", "--reconnect", "--reconnect-min-ms", "1", "--broker-from",
                 "topic:w/o"});
    run.start();
    if (last > 0) run.wait_for(Count::Reconnects, static_cast<uint64_t>(last));
    run.wait_for_broker(names.back());
    return run.finish();
}

TEST(Connect, LearnsItsBrokerFromTheFirstMessageOfATopic) {
    const Recorder recorder = connect_by_topic({"one", "one", "two"});
    EXPECT_EQ(recorder.brokers, (BrokerClients{{"two", 1}}));
    EXPECT_EQ(recorder[Count::BrokerKept], 1U);
    EXPECT_EQ(recorder[Count::BrokerMoved], 1U);
    EXPECT_EQ(recorder[Count::Received] + recorder[Count::Unexpected], 0U);
}

TEST(Connect, MayBeRefusedTheTopicThatNamesItsBroker) {
    ScriptedBroker broker(1, [](Peer& peer, int) {
        peer.accept_session(false);
        EXPECT_EQ(peer.receive_first_byte(), 0x82);
        peer.send({0x90, 3, 0, 1, 0x80});
        peer.receive();
    });
    CrewRun run(Mode::Conn, broker.port(),
                {"-c", "1", "-V", "4", "--broker-from", "topic:$SYS/broker/name"});
    run.start();
    expect_failure(run.finish(), Cause::SubackRefused);
}

TEST(Connect, ASubscriberAsksForItsBrokerToo) {
    ScriptedBroker broker(1, [](Peer& peer, int) {
        peer.accept_session(false);
        EXPECT_EQ(peer.receive(),
                  (std::vector<uint8_t>{0x82, 12, 0, 1, 0, 1, 't', 1, 0, 3, 'w', '/', '+', 0}));
        peer.send({0x90, 4, 0, 1, 1, 0});  // QoS 0 is all that the name needs
        send_publish(peer, "w/one", "whatever");
        send_publish(peer, "t", "of the load");
        peer.receive();
    });
    CrewRun run(Mode::Sub, broker.port(),
                {"-c", "1", "-V", "4", "-q", "1", "-t", "t", "--broker-from", "topic:w/+"});
    run.start();
    run.wait_for(Count::Received, 1);
    const Recorder& recorder = run.finish();
    EXPECT_EQ(recorder.brokers, (BrokerClients{{"one", 1}}));
    EXPECT_EQ(recorder[Count::Received], 1U);
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
    std::promise<std::string> itself;
    const std::shared_future<std::string> here = itself.get_future().share();
    ScriptedBroker broker(3, [here](Peer& peer, int) {
        peer.receive();
        peer.send(go_elsewhere(0x20, 0x9D, here.get()));
        peer.receive();
    });
    itself.set_value(at_loopback(broker));
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
