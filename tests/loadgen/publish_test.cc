// What a publisher puts on the wire: its window, its answers, and what it sends again.
#include <gtest/gtest.h>

#include "loadgen/message.h"
#include "mqtt/properties.h"
#include "tests/loadgen/scripted_broker.h"

namespace jumpgate::load {
namespace {

using Bytes = std::vector<uint8_t>;

struct Published {
    uint16_t packet_id;
    uint32_t sequence;
    bool dup;
};

// The next packet, which must be a PUBLISH to topic "t".
Published receive_publish(Peer& peer, uint8_t level = 4) {
    const Bytes bytes = peer.receive();
    const mqtt::Framed framed = mqtt::next_packet(bytes);
    const mqtt::Packet* packet = std::get_if<mqtt::Packet>(&framed);
    if (packet == nullptr || packet->type != mqtt::PacketType::Publish) {
        ADD_FAILURE() << "no PUBLISH";
        return {};
    }
    const auto parsed = mqtt::parse_publish(*packet, level);
    const mqtt::PublishView& publish = std::get<mqtt::PublishView>(parsed);
    EXPECT_EQ(publish.topic, "t");
    return {publish.packet_id, read_header(publish.payload).sequence, publish.dup};
}

Bytes ack(uint8_t first_byte, uint16_t packet_id) {
    return {first_byte, 2, static_cast<uint8_t>(packet_id >> 8), static_cast<uint8_t>(packet_id)};
}

std::vector<const char*> publisher(std::vector<const char*> more) {
    std::vector<const char*> arguments = {"-c", "1", "-V", "4", "-t", "t", "-I", "1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
}

TEST(Publish, StopsAtTheWindowAndGoesOnWithEachAnswer) {
    ScriptedBroker broker(1, [](Peer& peer, int) {
        peer.accept_session(false);
        for (uint32_t n = 0; n < 3; ++n) EXPECT_EQ(receive_publish(peer).sequence, n);
        EXPECT_TRUE(peer.silent(50));
        peer.send(ack(0x40, Window::packet_id(0)));
        EXPECT_EQ(receive_publish(peer).sequence, 3U);
        EXPECT_TRUE(peer.silent(50));
        while (!peer.receive().empty()) continue;
    });
    CrewRun run(Mode::Pub, broker.port(), publisher({"-q", "1", "-F", "3", "--drain-ms", "0"}));
    run.start();
    run.wait_for(Count::Sent, 4);
    const Recorder& recorder = run.finish();
    EXPECT_EQ(recorder[Count::Acknowledged], 1U);
    EXPECT_EQ(recorder[Count::Unacknowledged], 3U);
    EXPECT_EQ(recorder[Count::HeldByWindow], 1U);
    EXPECT_GT(recorder[Count::Planned], 4U);
}

TEST(Publish, KeepsToTheBrokersReceiveMaximum) {
    ScriptedBroker broker(1, [](Peer& peer, int) {
        peer.receive();
        peer.send({0x20, 6, 0, 0, 3, 0x21, 0, 2});
        for (uint32_t n = 0; n < 2; ++n) EXPECT_EQ(receive_publish(peer, 5).sequence, n);
        EXPECT_TRUE(peer.silent(50));
        while (!peer.receive().empty()) continue;
    });
    CrewRun run(Mode::Pub, broker.port(),
                {"-c", "1", "-V", "5", "-t", "t", "-I", "1", "-q", "1", "--drain-ms", "0"});
    run.start();
    run.wait_for(Count::Sent, 2);
}

TEST(Publish, ARefusedMessageIsNotAcknowledged) {
    ScriptedBroker broker(1, [](Peer& peer, int) {
        peer.receive();
        peer.send({0x20, 3, 0, 0, 0});
        const Published first = receive_publish(peer, 5);
        peer.send({0x40, 3, 0, static_cast<uint8_t>(first.packet_id), 0x97});
        while (!peer.receive().empty()) continue;
    });
    CrewRun run(Mode::Pub, broker.port(),
                {"-c", "1", "-V", "5", "-t", "t", "-I", "1", "-q", "1", "--drain-ms", "0"});
    run.start();
    run.wait_for(Count::AckRefused, 1);
    EXPECT_EQ(run.finish()[Count::Acknowledged], 0U);
}

TEST(Publish, AResumedSessionSendsAgainWhatHadNoAnswer) {
    ScriptedBroker broker(2, [](Peer& peer, int number) {
        peer.accept_session(number == 1);
        if (number == 0) {
            for (int n = 0; n < 3; ++n) receive_publish(peer);
            peer.send(ack(0x40, Window::packet_id(1)));
            receive_publish(peer);  // the answer has been heard: number 3 follows
            return;
        }
        EXPECT_EQ(receive_publish(peer).sequence, 0U);
        const Published again = receive_publish(peer);
        EXPECT_EQ(again.sequence, 2U);
        EXPECT_TRUE(again.dup);
        EXPECT_EQ(again.packet_id, Window::packet_id(2));
        while (!peer.receive().empty()) continue;
    });
    CrewRun run(Mode::Pub, broker.port(),
                publisher({"-q", "1", "-F", "4", "-C", "false", "--reconnect", "--reconnect-min-ms",
                           "1", "--drain-ms", "0"}));
    run.start();
    run.wait_for(Count::Resent, 3);  // 0, 2, 3
    const Recorder& recorder = run.finish();
    EXPECT_EQ(recorder[Count::Resent], 3U);
    EXPECT_EQ(recorder[Count::Acknowledged], 1U);
}

TEST(Publish, WithoutTheSessionWhatHadNoAnswerIsGivenUp) {
    ScriptedBroker broker(2, [](Peer& peer, int number) {
        peer.accept_session(false);
        if (number == 0) {
            for (int n = 0; n < 3; ++n) receive_publish(peer);
            return;
        }
        const Published next = receive_publish(peer);
        EXPECT_EQ(next.sequence, 3U);
        EXPECT_FALSE(next.dup);
        while (!peer.receive().empty()) continue;
    });
    CrewRun run(Mode::Pub, broker.port(),
                publisher({"-q", "1", "-F", "3", "-C", "false", "--reconnect", "--reconnect-min-ms",
                           "1", "--drain-ms", "0"}));
    run.start();
    run.wait_for(Count::Unacknowledged, 3);
    run.wait_for(Count::Reconnects, 1);
    EXPECT_EQ(run.finish()[Count::Resent], 0U);
}

TEST(Publish, Qos2IsAcknowledgedOnlyAtItsEnd) {
    ScriptedBroker broker(2, [](Peer& peer, int number) {
        peer.accept_session(number == 1);
        const uint16_t id = Window::packet_id(0);
        if (number == 0) {
            EXPECT_EQ(receive_publish(peer).packet_id, id);
            peer.send(ack(0x50, id));                  // PUBREC
            EXPECT_EQ(peer.receive(), ack(0x62, id));  // PUBREL
            return;
        }
        EXPECT_EQ(peer.receive(), ack(0x62, id));  // resumed: PUBREL again, not PUBLISH
        peer.send(ack(0x70, id));                  // PUBCOMP
        while (!peer.receive().empty()) continue;
    });
    CrewRun run(Mode::Pub, broker.port(),
                publisher({"-q", "2", "-F", "1", "-C", "false", "--reconnect", "--reconnect-min-ms",
                           "1", "--drain-ms", "0"}));
    run.start();
    run.wait_for(Count::Acknowledged, 1);
    EXPECT_EQ(run.finish()[Count::Resent], 0U);
}

TEST(Publish, MessagesDueWithoutAConnectionAreHeldAndCounted) {
    ScriptedBroker broker(1, [](Peer& peer, int) {
        peer.accept_session(false);
        receive_publish(peer);
    });
    CrewRun run(Mode::Pub, broker.port(), publisher({"-q", "0", "--drain-ms", "0"}));
    run.start();
    run.wait_for(Count::ConnectionsLost, 1);
    run.wait_for(Count::Planned, 20);
    const Recorder& recorder = run.finish();
    EXPECT_LT(recorder[Count::Sent], recorder[Count::Planned]);
}

// The next packet, a PUBLISH of MQTT 5; its views point into `bytes`.
mqtt::PublishView receive_view(Peer& peer, Bytes& bytes) {
    bytes = peer.receive();
    const mqtt::Framed framed = mqtt::next_packet(bytes);
    const mqtt::Packet* packet = std::get_if<mqtt::Packet>(&framed);
    if (packet == nullptr || packet->type != mqtt::PacketType::Publish) {
        ADD_FAILURE() << "no PUBLISH";
        return {};
    }
    return std::get<mqtt::PublishView>(mqtt::parse_publish(*packet, 5));
}

TEST(Publish, NamesItsTopicOnceInEachConnectionWhereTheBrokerTakesAliases) {
    struct Case {
        Bytes connack;
        uint16_t alias;
        std::string_view second_topic;
    };
    const std::vector<Case> cases = {
        {{0x20, 6, 0, 0, 3, 0x22, 0, 1}, 1, ""},  // topic alias maximum 1
        {{0x20, 3, 0, 0, 0}, 0, "t"},             // none
    };
    for (const Case& each : cases) {
        ScriptedBroker broker(2, [&each](Peer& peer, int number) {
            peer.receive();
            peer.send(each.connack);
            Bytes bytes;
            for (int n = 0; n < 3; ++n) {
                const mqtt::PublishView publish = receive_view(peer, bytes);
                EXPECT_EQ(publish.topic, n == 0 ? "t" : each.second_topic);
                EXPECT_EQ(publish.topic_alias, each.alias);
            }
            while (number == 1 && !peer.receive().empty()) continue;
        });
        CrewRun run(Mode::Pub, broker.port(),
                    {"-c", "1", "-t", "t", "-I", "1", "--topic-alias", "--reconnect",
                     "--reconnect-min-ms", "1", "--drain-ms", "0"});
        run.start();
        run.wait_for(Count::Reconnects, 1);
        run.wait_for(Count::Sent, 6);
    }
}

TEST(Publish, SendsRetainAndUserProperties) {
    ScriptedBroker broker(1, [](Peer& peer, int) {
        peer.receive();
        peer.send({0x20, 3, 0, 0, 0});
        Bytes bytes;
        const mqtt::PublishView publish = receive_view(peer, bytes);
        EXPECT_TRUE(publish.retain);
        mqtt::PropertyReader reader(publish.properties, mqtt::place(mqtt::PacketType::Publish));
        const std::optional<mqtt::Property> property = reader.next();
        ASSERT_TRUE(property);
        EXPECT_EQ(property->key, "k");
        EXPECT_EQ(Bytes(property->value.begin(), property->value.end()), Bytes{'v'});
        while (!peer.receive().empty()) continue;
    });
    CrewRun run(
        Mode::Pub, broker.port(),
        {"-c", "1", "-t", "t", "-I", "1", "-r", "--user-property", "k=v", "--drain-ms", "0"});
    run.start();
    run.wait_for(Count::Sent, 1);
}

TEST(Publish, PutsTheNumberOfTheMessageIntoTheTopic) {
    ScriptedBroker broker(1, [](Peer& peer, int) {
        peer.receive();
        peer.send({0x20, 3, 0, 0, 0});
        Bytes bytes;
        for (int n = 0; n < 3; ++n) {
            EXPECT_EQ(receive_view(peer, bytes).topic, "t/" + std::to_string(n));
        }
        while (!peer.receive().empty()) continue;
    });
    CrewRun run(Mode::Pub, broker.port(), {"-c", "1", "-t", "t/%s", "-I", "1", "--drain-ms", "0"});
    run.start();
    run.wait_for(Count::Sent, 3);
}

// What was held beyond the limit is skipped; what is sent afterwards keeps its own number.
TEST(Publish, WhatIsTooLateIsDroppedWhereAsked) {
    ScriptedBroker broker(1, [](Peer& peer, int) {
        peer.accept_session(false);
        const uint16_t first = receive_publish(peer).packet_id;
        EXPECT_TRUE(peer.silent(200));  // the window is full
        peer.send(ack(0x40, first));
        EXPECT_GT(receive_publish(peer).packet_id, first + 5);
        while (!peer.receive().empty()) continue;
    });
    CrewRun run(Mode::Pub, broker.port(),
                publisher({"-q", "1", "-F", "1", "--drop-late", "--lateness-limit-ms", "50",
                           "--drain-ms", "0"}));
    run.start();
    run.wait_for(Count::Sent, 2);
    const Recorder& recorder = run.finish();
    EXPECT_GT(recorder[Count::Dropped], 5U);
    EXPECT_GT(recorder[Count::WindowFullUs], 190'000U);
}

// ---- --think-time
// --------------------------------------------------------------------------------

std::vector<const char*> thinker(std::vector<const char*> more) {
    std::vector<const char*> arguments = {"-c", "1",          "-V", "4",           "-t",
                                          "t",  "--drain-ms", "0",  "--think-time"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
}

TEST(Publish, AClosedLoopWaitsForEachAnswer) {
    struct Case {
        const char* qos;
        uint8_t answer;  // the last packet of the broker
    };
    for (const Case& each : {Case{"1", 0x40}, Case{"2", 0x70}}) {
        ScriptedBroker broker(1, [&each](Peer& peer, int) {
            peer.accept_session(false);
            for (uint32_t n = 0; n < 3; ++n) {
                const Published got = receive_publish(peer);
                EXPECT_EQ(got.sequence, n);
                if (each.answer == 0x70) {
                    peer.send(ack(0x50, got.packet_id));
                    EXPECT_EQ(peer.receive(), ack(0x62, got.packet_id));
                }
                EXPECT_TRUE(peer.silent(30));  // however long the answer takes
                peer.send(ack(each.answer, got.packet_id));
            }
            while (!peer.receive().empty()) continue;
        });
        CrewRun run(Mode::Pub, broker.port(), thinker({"1ms", "-q", each.qos}));
        run.start();
        run.wait_for(Count::Acknowledged, 3);
        const Recorder& recorder = run.finish();
        EXPECT_EQ(recorder[Count::Planned], recorder[Count::Sent]);
        EXPECT_LE(recorder[Count::Sent], 4U);
        // From the actual send: the 30 ms before each answer, and nothing of what came before.
        EXPECT_GE(recorder.acknowledgement.min_us(), 30'000U);
    }
}

TEST(Publish, AClosedLoopThinksBetweenAnswerAndSend) {
    uint64_t between_ns = 0;
    ScriptedBroker broker(1, [&between_ns](Peer& peer, int) {
        peer.accept_session(false);
        peer.send(ack(0x40, receive_publish(peer).packet_id));
        const uint64_t answered_ns = monotonic_ns();
        receive_publish(peer);
        between_ns = monotonic_ns() - answered_ns;
        while (!peer.receive().empty()) continue;
    });
    {
        CrewRun run(Mode::Pub, broker.port(), thinker({"120ms", "-q", "1"}));
        run.start();
        run.wait_for(Count::Sent, 2);
    }
    broker.join();
    EXPECT_GE(between_ns, 119 * kNanosPerMilli);  // our clock is read a little behind the answer
}

TEST(Publish, AClosedLoopAtQos0GoesOnAfterTheSend) {
    ScriptedBroker broker(1, [](Peer& peer, int) {
        peer.accept_session(false);
        for (uint32_t n = 0; n < 5; ++n) EXPECT_EQ(receive_publish(peer).sequence, n);
        while (!peer.receive().empty()) continue;
    });
    CrewRun run(Mode::Pub, broker.port(), thinker({"1ms"}));
    run.start();
    run.wait_for(Count::Sent, 5);
    const Recorder& recorder = run.finish();
    EXPECT_EQ(recorder[Count::Planned], recorder[Count::Sent]);
}

// Whatever becomes of the message that was under way, the client goes on.
TEST(Publish, AClosedLoopOutlivesItsConnection) {
    for (const char* qos : {"0", "1"}) {
        for (const char* clean : {"true", "false"}) {
            SCOPED_TRACE(std::string("QoS ") + qos + ", clean " + clean);
            ScriptedBroker broker(2, [qos](Peer& peer, int number) {
                peer.accept_session(number == 1);
                for (int n = 0; n < 2; ++n) {
                    const Published got = receive_publish(peer);
                    if (number == 0) return;  // without an answer
                    if (qos[0] == '1') peer.send(ack(0x40, got.packet_id));
                }
                while (!peer.receive().empty()) continue;
            });
            CrewRun run(
                Mode::Pub, broker.port(),
                thinker({"1ms", "-q", qos, "-C", clean, "--reconnect", "--reconnect-min-ms", "1"}));
            run.start();
            run.wait_for(Count::Reconnects, 1);
            run.wait_for(Count::Sent, 3);
            const Recorder& recorder = run.finish();
            EXPECT_EQ(recorder[Count::Planned], recorder[Count::Sent]);
        }
    }
}

}  // namespace
}  // namespace jumpgate::load
