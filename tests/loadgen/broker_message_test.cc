#include "loadgen/broker_message.h"

#include <gtest/gtest.h>

#include <variant>

#include "mqtt/decode.h"

namespace jumpgate::broker {
namespace {

mqtt::PublishView decode(const std::string& bytes, uint8_t level) {
    const mqtt::Framed framed = mqtt::next_packet(mqtt::bytes(bytes));
    EXPECT_EQ(std::get<mqtt::Packet>(framed).length, bytes.size());
    return std::get<mqtt::PublishView>(mqtt::parse_publish(std::get<mqtt::Packet>(framed), level));
}

TEST(Message, KeepsWhatTheViewSaid) {
    {
        std::string payload(100'000, 'p');
        MessageView view;
        view.topic = "a/b";
        view.payload = mqtt::bytes(payload);
        view.properties = mqtt::bytes("\x01\x01");
        view.expires_ms = 5;
        view.qos = 2;
        view.retain = true;
        const MessageRef message = Message::copy_of(view);
        const MessageRef shared = message;
        EXPECT_EQ(Message::live(), 1u);
        payload.assign(payload.size(), 'x');
        const MessageView kept = shared->view();
        EXPECT_EQ(kept.topic, "a/b");
        EXPECT_EQ(mqtt::text(kept.payload), std::string(100'000, 'p'));
        EXPECT_EQ(mqtt::text(kept.properties), "\x01\x01");
        EXPECT_EQ(kept.qos, 2);
        EXPECT_TRUE(kept.retain);
        EXPECT_FALSE(shared->expired(4));
        EXPECT_TRUE(shared->expired(5));
    }
    EXPECT_EQ(Message::live(), 0u);
}

TEST(AppendPublish, TellsWhereThePacketIdIs) {
    for (const size_t payload_size : {0, 1, 100, 126, 127, 128, 20'000, 3'000'000}) {
        for (const size_t topic_size : {1, 120, 600}) {
            for (const uint8_t level : {mqtt::kLevelV311, mqtt::kLevelV5}) {
                const std::string topic(topic_size, 't');
                const std::string payload(payload_size, 'p');
                MessageView view;
                view.topic = topic;
                view.payload = mqtt::bytes(payload);
                Copy copy;
                copy.qos = 1;
                copy.packet_id = 0x0102;
                std::string out = "before";
                const size_t at = append_publish(out, view, copy, level, 0);
                out[at] = 3;
                out[at + 1] = 4;
                const std::string packet = out.substr(6);
                const mqtt::PublishView decoded = decode(packet, level);
                EXPECT_EQ(decoded.packet_id, 0x0304);
                EXPECT_EQ(decoded.topic, topic);
                EXPECT_EQ(mqtt::text(decoded.payload), payload);
            }
        }
    }
}

TEST(AppendPublish, SendsWhatIsLeftOfTheExpiryAndTheSubscriptionIdentifier) {
    MessageView view;
    view.topic = "t";
    std::string properties;
    append_property(properties,
                    {.id = mqtt::PropertyId::UserProperty, .key = "k", .value = mqtt::bytes("v")});
    view.properties = mqtt::bytes(properties);
    view.expires_ms = 10'000;
    Copy copy;
    copy.subscription_id = 300;
    std::string out;
    append_publish(out, view, copy, mqtt::kLevelV5, 2'500);
    mqtt::PropertyReader reader(decode(out, mqtt::kLevelV5).properties,
                                mqtt::place(mqtt::PacketType::Publish));
    EXPECT_EQ(reader.next()->key, "k");
    EXPECT_EQ(reader.next()->number, 8u);  // 7.5 s, rounded up
    EXPECT_EQ(reader.next()->number, 300u);
    EXPECT_FALSE(reader.next());
    // Before MQTT 5 there are none.
    out.clear();
    append_publish(out, view, copy, mqtt::kLevelV311, 2'500);
    EXPECT_EQ(out, std::string("\x30\x03\x00\x01t", 5));
}

}  // namespace
}  // namespace jumpgate::broker
