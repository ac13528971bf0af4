// Failure: why a handshake or a record failed, in the words a person needs.
//
// Law: one fixed vocabulary; log, statistics and docs use `text`.
#pragma once

#include <cstdint>
#include <string_view>

namespace jumpgate::tls {

enum class Failure : uint8_t {
    None,
    NotTls,              // the bytes are no TLS record
    BadHello,            // a ClientHello that breaks RFC 8446 or is over 16 KiB
    UnsupportedVersion,  // no version in common, or below the minimum
    NoCommonCipher,      // no cipher suite, group or signature algorithm in common
    UnknownServerName,   // strict SNI: no certificate for the name, or no name
    NoCertificate,       // the client sent none and one is required
    UnknownCa,           // the chain ends in no CA of ours
    Expired,             // the certificate, or one of its chain
    NotYetValid,
    Revoked,         // by the CRL
    CrlMissing,      // there is a CRL file but none of the certificate's issuer, or it is stale
    ChainTooLong,    // more intermediates than the depth that is allowed
    WrongName,       // the server's certificate is for another host
    BadCertificate,  // any other fault of a certificate: usage, signature, encoding
    BadRecord,       // a record that does not decrypt, has a wrong type or is too long
    Truncated,       // the stream ended without close_notify (RFC 8446 6.1)
    PeerAlert,       // the peer refused; the alert says why
    Renegotiation,   // TLS 1.2: asked for, never granted
    Internal,        // out of memory, or a fault of ours
};
inline constexpr unsigned kFailures = 20;

// One lower-case word with underscores: "unknown_ca".
std::string_view text(Failure failure);

// What a person needs to know of it, as a C string: "the certificate has expired". Empty for those
// whose details tell more.
const char* explanation(Failure failure);

// The name of an alert as RFC 8446 6.2 writes it: "certificate_required"; "unknown_alert" else.
std::string_view alert_text(uint8_t alert);

}  // namespace jumpgate::tls
