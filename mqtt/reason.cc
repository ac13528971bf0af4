// Table 2-6 of MQTT 5 as data: code, words, and the packets that may carry it.
#include "mqtt/reason.h"

#include <algorithm>
#include <iterator>

namespace jumpgate::mqtt {
namespace {

constexpr unsigned in(PacketType type) { return 1u << static_cast<unsigned>(type); }
constexpr unsigned kConnack = in(PacketType::Connack);
constexpr unsigned kDisconnect = in(PacketType::Disconnect);
constexpr unsigned kSuback = in(PacketType::Suback);
constexpr unsigned kUnsuback = in(PacketType::Unsuback);
constexpr unsigned kAuth = in(PacketType::Auth);
constexpr unsigned kPublishAcks = in(PacketType::Puback) | in(PacketType::Pubrec);
constexpr unsigned kReleaseAcks = in(PacketType::Pubrel) | in(PacketType::Pubcomp);
constexpr unsigned kRefusals = kConnack | kPublishAcks | kSuback | kUnsuback | kDisconnect;

struct Entry {
    ReasonCode code;
    unsigned packets;
    std::string_view words;
};

using enum ReasonCode;
constexpr Entry kTable[] = {
    {Success, kRefusals | kReleaseAcks | kAuth, "Success"},
    {GrantedQos1, kSuback, "Granted QoS 1"},
    {GrantedQos2, kSuback, "Granted QoS 2"},
    {DisconnectWithWill, kDisconnect, "Disconnect with Will Message"},
    {NoMatchingSubscribers, kPublishAcks, "No matching subscribers"},
    {NoSubscriptionExisted, kUnsuback, "No subscription existed"},
    {ContinueAuthentication, kAuth, "Continue authentication"},
    {Reauthenticate, kAuth, "Re-authenticate"},
    {UnspecifiedError, kRefusals, "Unspecified error"},
    {MalformedPacket, kConnack | kDisconnect, "Malformed Packet"},
    {ProtocolError, kConnack | kDisconnect, "Protocol Error"},
    {ImplementationError, kRefusals, "Implementation specific error"},
    {UnsupportedProtocolVersion, kConnack, "Unsupported Protocol Version"},
    {ClientIdNotValid, kConnack, "Client Identifier not valid"},
    {BadUserNameOrPassword, kConnack, "Bad User Name or Password"},
    {NotAuthorized, kRefusals, "Not authorized"},
    {ServerUnavailable, kConnack, "Server unavailable"},
    {ServerBusy, kConnack | kDisconnect, "Server busy"},
    {Banned, kConnack, "Banned"},
    {ServerShuttingDown, kDisconnect, "Server shutting down"},
    {BadAuthenticationMethod, kConnack | kDisconnect, "Bad authentication method"},
    {KeepAliveTimeout, kDisconnect, "Keep Alive timeout"},
    {SessionTakenOver, kDisconnect, "Session taken over"},
    {TopicFilterInvalid, kSuback | kUnsuback | kDisconnect, "Topic Filter invalid"},
    {TopicNameInvalid, kConnack | kPublishAcks | kDisconnect, "Topic Name invalid"},
    {PacketIdInUse, kPublishAcks | kSuback | kUnsuback, "Packet Identifier in use"},
    {PacketIdNotFound, kReleaseAcks, "Packet Identifier not found"},
    {ReceiveMaximumExceeded, kDisconnect, "Receive Maximum exceeded"},
    {TopicAliasInvalid, kDisconnect, "Topic Alias invalid"},
    {PacketTooLarge, kConnack | kDisconnect, "Packet too large"},
    {MessageRateTooHigh, kDisconnect, "Message rate too high"},
    {QuotaExceeded, kConnack | kPublishAcks | kSuback | kDisconnect, "Quota exceeded"},
    {AdministrativeAction, kDisconnect, "Administrative action"},
    {PayloadFormatInvalid, kConnack | kPublishAcks | kDisconnect, "Payload format invalid"},
    {RetainNotSupported, kConnack | kDisconnect, "Retain not supported"},
    {QosNotSupported, kConnack | kDisconnect, "QoS not supported"},
    {UseAnotherServer, kConnack | kDisconnect, "Use another server"},
    {ServerMoved, kConnack | kDisconnect, "Server moved"},
    {SharedSubscriptionsNotSupported, kSuback | kDisconnect, "Shared Subscriptions not supported"},
    {ConnectionRateExceeded, kConnack | kDisconnect, "Connection rate exceeded"},
    {MaximumConnectTime, kDisconnect, "Maximum connect time"},
    {SubscriptionIdsNotSupported, kSuback | kDisconnect, "Subscription Identifiers not supported"},
    {WildcardSubscriptionsNotSupported, kSuback | kDisconnect,
     "Wildcard Subscriptions not supported"},
};

const Entry* find(uint8_t code) {
    const Entry* at = std::lower_bound(std::begin(kTable), std::end(kTable), code,
                                       [](const Entry& entry, uint8_t wanted) {
                                           return static_cast<uint8_t>(entry.code) < wanted;
                                       });
    return at != std::end(kTable) && static_cast<uint8_t>(at->code) == code ? at : nullptr;
}

}  // namespace

std::string_view text(ReasonCode reason) {
    const Entry* entry = find(static_cast<uint8_t>(reason));
    return entry != nullptr ? entry->words : "unknown";
}

std::string_view text(ReturnCode code) {
    switch (code) {
        case ReturnCode::Accepted:
            return "Connection accepted";
        case ReturnCode::UnacceptableProtocolVersion:
            return "unacceptable protocol version";
        case ReturnCode::IdentifierRejected:
            return "identifier rejected";
        case ReturnCode::ServerUnavailable:
            return "server unavailable";
        case ReturnCode::BadUserNameOrPassword:
            return "bad user name or password";
        case ReturnCode::NotAuthorized:
            return "not authorized";
    }
    return "unknown";
}

bool is_reason_for(PacketType type, uint8_t code) {
    const Entry* entry = find(code);
    return entry != nullptr && (entry->packets & in(type)) != 0;
}

std::optional<ReturnCode> to_return_code(ReasonCode reason) {
    switch (reason) {
        case Success:
            return ReturnCode::Accepted;
        case UnsupportedProtocolVersion:
            return ReturnCode::UnacceptableProtocolVersion;
        case ClientIdNotValid:
            return ReturnCode::IdentifierRejected;
        case UnspecifiedError:
        case ImplementationError:
        case ServerUnavailable:
        case ServerBusy:
        case ServerShuttingDown:
        case QuotaExceeded:
        case UseAnotherServer:
        case ServerMoved:
        case ConnectionRateExceeded:
            return ReturnCode::ServerUnavailable;
        case BadUserNameOrPassword:
            return ReturnCode::BadUserNameOrPassword;
        case NotAuthorized:
        case Banned:
        case BadAuthenticationMethod:
            return ReturnCode::NotAuthorized;
        default:
            return std::nullopt;
    }
}

ReasonCode to_reason_code(ReturnCode code) {
    switch (code) {
        case ReturnCode::Accepted:
            return Success;
        case ReturnCode::UnacceptableProtocolVersion:
            return UnsupportedProtocolVersion;
        case ReturnCode::IdentifierRejected:
            return ClientIdNotValid;
        case ReturnCode::ServerUnavailable:
            return ServerUnavailable;
        case ReturnCode::BadUserNameOrPassword:
            return BadUserNameOrPassword;
        case ReturnCode::NotAuthorized:
            return NotAuthorized;
    }
    return UnspecifiedError;  // a byte that 3.1.1 reserves (6 to 255)
}

}  // namespace jumpgate::mqtt
