// Cause: why a client could not connect, or lost its connection.
//
// Law: every failed set-up and every lost connection has exactly one cause and is counted under it.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/error.h"
#include "tls/failure.h"

namespace jumpgate::load {

enum class Cause : uint8_t {
    Refused,           // nobody listens there
    Reset,             // the peer, or a proxy between, aborted the connection
    Closed,            // the peer closed it in good order
    Timeout,           // no answer within --connect-timeout-ms
    PingTimeout,       // no PINGRESP within --ping-timeout-ms
    Unreachable,       // no route, or a host that does not answer
    NoAddress,         // no free source port: more addresses by --ifaddr
    OutOfFiles,        // descriptor table full
    ConnackRefused,    // the broker said no; by reason code in `connack_codes`
    SubackRefused,     // the broker refused the subscription
    QosNotSupported,   // MQTT 5: the broker grants less than --qos
    TakenOver,         // MQTT 5: the broker gave the session to another connection (0x8E)
    Storm,             // ours: --storm
    Churn,             // ours: --churn
    DisconnectPacket,  // MQTT 5: the broker said goodbye
    Protocol,          // the broker sent what MQTT does not allow
    NotTls,            // the peer answered a ClientHello with something else
    HandshakeCut,      // the peer ended the connection within the TLS handshake, without a word
    TlsTimeout,        // the TLS handshake took longer than --connect-timeout-ms
    TlsVersion,        // no TLS version in common
    TlsCipher,         // no cipher suite, group or signature algorithm in common
    UnknownCa,         // the broker's certificate is of no CA that we know
    Expired,           // the broker's certificate, or one of its chain
    NotYetValid,       // the same
    WrongName,         // the broker's certificate is for another name
    BadCertificate,    // any other fault of it
    TlsAlert,          // the broker refused; by the alert's name in `tls_alerts`
    BadRecord,         // what came does not decrypt
    Truncated,         // the broker's end came without close_notify
    TlsError,          // any other fault of TLS
    Other,
    kCount,
};

Cause cause_of(const Error& error);
// REQUIRES: there was a failure.
Cause cause_of(tls::Failure failure);

// The word in reports: "refused", "ping_timeout".
std::string_view word(Cause cause);
// What the user can do about it; empty where there is nothing to say.
std::string_view advice(Cause cause);

}  // namespace jumpgate::load
