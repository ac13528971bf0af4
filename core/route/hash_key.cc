#include "core/route/hash_key.h"

// Inlined: a call through libxxhash's dispatch costs more than the hash of a short client id.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "core/base/cidr.h"
#include "core/route/route_match.h"

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

static std::string_view field_of(const RouteQuery& client, HashKey key, std::string& room) {
    switch (key) {
        case HashKey::ClientId:
            return client.client_id;
        case HashKey::Username:
            return client.username;
        case HashKey::RemoteAddr:
            room = address_text(client.remote_addr);
            return room;
        case HashKey::CertCn:
            return client.cert_cn;
    }
    return {};
}

std::string_view key_of(const RouteQuery& client, HashKey key, std::string& room) {
    const std::string_view field = field_of(client, key, room);
    if (!field.empty() || client.protocol != Protocol::Http) return field;
    return field_of(client, HashKey::RemoteAddr, room);
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
