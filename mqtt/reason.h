// Reason codes: MQTT 5's for every version, and 3.1.1's CONNACK return codes beside them.
//
// Law: inside jumpgate a refusal is always a ReasonCode; the encoder of a CONNACK for 3.1 and 3.1.1
// asks to_return_code, which has no answer where 3.1.1 wants a close without CONNACK.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "mqtt/packet_type.h"

namespace jumpgate::mqtt {

// MQTT 5, table 2-6. Success is also "Normal disconnection" and "Granted QoS 0".
enum class ReasonCode : uint8_t {
    Success = 0x00,
    GrantedQos1 = 0x01,
    GrantedQos2 = 0x02,
    DisconnectWithWill = 0x04,
    NoMatchingSubscribers = 0x10,
    NoSubscriptionExisted = 0x11,
    ContinueAuthentication = 0x18,
    Reauthenticate = 0x19,
    UnspecifiedError = 0x80,
    MalformedPacket = 0x81,
    ProtocolError = 0x82,
    ImplementationError = 0x83,
    UnsupportedProtocolVersion = 0x84,
    ClientIdNotValid = 0x85,
    BadUserNameOrPassword = 0x86,
    NotAuthorized = 0x87,
    ServerUnavailable = 0x88,
    ServerBusy = 0x89,
    Banned = 0x8A,
    ServerShuttingDown = 0x8B,
    BadAuthenticationMethod = 0x8C,
    KeepAliveTimeout = 0x8D,
    SessionTakenOver = 0x8E,
    TopicFilterInvalid = 0x8F,
    TopicNameInvalid = 0x90,
    PacketIdInUse = 0x91,
    PacketIdNotFound = 0x92,
    ReceiveMaximumExceeded = 0x93,
    TopicAliasInvalid = 0x94,
    PacketTooLarge = 0x95,
    MessageRateTooHigh = 0x96,
    QuotaExceeded = 0x97,
    AdministrativeAction = 0x98,
    PayloadFormatInvalid = 0x99,
    RetainNotSupported = 0x9A,
    QosNotSupported = 0x9B,
    UseAnotherServer = 0x9C,
    ServerMoved = 0x9D,
    SharedSubscriptionsNotSupported = 0x9E,
    ConnectionRateExceeded = 0x9F,
    MaximumConnectTime = 0xA0,
    SubscriptionIdsNotSupported = 0xA1,
    WildcardSubscriptionsNotSupported = 0xA2,
};

// MQTT 3.1.1, table 3.1 (the same in 3.1).
enum class ReturnCode : uint8_t {
    Accepted = 0,
    UnacceptableProtocolVersion = 1,
    IdentifierRejected = 2,
    ServerUnavailable = 3,
    BadUserNameOrPassword = 4,
    NotAuthorized = 5,
};

// The standard's words, such as "Malformed Packet"; "unknown" for a value it does not name.
std::string_view text(ReasonCode reason);
std::string_view text(ReturnCode code);

// Whether table 2-6 lists this code for packets of this type.
bool is_reason_for(PacketType type, uint8_t code);

// What a 3.1.1 client is told instead; empty where no return code fits and the standard says to
// close without a CONNACK (malformed packets, protocol errors, codes that are no refusal of a
// CONNECT).
std::optional<ReturnCode> to_return_code(ReasonCode reason);
ReasonCode to_reason_code(ReturnCode code);

}  // namespace jumpgate::mqtt
