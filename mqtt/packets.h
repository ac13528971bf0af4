// What the packets after CONNECT say: given by decode.h, taken by encode.h.
//
// Law: views into memory of the caller's; no view owns. A field that a protocol level does not have
// keeps its default. `properties` is an MQTT 5 block without its length, empty before 5: read it
// with PropertyReader, make it with PropertyWriter.
#pragma once

#include <optional>

#include "mqtt/bytes.h"
#include "mqtt/verdict.h"

namespace jumpgate::mqtt {

struct ConnackView {
    bool session_present = false;
    ReasonCode reason = ReasonCode::Success;  // before 5: the return code's counterpart

    // MQTT 5 (3.2.2.3); what the standard assumes where a property is absent.
    std::optional<uint32_t> session_expiry_interval_s{};  // absent: as the client asked
    std::optional<uint16_t> server_keep_alive_s{};        // absent: as the client asked
    uint16_t receive_maximum = 65'535;
    uint16_t topic_alias_maximum = 0;
    uint32_t maximum_packet_size = 0;  // 0: no limit
    uint8_t maximum_qos = 2;
    bool retain_available = true;
    bool wildcard_subscription_available = true;
    bool subscription_identifier_available = true;
    bool shared_subscription_available = true;
    std::string_view assigned_client_id{};
    std::string_view reason_string{};
    std::string_view server_reference{};
    Bytes properties{};  // all of them, as they came; the encoder does not look at it
};

struct PublishView {
    std::string_view topic{};  // empty only in 5, with an alias
    Bytes payload{};
    Bytes properties{};
    uint16_t packet_id = 0;    // 0 for QoS 0
    uint16_t topic_alias = 0;  // decoded from `properties`; the encoder does not look at it
    uint8_t qos = 0;
    bool retain = false;
    bool dup = false;
};

// PUBACK, PUBREC, PUBREL, PUBCOMP.
struct AckView {
    PacketType type = PacketType::Puback;
    uint16_t packet_id = 0;
    ReasonCode reason = ReasonCode::Success;  // before 5 always Success
};

struct Subscription {
    std::string_view filter{};
    uint8_t qos = 0;
    bool no_local = false;             // MQTT 5
    bool retain_as_published = false;  // MQTT 5
    uint8_t retain_handling = 0;       // MQTT 5: 0, 1, 2
};

struct SubscribeView {
    uint16_t packet_id = 0;
    uint32_t subscription_id = 0;  // MQTT 5; 0: none
    Bytes filters{};               // at least one: see take_subscription
};

struct UnsubscribeView {
    uint16_t packet_id = 0;
    Bytes filters{};  // at least one: see take_filter
};

// SUBACK and UNSUBACK.
struct SubackView {
    uint16_t packet_id = 0;
    Bytes codes{};  // one per filter, each a ReasonCode; none in an UNSUBACK before 5
};

struct DisconnectView {
    ReasonCode reason = ReasonCode::Success;  // MQTT 5, as all that follows
    std::optional<uint32_t> session_expiry_interval_s{};
    std::string_view reason_string{};
    std::string_view server_reference{};
};

}  // namespace jumpgate::mqtt
