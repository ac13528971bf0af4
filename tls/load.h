// Load: certificates, keys, CAs and CRLs into a wolfSSL context, with problems in plain words.
//
// Law: everything is checked now that can be: what passes here does not fail at the first client.
// A problem names the label of the text (a file, as a rule), never a secret.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "tls/context.h"
#include "tls/library.h"

namespace jumpgate::tls {

// Blocks of `text` between BEGIN and END lines whose label ends with `type`, with these lines.
std::vector<std::string_view> pem_blocks(std::string_view text, std::string_view type);

// The first certificate of `pem` in DER; empty where there is none.
std::vector<uint8_t> first_certificate(const Pem& pem);

enum class Side : uint8_t { Server, Client };
// What both sides are told alike.
struct Rules {
    Side side;
    Version min_version;
    Version max_version;
    std::string_view ciphers;
    std::string_view curves;
};
std::variant<WolfContext, Problem> make_wolf_context(const Rules& rules);

// Each returns what is wrong, or nothing.
std::optional<Problem> load_pair(WOLFSSL_CTX* context, const Pair& pair);
std::optional<Problem> load_authorities(WOLFSSL_CTX* context, const Pem& ca);
// REQUIRES: the CAs are loaded. Switches on the check of leaves; that of the intermediate CAs which
// a peer shows is chain.h's. A CA of `ca` that is itself on a list is taken out again.
std::optional<Problem> load_revocations(WOLFSSL_CTX* context, const Pem& crl, const Pem& ca);

}  // namespace jumpgate::tls
