// Refusal: why a client was turned away, and what it is told.
//
// Law: every refusal has a word (log and metrics), a counter and, where MQTT allows an answer, a
// CONNACK in the client's own version. One fixed vocabulary: log, statistics and docs use `text`.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "mqtt/reason.h"
#include "mqtt/verdict.h"

namespace jumpgate {

enum class Refusal : uint8_t {
    NotMqtt,             // the first packet is no CONNECT
    TlsHello,            // a TLS ClientHello on a plain port
    NotTls,              // something else than TLS on a TLS port
    PlainOnTls,          // an MQTT CONNECT in the clear on a TLS port
    HttpRequest,         // an HTTP request on an MQTT port
    Malformed,           // a CONNECT that breaks the standard
    UnsupportedVersion,  // a protocol name or level that is not MQTT 3.1, 3.1.1 or 5
    ClientIdNotValid,    // 3.1.1: empty client id without clean session (MQTT-3.1.3-8)
    NotCertified,        // no certificate, and --require-client-id-matches asks for one
    ClientIdMismatch,    // the client id is not in the certificate
    TooLarge,            // over --connect-size-max
    HandshakeFailed,     // TLS; the statistics count them by cause
    HandshakeTimeout,    // not done within --tls-handshake-timeout-ms
    ProxyHeader,         // the PROXY header is missing or malformed
    ProxyNotTrusted,     // a PROXY header from a peer not in --proxy-protocol-from
    SetupTimeout,        // no complete CONNECT within --setup-timeout-ms
    ClientGone,          // closed or reset before its CONNECT was complete
    NoRoute,             // no stream route matches the client
    NoBroker,            // no broker is alive, or none could be reached
    BrokerTls,           // no broker's handshake succeeded: its certificate, as a rule
    TooManyConnections,  // over --connections-max
    ServerBusy,          // out of descriptors, source ports or memory, for now
    ShuttingDown,        // the proxy is draining
};
inline constexpr size_t kRefusals = 23;

std::string_view text(Refusal refusal);

// What the log says of Refusal::ProxyNotTrusted.
inline constexpr std::string_view kProxyNotTrusted =
    "a PROXY header from a peer that is not in --proxy-protocol-from";

// A PROXY header, version 1 or 2, by its first 6 or 12 bytes.
bool begins_proxy_header(std::span<const uint8_t> bytes);

// Whether a stream is HTTP/1: a method that clients use, and a space (RFC 9112 3). Maybe: these few
// bytes could still become one.
enum class HttpStart : uint8_t { Yes, No, Maybe };
HttpStart begins_http_request(std::span<const uint8_t> bytes);

// The refusal that a broken CONNECT stands for. `bytes` (one or more) tell other protocols apart.
Refusal classify(const mqtt::Invalid& invalid, std::span<const uint8_t> bytes);

// The reason a client is given for a refusal that is ours (not the parser's).
mqtt::ReasonCode reason_of(Refusal refusal);

// The CONNACK for `level` (3, 4, 5), written into `out`; empty where the client gets none: its
// level is unknown, or its version has no return code for this reason.
std::span<const uint8_t> connack(mqtt::ReasonCode reason, uint8_t level,
                                 std::array<uint8_t, 8>& out);

}  // namespace jumpgate
