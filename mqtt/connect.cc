// One function per part of the packet, in the order in which the parts stand in it (3.1.1 and
// 5: 3.1).
#include "mqtt/connect.h"

#include <algorithm>
#include <optional>

#include "mqtt/properties.h"
#include "mqtt/reader.h"
#include "mqtt/topic.h"
#include "mqtt/utf8.h"

namespace jumpgate::mqtt {
namespace {

using Fault = std::optional<Invalid>;  // empty: nothing wrong so far

Fault malformed(std::string_view text) { return Invalid{ReasonCode::MalformedPacket, text}; }

// Mosquitto's bridges set it in 3.1 and 3.1.1, and go on without it after CONNACK 1. Never in 5: of
// 0x85 mosquitto reads no properties, so it would see another client id than a reader of MQTT 5.
constexpr uint8_t kBridgeBit = 0x80;

// Bits of the connect flags (3.1.2.3).
constexpr uint8_t kReservedFlag = 0x01;
constexpr uint8_t kCleanStartFlag = 0x02;
constexpr uint8_t kWillFlag = 0x04;
constexpr uint8_t kWillQosFlags = 0x18;
constexpr uint8_t kWillRetainFlag = 0x20;
constexpr uint8_t kPasswordFlag = 0x40;
constexpr uint8_t kUsernameFlag = 0x80;

// Name, level, flags, keep alive and an empty client id of 3.1.1; no version has a shorter CONNECT.
constexpr size_t kBodySizeMin = 2 + 4 + 1 + 1 + 2 + 2;

struct Preamble {
    uint8_t level = 0;  // 0: its byte has not arrived
    bool bridge = false;
    size_t size = 0;  // bytes of name and level
};

bool is_level(uint8_t value, uint8_t level) { return (value & ~kBridgeBit) == level; }

// Judges the name and the level as soon as they are there; `body` may be cut short anywhere.
Fault read_preamble(Bytes body, Preamble& out) {
    if (body.size() < 2) return {};
    const size_t name_size = Reader(body).u16();
    const std::string_view wanted = name_size == 4 ? "MQTT" : name_size == 6 ? "MQIsdp" : "";
    const std::string_view name = text(body.subspan(2, std::min(body.size() - 2, name_size)));
    if (wanted.empty() || !wanted.starts_with(name))
        return Invalid{ReasonCode::UnsupportedProtocolVersion,
                       "protocol name is neither MQTT nor MQIsdp (MQTT-3.1.2-1)"};
    const size_t level_at = 2 + name_size;
    if (body.size() <= level_at) return {};
    const uint8_t value = body[level_at];
    const bool is_v31 = wanted == "MQIsdp";
    if (is_v31 ? !is_level(value, kLevelV31) : value != kLevelV5 && !is_level(value, kLevelV311))
        return Invalid{ReasonCode::UnsupportedProtocolVersion,
                       "protocol level is none of 3 (MQIsdp), 4, 5 (MQTT-3.1.2-2)",
                       is_v31 ? kLevelV31 : kLevelV311, true};
    out = {static_cast<uint8_t>(value & ~kBridgeBit), (value & kBridgeBit) != 0, level_at + 1};
    return {};
}

// 3.1 says that the will's bits mean nothing without a will, and reserves no bit.
Fault check_flags(uint8_t flags, uint8_t level) {
    if ((flags & kReservedFlag) != 0 && level != kLevelV31)
        return malformed("connect flags: reserved bit 0 is set (MQTT-3.1.2-3)");
    if ((flags & kWillFlag) != 0 && (flags & kWillQosFlags) == kWillQosFlags)
        return malformed("connect flags: will QoS is 3 (MQTT-3.1.2-14; MQTT 5: MQTT-3.1.2-12)");
    if ((flags & kWillFlag) == 0 && (flags & (kWillQosFlags | kWillRetainFlag)) != 0 &&
        level != kLevelV31)
        return malformed("connect flags: will QoS or retain without a will (MQTT-3.1.2-13, -15)");
    if ((flags & kPasswordFlag) != 0 && (flags & kUsernameFlag) == 0 && level != kLevelV5)
        return malformed("connect flags: password without user name (MQTT-3.1.2-22)");
    return {};
}

void apply_flags(uint8_t flags, ConnectView& view) {
    view.clean_start = (flags & kCleanStartFlag) != 0;
    view.has_username = (flags & kUsernameFlag) != 0;
    view.has_password = (flags & kPasswordFlag) != 0;
    if ((flags & kWillFlag) == 0) return;
    view.will.present = true;
    view.will.qos = static_cast<uint8_t>((flags & kWillQosFlags) >> 3);
    view.will.retain = (flags & kWillRetainFlag) != 0;
}

Fault read_properties(Reader& reader, ConnectProperties& out) {
    const Bytes block = take_properties(reader);
    if (!reader.ok()) return malformed("properties run past the packet (MQTT 5, 2.2.2.1)");
    if (block.empty()) return {};
    PropertyReader properties(block, place(PacketType::Connect));
    bool has_method = false;
    while (const auto property = properties.next()) {
        using Id = PropertyId;
        const uint32_t number = property->number;
        switch (property->id) {
            case Id::SessionExpiryInterval:
                out.session_expiry_interval_s = number;
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
            case Id::RequestResponseInformation:
                out.request_response_information = number;
                break;
            case Id::RequestProblemInformation:
                out.request_problem_information = number;
                break;
            case Id::AuthenticationMethod:
                has_method = true;
                out.authentication_method = text(property->value);
                break;
            case Id::AuthenticationData:
                out.has_authentication_data = true;
                out.authentication_data = property->value;
                break;
            default:
                break;  // user properties: the broker's business
        }
    }
    if (properties.fault()) return properties.fault();
    if (out.has_authentication_data && !has_method)
        return Invalid{ReasonCode::ProtocolError,
                       "authentication data without a method (MQTT 5, 3.1.2.11.10)"};
    return {};
}

Fault read_will(Reader& reader, uint8_t level, Will& will) {
    if (level == kLevelV5) {
        will.properties = take_properties(reader);
        PropertyReader properties(will.properties, PropertyPlace::Will);
        while (const auto property = properties.next())
            if (property->id == PropertyId::WillDelayInterval)
                will.delay_interval_s = property->number;
        if (properties.fault()) return properties.fault();
    }
    will.topic = reader.string();
    will.payload = reader.binary();
    if (!reader.ok()) return malformed("will runs past the packet (MQTT-3.1.2-9)");
    if (!is_mqtt_string(will.topic))
        return malformed("will topic is not UTF-8 without U+0000 (MQTT-3.1.3-10; 5: -11)");
    if (!is_topic_name(will.topic))
        return Invalid{ReasonCode::TopicNameInvalid,
                       "will topic is empty or has a wildcard (MQTT-4.7.1-1, MQTT-4.7.3-1)"};
    return {};
}

Fault read_credentials(Reader& reader, ConnectView& view) {
    // 3.1, 3.1 "User name and password flags": the remaining length takes precedence over the
    // flags.
    const bool may_lack = view.level == kLevelV31;
    if (may_lack && reader.left() == 0) view.has_username = view.has_password = false;
    if (view.has_username) {
        view.username = reader.string();
        if (!is_mqtt_string(view.username))
            return malformed("user name is not UTF-8 without U+0000 (MQTT-3.1.3-11; 5: -12)");
    }
    if (may_lack && reader.left() == 0) view.has_password = false;
    if (view.has_password) view.password = reader.binary();
    if (!reader.ok()) return malformed("a field runs past the packet (MQTT-3.1.4-1)");
    if (reader.left() != 0) return malformed("bytes are left behind the last field (MQTT-3.1.4-1)");
    return {};
}

// Everything behind the level. `view` has its level.
Fault read_body(Reader& reader, ConnectView& view) {
    const uint8_t flags = reader.u8();
    if (Fault fault = check_flags(flags, view.level)) return fault;
    apply_flags(flags, view);
    view.keep_alive_s = reader.u16();
    if (view.level == kLevelV5)
        if (Fault fault = read_properties(reader, view.properties)) return fault;
    view.client_id = reader.string();
    if (!reader.ok()) return malformed("client identifier runs past the packet (MQTT-3.1.3-3)");
    if (!is_mqtt_string(view.client_id))
        return malformed("client identifier is not UTF-8 without U+0000 (MQTT-3.1.3-4)");
    if (view.will.present)
        if (Fault fault = read_will(reader, view.level, view.will)) return fault;
    if (Fault fault = read_credentials(reader, view)) return fault;
    // 3.1 wants 1 to 23 characters; as brokers do, we let longer ones pass, but not none.
    const bool needs_id =
        view.level == kLevelV31 || (view.level == kLevelV311 && !view.clean_start);
    if (needs_id && view.client_id.empty())
        return Invalid{ReasonCode::ClientIdNotValid,
                       "client identifier is empty without clean session (MQTT-3.1.3-8)"};
    return {};
}

}  // namespace

ConnectResult parse_connect(Bytes in) {
    if (in.empty()) return NeedMore{};
    if (packet_type(in[0]) != PacketType::Connect)
        return Invalid{ReasonCode::ProtocolError, "first packet is no CONNECT (MQTT-3.1.0-1)"};
    if (!could_be_connect(in[0]))
        return *malformed("CONNECT with fixed header flags (MQTT-2.2.2-2; MQTT 5: MQTT-2.1.3-1)");
    const Varint length = read_varint(in.subspan(1));
    if (length.status == VarintStatus::NeedMore) return NeedMore{};
    if (length.status == VarintStatus::Malformed)
        return *malformed("remaining length is longer than 4 bytes (3.1.1: 2.2.3; 5: 1.5.5)");
    if (length.value < kBodySizeMin) return *malformed("packet is too short to be a CONNECT");

    const size_t header_size = 1u + length.size;
    const size_t total = header_size + length.value;
    const Bytes body =
        in.subspan(header_size, std::min(in.size() - header_size, total - header_size));
    Preamble preamble;
    if (const Fault fault = read_preamble(body, preamble)) return *fault;
    if (in.size() < total) return NeedMore{total, preamble.level};

    ConnectResult result(std::in_place_type<ConnectView>);
    ConnectView& view = *std::get_if<ConnectView>(&result);
    view.level = preamble.level;
    view.bridge = preamble.bridge;
    view.packet_length = total;
    Reader reader(body.subspan(preamble.size));
    Fault fault = read_body(reader, view);
    if (view.level == kLevelV5 && !length.minimal())
        fault = malformed("remaining length is not in its shortest form (MQTT-1.5.5-1)");
    if (!fault) return result;
    fault->level = view.level;
    // 3.1.1 has no return code for malformed packets: close without a CONNACK (MQTT-3.1.4-1).
    fault->answer = view.level == kLevelV5 || to_return_code(fault->reason).has_value();
    return *fault;
}

bool Will::operator==(const Will& other) const {
    return present == other.present && retain == other.retain && qos == other.qos &&
           topic == other.topic && text(payload) == text(other.payload) &&
           delay_interval_s == other.delay_interval_s && text(properties) == text(other.properties);
}

bool ConnectProperties::operator==(const ConnectProperties& other) const {
    return session_expiry_interval_s == other.session_expiry_interval_s &&
           receive_maximum == other.receive_maximum &&
           topic_alias_maximum == other.topic_alias_maximum &&
           maximum_packet_size == other.maximum_packet_size &&
           request_response_information == other.request_response_information &&
           request_problem_information == other.request_problem_information &&
           has_authentication_data == other.has_authentication_data &&
           authentication_method == other.authentication_method &&
           text(authentication_data) == text(other.authentication_data);
}

bool ConnectView::operator==(const ConnectView& other) const {
    return client_id == other.client_id && username == other.username &&
           text(password) == text(other.password) && will == other.will &&
           properties == other.properties && keep_alive_s == other.keep_alive_s &&
           level == other.level && bridge == other.bridge && clean_start == other.clean_start &&
           has_username == other.has_username && has_password == other.has_password;
}

}  // namespace jumpgate::mqtt
