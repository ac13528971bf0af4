// Identity: who a peer's certificate says it is.
//
// Law: made only from a certificate that was verified, or from a session ticket of ours that such a
// handshake was given. Names are as the certificate has them, in well-formed UTF-8 and without
// control bytes: a certificate with any other name ("a.example\0.evil") identifies nobody. Quotes
// and the like are left: who writes a name to a log escapes it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace jumpgate::tls {

struct Identity {
    std::string common_name;         // subject CN; empty where there is none, or several
    std::vector<std::string> names;  // subjectAltName: DNS, URI, IP as text; e-mail behind them
    std::array<uint8_t, 32> fingerprint{};  // SHA-256 of the certificate (DER)
    uint64_t not_after_s = 0;               // notAfter, Unix time: the last second it holds

    bool operator==(const Identity&) const = default;
};

// Reads a certificate in DER. Nothing where it is none, or has a name that is none, or is followed
// by other bytes. At most 128 names: wolfSSL takes no more.
std::optional<Identity> identify(std::span<const uint8_t> certificate_der);

// For session tickets: the identity as bytes (43 and the names, each with 2 bytes of length), and
// back. Empty where it exceeds `bytes_max`: such a client gets no ticket and handshakes in full.
// `unpack` takes nothing that `pack` would not have written.
std::vector<uint8_t> pack(const Identity& identity, size_t bytes_max);
std::optional<Identity> unpack(std::span<const uint8_t> packed);

}  // namespace jumpgate::tls
