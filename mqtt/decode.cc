#include "mqtt/decode.h"

#include "mqtt/properties.h"
#include "mqtt/reader.h"
#include "mqtt/topic.h"
#include "mqtt/utf8.h"

namespace jumpgate::mqtt {
namespace {

using Id = PropertyId;

Invalid malformed(std::string_view text) { return {ReasonCode::MalformedPacket, text}; }
Invalid cut_short() { return malformed("a field runs past the packet (MQTT 5: 2.2.2, 3)"); }
Invalid no_packet_id() {
    return {ReasonCode::ProtocolError,
            "packet identifier is 0 (MQTT-2.3.1-1; 5: MQTT-2.2.1-3, -4)"};
}

// MQTT 5: the block's end is where the packet's next part starts; before 5 there is none.
Bytes take_properties_of(Reader& reader, uint8_t level) {
    return level == kLevelV5 ? take_properties(reader) : Bytes{};
}

void keep(const Property& property, ConnackView& out) {
    const uint32_t number = property.number;
    switch (property.id) {
        case Id::SessionExpiryInterval:
            out.session_expiry_interval_s = number;
            break;
        case Id::ServerKeepAlive:
            out.server_keep_alive_s = static_cast<uint16_t>(number);
            break;
        case Id::ReceiveMaximum:
            out.receive_maximum = static_cast<uint16_t>(number);
            break;
        case Id::TopicAliasMaximum:
            out.topic_alias_maximum = static_cast<uint16_t>(number);
            break;
        case Id::MaximumPacketSize:
            out.maximum_packet_size = number;
            break;
        case Id::MaximumQos:
            out.maximum_qos = static_cast<uint8_t>(number);
            break;
        case Id::RetainAvailable:
            out.retain_available = number != 0;
            break;
        case Id::WildcardSubscriptionAvailable:
            out.wildcard_subscription_available = number != 0;
            break;
        case Id::SubscriptionIdentifierAvailable:
            out.subscription_identifier_available = number != 0;
            break;
        case Id::SharedSubscriptionAvailable:
            out.shared_subscription_available = number != 0;
            break;
        case Id::AssignedClientIdentifier:
            out.assigned_client_id = text(property.value);
            break;
        case Id::ReasonString:
            out.reason_string = text(property.value);
            break;
        case Id::ServerReference:
            out.server_reference = text(property.value);
            break;
        default:
            break;
    }
}

void keep(const Property& property, DisconnectView& out) {
    switch (property.id) {
        case Id::SessionExpiryInterval:
            out.session_expiry_interval_s = property.number;
            break;
        case Id::ReasonString:
            out.reason_string = text(property.value);
            break;
        case Id::ServerReference:
            out.server_reference = text(property.value);
            break;
        default:
            break;
    }
}

void keep(const Property& property, PublishView& out) {
    if (property.id == Id::TopicAlias) out.topic_alias = static_cast<uint16_t>(property.number);
}

void keep(const Property& property, SubscribeView& out) {
    if (property.id == Id::SubscriptionIdentifier) out.subscription_id = property.number;
}

// Checks a block and keeps what `out` has a field for.
template <class View>
std::optional<Invalid> read_properties(Bytes block, PacketType type, View& out) {
    PropertyReader properties(block, place(type));
    while (const auto property = properties.next()) keep(*property, out);
    return properties.fault();
}

std::optional<Invalid> check_filter(std::string_view filter) {
    if (!is_mqtt_string(filter))
        return malformed("topic filter is not UTF-8 without U+0000 (MQTT-3.8.3-1)");
    if (!is_topic_filter(filter))
        return Invalid{ReasonCode::TopicFilterInvalid,
                       "topic filter is not valid (4.7.1; 5: 4.8.2)"};
    return {};
}

constexpr uint8_t kNoLocalOption = 0x04;
constexpr uint8_t kRetainAsPublishedOption = 0x08;

// 3.8.3.1. In 3.1.1 all but the QoS is reserved (MQTT-3.8.3-4).
std::optional<Invalid> check_options(uint8_t options, std::string_view filter, uint8_t level) {
    const uint8_t reserved = level == kLevelV5 ? 0xC0 : 0xFC;
    if ((options & reserved) != 0 || (options & 0x03) == 3 || (options >> 4 & 3) == 3)
        return malformed("subscription options have a reserved value (MQTT-3.8.3-4; 5: -5)");
    if ((options & kNoLocalOption) != 0 && filter.starts_with("$share/"))
        return Invalid{ReasonCode::ProtocolError,
                       "no local on a shared subscription (MQTT-3.8.3-4)"};
    return {};
}

}  // namespace

Parsed<ConnackView> parse_connack(const Packet& packet, uint8_t level) {
    Reader reader(packet.body);
    ConnackView view;
    const uint8_t flags = reader.u8();
    const uint8_t code = reader.u8();
    if (level == kLevelV5) {
        if (!is_reason_for(PacketType::Connack, code))
            return malformed("reason code is none of CONNACK's (MQTT-3.2.2-8)");
        view.reason = static_cast<ReasonCode>(code);
    } else {
        if (code > static_cast<uint8_t>(ReturnCode::NotAuthorized))
            return malformed("return code is reserved (3.1.1, table 3.1)");
        view.reason = to_reason_code(static_cast<ReturnCode>(code));
    }
    if (level != kLevelV31) {  // 3.1 leaves the byte unused
        if ((flags & 0xFE) != 0) return malformed("CONNACK flags are reserved (MQTT-3.2.2-1)");
        view.session_present = flags != 0;
        if (view.session_present && code != 0)
            return Invalid{ReasonCode::ProtocolError,
                           "session present in a refusal (MQTT-3.2.2-4)"};
    }
    const Bytes block = take_properties_of(reader, level);
    if (!reader.ok() || reader.left() != 0) return cut_short();
    if (const auto fault = read_properties(block, PacketType::Connack, view)) return *fault;
    view.properties = block;
    return view;
}

Parsed<PublishView> parse_publish(const Packet& packet, uint8_t level) {
    Reader reader(packet.body);
    PublishView view;
    view.dup = (packet.flags & 0x08) != 0;
    view.qos = static_cast<uint8_t>(packet.flags >> 1 & 3);
    view.retain = (packet.flags & 0x01) != 0;
    if (view.dup && view.qos == 0) return malformed("DUP is set on QoS 0 (MQTT-3.3.1-2)");
    view.topic = reader.string();
    if (view.qos > 0) view.packet_id = reader.u16();
    view.properties = take_properties_of(reader, level);
    if (!reader.ok()) return cut_short();
    view.payload = reader.rest();
    if (view.qos > 0 && view.packet_id == 0) return no_packet_id();
    if (!view.properties.empty())
        if (const auto fault = read_properties(view.properties, PacketType::Publish, view))
            return *fault;
    if (!is_mqtt_string(view.topic))
        return malformed("topic is not UTF-8 without U+0000 (MQTT-3.3.2-1)");
    const bool is_aliased = view.topic.empty() && view.topic_alias != 0;
    if (!is_aliased && !is_topic_name(view.topic))
        return Invalid{ReasonCode::TopicNameInvalid,
                       "topic is empty or has a wildcard (MQTT-3.3.2-2, MQTT-4.7.3-1)"};
    return view;
}

Parsed<AckView> parse_ack(const Packet& packet, uint8_t level) {
    Reader reader(packet.body);
    AckView view{packet.type, reader.u16()};
    if (!reader.ok()) return cut_short();
    if (view.packet_id == 0) return no_packet_id();
    // In 5 reason and properties may be left out, from the end (3.4.2.1).
    if (level == kLevelV5 && reader.left() > 0) {
        const uint8_t code = reader.u8();
        if (!is_reason_for(packet.type, code))
            return malformed("reason code is none of this packet's (MQTT-3.4.2-1)");
        view.reason = static_cast<ReasonCode>(code);
        if (reader.left() > 0)
            if (const auto fault = check_properties(take_properties(reader), place(packet.type)))
                return *fault;
    }
    if (!reader.ok() || reader.left() != 0) return cut_short();
    return view;
}

Parsed<SubscribeView> parse_subscribe(const Packet& packet, uint8_t level) {
    Reader reader(packet.body);
    SubscribeView view{reader.u16()};
    const Bytes block = take_properties_of(reader, level);
    if (!reader.ok()) return cut_short();
    if (view.packet_id == 0) return no_packet_id();
    if (const auto fault = read_properties(block, PacketType::Subscribe, view)) return *fault;
    view.filters = reader.rest();
    if (view.filters.empty())
        return Invalid{ReasonCode::ProtocolError,
                       "SUBSCRIBE without a filter (MQTT-3.8.3-3; 5: -2)"};
    while (reader.left() > 0) {
        const std::string_view filter = reader.string();
        const uint8_t options = reader.u8();
        if (!reader.ok()) return cut_short();
        if (const auto fault = check_filter(filter)) return *fault;
        if (const auto fault = check_options(options, filter, level)) return *fault;
    }
    return view;
}

Parsed<UnsubscribeView> parse_unsubscribe(const Packet& packet, uint8_t level) {
    Reader reader(packet.body);
    UnsubscribeView view{reader.u16()};
    const Bytes block = take_properties_of(reader, level);
    if (!reader.ok()) return cut_short();
    if (view.packet_id == 0) return no_packet_id();
    if (const auto fault = check_properties(block, place(PacketType::Unsubscribe))) return *fault;
    view.filters = reader.rest();
    if (view.filters.empty())
        return Invalid{ReasonCode::ProtocolError, "UNSUBSCRIBE without a filter (MQTT-3.10.3-2)"};
    while (reader.left() > 0) {
        const std::string_view filter = reader.string();
        if (!reader.ok()) return cut_short();
        if (const auto fault = check_filter(filter)) return *fault;
    }
    return view;
}

Parsed<SubackView> parse_suback(const Packet& packet, uint8_t level) {
    Reader reader(packet.body);
    SubackView view{reader.u16()};
    const Bytes block = take_properties_of(reader, level);
    if (!reader.ok()) return cut_short();
    if (view.packet_id == 0) return no_packet_id();
    if (const auto fault = check_properties(block, place(packet.type))) return *fault;
    view.codes = reader.rest();
    const bool wants_codes = packet.type == PacketType::Suback || level == kLevelV5;
    if (view.codes.empty() == wants_codes)
        return malformed("SUBACK or UNSUBACK with the wrong number of codes (3.9.3, 3.11)");
    for (const uint8_t code : view.codes) {
        // 3.1.1: 0, 1, 2 and 0x80 (MQTT-3.9.3-2). 3.1 has no 0x80, but brokers send it.
        const bool is_known =
            level == kLevelV5 ? is_reason_for(packet.type, code) : code <= 2 || code == 0x80;
        if (!is_known) return malformed("reason code is none of this packet's (MQTT-3.9.3-2)");
    }
    return view;
}

Parsed<DisconnectView> parse_disconnect(const Packet& packet, uint8_t level) {
    Reader reader(packet.body);
    DisconnectView view;
    // In 5 reason and properties may be left out, from the end (3.14.2.1).
    if (level == kLevelV5 && reader.left() > 0) {
        const uint8_t code = reader.u8();
        if (!is_reason_for(PacketType::Disconnect, code))
            return malformed("reason code is none of DISCONNECT's (MQTT-3.14.2-1)");
        view.reason = static_cast<ReasonCode>(code);
        if (reader.left() > 0)
            if (const auto fault = read_properties(take_properties(reader), packet.type, view))
                return *fault;
    }
    if (!reader.ok() || reader.left() != 0) return cut_short();
    return view;
}

std::optional<Subscription> take_subscription(Bytes& filters) {
    Reader reader(filters);
    Subscription one{reader.string()};
    const uint8_t options = reader.u8();
    if (!reader.ok()) return std::nullopt;
    filters = reader.rest();
    one.qos = options & 0x03;
    one.no_local = (options & kNoLocalOption) != 0;
    one.retain_as_published = (options & kRetainAsPublishedOption) != 0;
    one.retain_handling = static_cast<uint8_t>(options >> 4 & 3);
    return one;
}

std::optional<std::string_view> take_filter(Bytes& filters) {
    Reader reader(filters);
    const std::string_view filter = reader.string();
    if (!reader.ok()) return std::nullopt;
    filters = reader.rest();
    return filter;
}

}  // namespace jumpgate::mqtt
