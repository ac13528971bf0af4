// Identity: who a peer's certificate says it is.
//
// Law: made only from a certificate that was verified, or from a session ticket of ours that such a
// handshake was given. Text as the certificate has it: who writes it to a log escapes it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace jumpgate::tls {

struct Identity {
    std::string common_name;         // subject CN; empty where there is none
    std::vector<std::string> names;  // subject alternative names: DNS, e-mail, URI, IP as text
    std::array<uint8_t, 32> fingerprint{};  // SHA-256 of the certificate (DER)
    uint64_t not_after_s = 0;               // Unix time from which on it no longer holds

    bool operator==(const Identity&) const = default;
};

// Reads a certificate in DER. Nothing where it is none.
std::optional<Identity> identify(std::span<const uint8_t> certificate_der);

// For session tickets: the identity as bytes, and back. Empty where it exceeds `bytes_max`: such a
// client gets no ticket and handshakes in full.
std::vector<uint8_t> pack(const Identity& identity, size_t bytes_max);
std::optional<Identity> unpack(std::span<const uint8_t> packed);

}  // namespace jumpgate::tls
