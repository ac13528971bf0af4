// Each encoder says once what stands in its packet's body; encode() counts it, then writes it.
#include "mqtt/encode.h"

#include "mqtt/sink.h"

namespace jumpgate::mqtt {
namespace {

using Id = PropertyId;

constexpr uint8_t first_byte(PacketType type, unsigned flags = 0) {
    return static_cast<uint8_t>(static_cast<unsigned>(type) << 4 | flags);
}
constexpr unsigned kSubscribeFlags = 0x02;  // also PUBREL's and UNSUBSCRIBE's (table 2.2)

// `put(sink)` puts the body; `behind` more bytes of it are the caller's to write.
template <class Put>
size_t encode(std::span<uint8_t> out, uint8_t first, const Put& put, size_t behind = 0) {
    CountingSink count;
    put(count);
    if (!count.fits || count.size > kVarintMax || behind > kVarintMax - count.size) return 0;
    const auto remaining = static_cast<uint32_t>(count.size + behind);
    const size_t size = 1 + varint_size(remaining) + count.size;
    if (out.size() < size) return size;
    WritingSink sink{out.data()};
    sink.u8(first);
    sink.varint(remaining);
    put(sink);
    return size;
}

// A block of properties behind its length; nothing before MQTT 5.
template <class Sink, class Put>
void put_block(Sink& sink, uint8_t level, const Put& put) {
    if (level != kLevelV5) return;
    CountingSink count;
    put(count);
    sink.varint(static_cast<uint32_t>(count.size));
    put(sink);
}
template <class Sink>
void put_raw_block(Sink& sink, uint8_t level, Bytes block) {
    put_block(sink, level, [block](auto& in) { in.raw(block); });
}

template <class Sink>
void put_number(Sink& sink, Id id, uint32_t value, uint32_t otherwise) {
    if (value != otherwise) put_property(sink, {.id = id, .number = value});
}
template <class Sink>
void put_text(Sink& sink, Id id, std::string_view value) {
    if (!value.empty()) put_property(sink, {.id = id, .value = bytes(value)});
}

template <class Sink>
void put_properties(Sink& sink, const ConnectProperties& from) {
    put_number(sink, Id::SessionExpiryInterval, from.session_expiry_interval_s, 0);
    put_number(sink, Id::ReceiveMaximum, from.receive_maximum, 65'535);
    put_number(sink, Id::MaximumPacketSize, from.maximum_packet_size, 0);
    put_number(sink, Id::TopicAliasMaximum, from.topic_alias_maximum, 0);
    put_number(sink, Id::RequestResponseInformation, from.request_response_information, 0);
    put_number(sink, Id::RequestProblemInformation, from.request_problem_information, 1);
    put_text(sink, Id::AuthenticationMethod, from.authentication_method);
    if (from.has_authentication_data)
        put_property(sink, {.id = Id::AuthenticationData, .value = from.authentication_data});
}

template <class Sink>
void put_properties(Sink& sink, const ConnackView& from) {
    if (from.session_expiry_interval_s)
        put_property(sink, {Id::SessionExpiryInterval, *from.session_expiry_interval_s});
    if (from.server_keep_alive_s)
        put_property(sink, {Id::ServerKeepAlive, *from.server_keep_alive_s});
    put_number(sink, Id::ReceiveMaximum, from.receive_maximum, 65'535);
    put_number(sink, Id::TopicAliasMaximum, from.topic_alias_maximum, 0);
    put_number(sink, Id::MaximumPacketSize, from.maximum_packet_size, 0);
    put_number(sink, Id::MaximumQos, from.maximum_qos, 2);
    put_number(sink, Id::RetainAvailable, from.retain_available, 1);
    put_number(sink, Id::WildcardSubscriptionAvailable, from.wildcard_subscription_available, 1);
    put_number(sink, Id::SubscriptionIdentifierAvailable, from.subscription_identifier_available,
               1);
    put_number(sink, Id::SharedSubscriptionAvailable, from.shared_subscription_available, 1);
    put_text(sink, Id::AssignedClientIdentifier, from.assigned_client_id);
    put_text(sink, Id::ReasonString, from.reason_string);
    put_text(sink, Id::ServerReference, from.server_reference);
}

template <class Sink>
void put_properties(Sink& sink, const DisconnectView& from) {
    if (from.session_expiry_interval_s)
        put_property(sink, {Id::SessionExpiryInterval, *from.session_expiry_interval_s});
    put_text(sink, Id::ReasonString, from.reason_string);
    put_text(sink, Id::ServerReference, from.server_reference);
}

// 3.1.2.3.
uint8_t connect_flags(const ConnectView& connect) {
    const Will& will = connect.will;
    unsigned flags = connect.clean_start ? 0x02 : 0;
    if (will.present) flags |= 0x04u | unsigned{will.qos} << 3 | (will.retain ? 0x20u : 0u);
    if (connect.has_password) flags |= 0x40;
    if (connect.has_username) flags |= 0x80;
    return static_cast<uint8_t>(flags);
}

uint8_t options_of(const Subscription& one, uint8_t level) {
    if (level != kLevelV5) return one.qos;
    return static_cast<uint8_t>(one.qos | (one.no_local ? 0x04 : 0) |
                                (one.retain_as_published ? 0x08 : 0) | one.retain_handling << 4);
}

template <class Sink>
void put_publish_header(Sink& sink, const PublishView& publish, uint8_t level) {
    put_string(sink, publish.topic);
    if (publish.qos > 0) sink.u16(publish.packet_id);
    put_raw_block(sink, level, publish.properties);
}

uint8_t publish_first_byte(const PublishView& publish) {
    return first_byte(PacketType::Publish, (publish.dup ? 0x08u : 0u) | unsigned{publish.qos} << 1 |
                                               (publish.retain ? 0x01u : 0u));
}

}  // namespace

size_t encode_connect(std::span<uint8_t> out, const ConnectView& connect) {
    return encode(out, kConnectFirstByte, [&connect](auto& sink) {
        const uint8_t level = connect.level;
        put_string(sink, level == kLevelV31 ? "MQIsdp" : "MQTT");
        sink.u8(static_cast<uint8_t>(level | (connect.bridge ? 0x80 : 0)));
        sink.u8(connect_flags(connect));
        sink.u16(connect.keep_alive_s);
        put_block(sink, level, [&](auto& in) { put_properties(in, connect.properties); });
        put_string(sink, connect.client_id);
        if (connect.will.present) {
            put_raw_block(sink, level, connect.will.properties);
            put_string(sink, connect.will.topic);
            sink.binary(connect.will.payload);
        }
        if (connect.has_username) put_string(sink, connect.username);
        if (connect.has_password) sink.binary(connect.password);
    });
}

size_t encode_connack(std::span<uint8_t> out, const ConnackView& connack, uint8_t level) {
    auto code = static_cast<uint8_t>(connack.reason);
    if (level != kLevelV5) {
        const std::optional<ReturnCode> return_code = to_return_code(connack.reason);
        if (!return_code) return 0;
        code = static_cast<uint8_t>(*return_code);
    }
    return encode(out, first_byte(PacketType::Connack), [&connack, level, code](auto& sink) {
        sink.u8(connack.session_present && level != kLevelV31 ? 1 : 0);
        sink.u8(code);
        put_block(sink, level, [&](auto& in) { put_properties(in, connack); });
    });
}

size_t encode_publish_header(std::span<uint8_t> out, const PublishView& publish, uint8_t level) {
    return encode(
        out, publish_first_byte(publish),
        [&publish, level](auto& sink) { put_publish_header(sink, publish, level); },
        publish.payload.size());
}

size_t encode_publish(std::span<uint8_t> out, const PublishView& publish, uint8_t level) {
    return encode(out, publish_first_byte(publish), [&publish, level](auto& sink) {
        put_publish_header(sink, publish, level);
        sink.raw(publish.payload);
    });
}

size_t encode_ack(std::span<uint8_t> out, const AckView& ack, uint8_t level) {
    const unsigned flags = ack.type == PacketType::Pubrel ? kSubscribeFlags : 0;
    return encode(out, first_byte(ack.type, flags), [&ack, level](auto& sink) {
        sink.u16(ack.packet_id);
        if (level == kLevelV5 && ack.reason != ReasonCode::Success)
            sink.u8(static_cast<uint8_t>(ack.reason));
    });
}

size_t encode_subscribe(std::span<uint8_t> out, uint16_t packet_id,
                        std::span<const Subscription> subscriptions, uint8_t level,
                        uint32_t subscription_id) {
    return encode(out, first_byte(PacketType::Subscribe, kSubscribeFlags), [=](auto& sink) {
        sink.u16(packet_id);
        put_block(sink, level, [subscription_id](auto& in) {
            put_number(in, Id::SubscriptionIdentifier, subscription_id, 0);
        });
        for (const Subscription& one : subscriptions) {
            put_string(sink, one.filter);
            sink.u8(options_of(one, level));
        }
    });
}

size_t encode_unsubscribe(std::span<uint8_t> out, uint16_t packet_id,
                          std::span<const std::string_view> filters, uint8_t level) {
    return encode(out, first_byte(PacketType::Unsubscribe, kSubscribeFlags), [=](auto& sink) {
        sink.u16(packet_id);
        put_raw_block(sink, level, {});
        for (const std::string_view filter : filters) put_string(sink, filter);
    });
}

size_t encode_suback(std::span<uint8_t> out, const SubackView& suback, uint8_t level) {
    return encode(out, first_byte(PacketType::Suback), [&suback, level](auto& sink) {
        sink.u16(suback.packet_id);
        put_raw_block(sink, level, {});
        sink.raw(suback.codes);
    });
}

size_t encode_unsuback(std::span<uint8_t> out, const SubackView& unsuback, uint8_t level) {
    return encode(out, first_byte(PacketType::Unsuback), [&unsuback, level](auto& sink) {
        sink.u16(unsuback.packet_id);
        put_raw_block(sink, level, {});
        if (level == kLevelV5) sink.raw(unsuback.codes);
    });
}

size_t encode_disconnect(std::span<uint8_t> out, const DisconnectView& disconnect, uint8_t level) {
    return encode(out, first_byte(PacketType::Disconnect), [&disconnect, level](auto& sink) {
        if (level != kLevelV5) return;
        CountingSink count;
        put_properties(count, disconnect);
        // Both may be left out, from the end (3.14.2.1).
        if (disconnect.reason == ReasonCode::Success && count.size == 0) return;
        sink.u8(static_cast<uint8_t>(disconnect.reason));
        if (count.size != 0)
            put_block(sink, level, [&](auto& in) { put_properties(in, disconnect); });
    });
}

}  // namespace jumpgate::mqtt
