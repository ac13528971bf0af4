#include "core/proxy/refusal.h"

#include "mqtt/connect.h"
#include "mqtt/encode.h"

namespace jumpgate {

std::string_view text(Refusal refusal) {
    switch (refusal) {
        case Refusal::NotMqtt:
            return "not_mqtt";
        case Refusal::TlsHello:
            return "tls_hello";
        case Refusal::NotTls:
            return "not_tls";
        case Refusal::PlainOnTls:
            return "plain_on_tls";
        case Refusal::HttpRequest:
            return "http_request";
        case Refusal::Malformed:
            return "malformed";
        case Refusal::UnsupportedVersion:
            return "unsupported_version";
        case Refusal::ClientIdNotValid:
            return "client_id_not_valid";
        case Refusal::NotCertified:
            return "not_certified";
        case Refusal::ClientIdMismatch:
            return "client_id_mismatch";
        case Refusal::TooLarge:
            return "too_large";
        case Refusal::HandshakeFailed:
            return "handshake_failed";
        case Refusal::HandshakeTimeout:
            return "handshake_timeout";
        case Refusal::ProxyHeader:
            return "proxy_header";
        case Refusal::ProxyNotTrusted:
            return "proxy_not_trusted";
        case Refusal::SetupTimeout:
            return "setup_timeout";
        case Refusal::ClientGone:
            return "client_gone";
        case Refusal::NoRoute:
            return "no_route";
        case Refusal::NoBroker:
            return "no_broker";
        case Refusal::BrokerTls:
            return "broker_tls";
        case Refusal::TooManyConnections:
            return "too_many_connections";
        case Refusal::ServerBusy:
            return "server_busy";
        case Refusal::ShuttingDown:
            return "shutting_down";
    }
    return "unknown";
}

bool begins_proxy_header(std::span<const uint8_t> bytes) {
    constexpr std::string_view kVersion1 = "PROXY ";
    constexpr std::string_view kVersion2("\r\n\r\n\0\r\nQUIT\n", 12);
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return text.starts_with(kVersion1) || text.starts_with(kVersion2);
}

HttpStart begins_http_request(std::span<const uint8_t> bytes) {
    constexpr std::array<std::string_view, 9> kMethods = {
        "GET ", "HEAD ", "POST ", "PUT ", "DELETE ", "CONNECT ", "OPTIONS ", "TRACE ", "PATCH "};
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    for (const std::string_view method : kMethods) {
        if (text.starts_with(method)) return HttpStart::Yes;
        if (method.starts_with(text)) return HttpStart::Maybe;
    }
    return HttpStart::No;
}

Refusal classify(const mqtt::Invalid& invalid, std::span<const uint8_t> bytes) {
    const uint8_t first_byte = bytes[0];
    if (begins_proxy_header(bytes)) return Refusal::ProxyNotTrusted;
    constexpr uint8_t kTlsHandshakeRecord = 0x16;  // RFC 8446 section 5.1
    if (first_byte == kTlsHandshakeRecord) return Refusal::TlsHello;
    // GET, HEAD, POST, PUT, DELETE, OPTIONS, CONNECT, TRACE, PATCH and the HTTP/2 preface (PRI).
    if (std::string_view("GHPDOCT").find(static_cast<char>(first_byte)) != std::string_view::npos) {
        return Refusal::HttpRequest;
    }
    // A CONNECT with wrong flags in its first byte is still one (MQTT-2.2.2-2).
    constexpr uint8_t kTypeConnect = 1;
    if (first_byte >> 4U != kTypeConnect) return Refusal::NotMqtt;
    switch (invalid.reason) {
        case mqtt::ReasonCode::UnsupportedProtocolVersion:
            return Refusal::UnsupportedVersion;
        case mqtt::ReasonCode::ClientIdNotValid:
            return Refusal::ClientIdNotValid;
        default:
            return Refusal::Malformed;
    }
}

mqtt::ReasonCode reason_of(Refusal refusal) {
    switch (refusal) {
        case Refusal::TooLarge:
            return mqtt::ReasonCode::PacketTooLarge;
        case Refusal::PlainOnTls:
        case Refusal::NotCertified:
            return mqtt::ReasonCode::NotAuthorized;
        case Refusal::NoRoute:
        case Refusal::NoBroker:
        case Refusal::BrokerTls:
            return mqtt::ReasonCode::ServerUnavailable;
        case Refusal::TooManyConnections:
            return mqtt::ReasonCode::QuotaExceeded;
        case Refusal::ServerBusy:
        case Refusal::ShuttingDown:
            return mqtt::ReasonCode::ServerBusy;
        case Refusal::UnsupportedVersion:
            return mqtt::ReasonCode::UnsupportedProtocolVersion;
        case Refusal::ClientIdNotValid:
        case Refusal::ClientIdMismatch:
            return mqtt::ReasonCode::ClientIdNotValid;
        default:
            return mqtt::ReasonCode::MalformedPacket;
    }
}

std::span<const uint8_t> connack(mqtt::ReasonCode reason, uint8_t level,
                                 std::array<uint8_t, 8>& out) {
    if (level < mqtt::kLevelV31 || level > mqtt::kLevelV5) return {};
    mqtt::ConnackView refused;
    refused.reason = reason;
    return std::span(out).first(mqtt::encode_connack(out, refused, level));
}

}  // namespace jumpgate
