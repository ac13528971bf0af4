#include "core/route/hash_key.h"

// Inlined: a call through libxxhash's dispatch costs more than the hash of a short client id.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace jumpgate {

std::string_view text(HashKey key) {
    switch (key) {
        case HashKey::ClientId:
            return "client_id";
        case HashKey::Username:
            return "username";
        case HashKey::RemoteAddr:
            return "remote_addr";
        case HashKey::CertCn:
            return "cert_cn";
    }
    return "unknown";
}

std::string_view routed_part(std::string_view key, std::optional<char> prefix_until) {
    if (!prefix_until) return key;
    return key.substr(0, key.find(*prefix_until));  // npos: the whole key
}

uint64_t hash_of(std::string_view key, std::optional<char> prefix_until) {
    const std::string_view part = routed_part(key, prefix_until);
    return XXH3_64bits(part.data(), part.size());
}

}  // namespace jumpgate
