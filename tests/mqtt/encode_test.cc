#include "mqtt/encode.h"

#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "mqtt/decode.h"
#include "mqtt/properties.h"
#include "tests/mqtt/connect_corpus.h"

namespace jumpgate::mqtt {
namespace {

using Encode = std::function<size_t(std::span<uint8_t>)>;

// The packet, after checking that every shorter `out` stays untouched and gives the same size.
Octets encoded(const Encode& encode) {
    const size_t size = encode({});
    Octets out(size + 3, 0xEE);
    for (size_t room = 0; room < std::min<size_t>(size, 40); ++room) {
        EXPECT_EQ(encode(std::span(out).first(room)), size);
        EXPECT_EQ(std::count(out.begin(), out.end(), 0xEE), static_cast<long>(out.size()));
    }
    EXPECT_EQ(encode(out), size);
    EXPECT_EQ(out[size], 0xEE);
    out.resize(size);
    return out;
}

Packet packet_of(const Octets& octets) {
    const Framed framed = next_packet(Bytes(octets));
    const auto* packet = std::get_if<Packet>(&framed);
    EXPECT_NE(packet, nullptr);
    if (packet == nullptr) return {};
    EXPECT_EQ(packet->length, octets.size());
    return *packet;
}

template <class View>
View valid(const Parsed<View>& parsed) {
    const auto* invalid = std::get_if<Invalid>(&parsed);
    EXPECT_EQ(invalid, nullptr) << invalid->text;
    return invalid == nullptr ? *std::get_if<View>(&parsed) : View{};
}

TEST(Encode, ReturnsEveryConnectOfTheCorpus) {
    for (const ValidConnect& each : valid_connects()) {
        SCOPED_TRACE(each.name);
        const ConnectResult first = parse_connect(Bytes(each.packet));
        const auto* view = std::get_if<ConnectView>(&first);
        ASSERT_NE(view, nullptr);
        const Octets again = encoded([view](auto out) { return encode_connect(out, *view); });
        const ConnectResult second = parse_connect(Bytes(again));
        const auto* twin = std::get_if<ConnectView>(&second);
        ASSERT_NE(twin, nullptr);
        EXPECT_EQ(*twin, *view);
        EXPECT_EQ(twin->packet_length, again.size());
        // Nothing is lost but user properties, the order of properties, and what 3.1 leaves unused.
        if (each.level == 4) {
            EXPECT_EQ(again, each.packet);
        }
    }
}

TEST(Encode, SendsTheRefusalsOf311) {
    const auto refusal = [](ReasonCode reason) {
        return encoded([reason](auto out) { return encode_connack(out, {.reason = reason}, 4); });
    };
    EXPECT_EQ(refusal(ReasonCode::UnsupportedProtocolVersion), (Octets{0x20, 2, 0, 1}));
    EXPECT_EQ(refusal(ReasonCode::ClientIdNotValid), (Octets{0x20, 2, 0, 2}));
    EXPECT_EQ(refusal(ReasonCode::ServerBusy), (Octets{0x20, 2, 0, 3}));
    EXPECT_EQ(encode_connack({}, {.reason = ReasonCode::MalformedPacket}, 4), 0u);
}

TEST(Encode, SendsTheRefusalsOf5) {
    EXPECT_EQ(encoded([](auto out) {
                  return encode_connack(out, {.reason = ReasonCode::MalformedPacket}, 5);
              }),
              (Octets{0x20, 3, 0, 0x81, 0}));
}

TEST(Encode, ReturnsConnack) {
    ConnackView all{.session_present = true};
    all.session_expiry_interval_s = 0;
    all.server_keep_alive_s = 30;
    all.receive_maximum = 10;
    all.topic_alias_maximum = 5;
    all.maximum_packet_size = 100'000;
    all.maximum_qos = 1;
    all.retain_available = all.wildcard_subscription_available = false;
    all.subscription_identifier_available = all.shared_subscription_available = false;
    all.assigned_client_id = "auto-1";
    all.reason_string = "because";
    all.server_reference = "other";
    const Octets octets = encoded([&](auto out) { return encode_connack(out, all, 5); });
    const ConnackView got = valid(parse_connack(packet_of(octets), 5));
    EXPECT_TRUE(got.session_present);
    EXPECT_EQ(got.session_expiry_interval_s, 0u);
    EXPECT_EQ(got.server_keep_alive_s, 30);
    EXPECT_EQ(got.receive_maximum, 10);
    EXPECT_EQ(got.topic_alias_maximum, 5);
    EXPECT_EQ(got.maximum_packet_size, 100'000u);
    EXPECT_EQ(got.maximum_qos, 1);
    EXPECT_FALSE(got.retain_available);
    EXPECT_FALSE(got.wildcard_subscription_available);
    EXPECT_FALSE(got.subscription_identifier_available);
    EXPECT_FALSE(got.shared_subscription_available);
    EXPECT_EQ(got.assigned_client_id, "auto-1");
    EXPECT_EQ(got.reason_string, "because");
    EXPECT_EQ(got.server_reference, "other");
}

TEST(Encode, ReturnsPublishWithRandomFields) {
    std::mt19937 engine(11);
    std::string payload(300'000, '.');
    for (char& octet : payload) octet = static_cast<char>(engine());
    for (int round = 0; round < 300; ++round) {
        PublishView publish;
        const std::string topic(1 + engine() % 200, 't');
        publish.topic = topic;
        publish.qos = static_cast<uint8_t>(engine() % 3);
        publish.dup = publish.qos > 0 && engine() % 2 != 0;
        publish.retain = engine() % 2 != 0;
        if (publish.qos > 0) publish.packet_id = static_cast<uint16_t>(1 + engine() % 65'535);
        publish.payload = bytes(payload).first(engine() % (round % 10 == 0 ? 300'000 : 300));
        const uint8_t level = round % 2 != 0 ? 5 : 4;
        std::array<uint8_t, 64> memory{};
        PropertyWriter properties(memory);
        if (level == 5 && round % 3 == 0) properties.add(PropertyId::TopicAlias, 77);
        publish.properties = properties.block();
        const Octets octets =
            encoded([&](auto out) { return encode_publish(out, publish, level); });
        const PublishView got = valid(parse_publish(packet_of(octets), level));
        EXPECT_EQ(got.topic, publish.topic);
        EXPECT_EQ(text(got.payload), text(publish.payload));
        EXPECT_EQ(got.packet_id, publish.packet_id);
        EXPECT_EQ(got.qos, publish.qos);
        EXPECT_EQ(got.dup, publish.dup);
        EXPECT_EQ(got.retain, publish.retain);
        EXPECT_EQ(got.topic_alias, properties.block().empty() ? 0 : 77);
        const Octets header =
            encoded([&](auto out) { return encode_publish_header(out, publish, level); });
        EXPECT_EQ(header.size() + publish.payload.size(), octets.size());
        EXPECT_TRUE(std::equal(header.begin(), header.end(), octets.begin()));
    }
}

TEST(Encode, ReturnsAcks) {
    using enum PacketType;
    for (const PacketType type : {Puback, Pubrec, Pubrel, Pubcomp}) {
        for (const uint8_t level : {kLevelV311, kLevelV5}) {
            const ReasonCode reason = level == 4 ? ReasonCode::Success
                                      : type == Puback || type == Pubrec
                                          ? ReasonCode::QuotaExceeded
                                          : ReasonCode::PacketIdNotFound;
            const AckView ack{type, 4660, reason};
            const Octets octets = encoded([&](auto out) { return encode_ack(out, ack, level); });
            const AckView got = valid(parse_ack(packet_of(octets), level));
            EXPECT_EQ(got.type, type);
            EXPECT_EQ(got.packet_id, 4660);
            EXPECT_EQ(got.reason, reason);
        }
    }
    EXPECT_EQ(encode_ack({}, {PacketType::Puback, 1, ReasonCode::Success}, 5), 4u);
}

TEST(Encode, ReturnsSubscribe) {
    const Subscription wanted[] = {{"a/#", 1, true, true, 2}, {"$share/g/+", 2}};
    for (const uint8_t level : {kLevelV311, kLevelV5}) {
        const Octets octets =
            encoded([&](auto out) { return encode_subscribe(out, 5, wanted, level, 300); });
        const SubscribeView view = valid(parse_subscribe(packet_of(octets), level));
        EXPECT_EQ(view.packet_id, 5);
        EXPECT_EQ(view.subscription_id, level == 5 ? 300u : 0u);
        Bytes rest = view.filters;
        for (const Subscription& each : wanted) {
            const auto got = take_subscription(rest);
            ASSERT_TRUE(got);
            EXPECT_EQ(got->filter, each.filter);
            EXPECT_EQ(got->qos, each.qos);
            EXPECT_EQ(got->no_local, level == 5 && each.no_local);
            EXPECT_EQ(got->retain_handling, level == 5 ? each.retain_handling : 0);
        }
        EXPECT_TRUE(rest.empty());
    }
}

TEST(Encode, ReturnsUnsubscribeAndTheAcksOfBoth) {
    const std::string_view filters[] = {"a", "b/+"};
    const Octets codes{0x00, 0x80};
    for (const uint8_t level : {kLevelV311, kLevelV5}) {
        const Octets unsubscribe =
            encoded([&](auto out) { return encode_unsubscribe(out, 6, filters, level); });
        Bytes rest = valid(parse_unsubscribe(packet_of(unsubscribe), level)).filters;
        EXPECT_EQ(take_filter(rest), "a");
        EXPECT_EQ(take_filter(rest), "b/+");
        EXPECT_EQ(take_filter(rest), std::nullopt);
        const SubackView ack{6, Bytes(codes)};
        const Octets suback = encoded([&](auto out) { return encode_suback(out, ack, level); });
        EXPECT_EQ(text(valid(parse_suback(packet_of(suback), level)).codes), text(Bytes(codes)));
        const Octets unsuback = encoded([&](auto out) { return encode_unsuback(out, ack, level); });
        EXPECT_EQ(valid(parse_suback(packet_of(unsuback), level)).codes.size(),
                  level == 5 ? 2u : 0u);
    }
}

TEST(Encode, ReturnsDisconnect) {
    EXPECT_EQ(encoded([](auto out) { return encode_disconnect(out, {}, 4); }), (Octets{0xE0, 0}));
    EXPECT_EQ(encoded([](auto out) { return encode_disconnect(out, {}, 5); }), (Octets{0xE0, 0}));
    EXPECT_EQ(encoded([](auto out) {
                  return encode_disconnect(out, {.reason = ReasonCode::ServerShuttingDown}, 5);
              }),
              (Octets{0xE0, 1, 0x8B}));
    const DisconnectView all{ReasonCode::UseAnotherServer, 9, "why", "where"};
    const Octets octets = encoded([&](auto out) { return encode_disconnect(out, all, 5); });
    const DisconnectView got = valid(parse_disconnect(packet_of(octets), 5));
    EXPECT_EQ(got.reason, all.reason);
    EXPECT_EQ(got.session_expiry_interval_s, 9u);
    EXPECT_EQ(got.reason_string, "why");
    EXPECT_EQ(got.server_reference, "where");
}

TEST(Encode, MakesValidPings) {
    EXPECT_EQ(packet_of(Octets(kPingreq.begin(), kPingreq.end())).type, PacketType::Pingreq);
    EXPECT_EQ(packet_of(Octets(kPingresp.begin(), kPingresp.end())).type, PacketType::Pingresp);
}

TEST(Encode, RefusesWhatCannotBeSaid) {
    const std::string longest(65'535, 'a');
    const std::string too_long(65'536, 'a');
    EXPECT_EQ(encode_connect({}, {.client_id = longest}), 1u + 3 + 10 + 2 + 65'535);
    EXPECT_EQ(encode_connect({}, {.client_id = too_long}), 0u);
    PublishView publish{.topic = "t"};
    const uint8_t octet = 0;
    publish.payload = Bytes(&octet, kVarintMax - 3);  // only its size is looked at
    EXPECT_EQ(encode_publish_header({}, publish, 4), 1u + 4 + 3);
    publish.payload = Bytes(&octet, kVarintMax - 2);
    EXPECT_EQ(encode_publish_header({}, publish, 4), 0u);
    EXPECT_EQ(encode_publish({}, publish, 4), 0u);
}

}  // namespace
}  // namespace jumpgate::mqtt
