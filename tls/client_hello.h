// ClientHello: what can be known of a client before any key exists (RFC 8446 4.1.2).
//
// Law: reads, never trusts: every length is checked against what is there; a hello may be split
// over records and segments anywhere. Not here: ciphers, key shares, what the engine decides.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace jumpgate::tls {

inline constexpr size_t kHelloBytesMax = 16'384;

// Of keys in certificates.
struct KeyTypes {
    bool rsa = false;
    bool ecdsa = false;
    bool ed25519 = false;
};

struct ClientHello {
    std::string server_name;   // SNI host_name in lower case, without a final dot; empty: none sent
    uint16_t version_max = 0;  // the highest offered: 0x0303 is TLS 1.2, 0x0304 is 1.3; 0: none
    std::vector<std::string> alpn;  // in the client's order, at most 64
    KeyTypes checks;                // certificates that it can check, as far as it says
};
struct HelloNeedsMore {};
struct HelloInvalid {
    std::string_view text;  // what is wrong: "the ClientHello is cut short"; static
};

// Judges the first bytes of a client. `bytes` begins with the first byte of the first record; what
// lies behind the hello is not looked at. A hello that is not complete within kHelloBytesMax,
// record headers included, is invalid: so is nearly everything of at most that size, as soon as
// the bytes show it. Names are letters, digits, '-', '.' and '_', at most 253 of them.
std::variant<ClientHello, HelloNeedsMore, HelloInvalid> read_client_hello(
    std::span<const uint8_t> bytes);

// False as soon as `bytes` (one or more) cannot begin a TLS connection.
bool looks_like_tls(std::span<const uint8_t> bytes);

}  // namespace jumpgate::tls
