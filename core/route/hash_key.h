// HashKey: which part of a CONNECT names its broker, and the hash of it.
//
// Law: equal keys hash equally in every process, release and CPU: XXH3-64 with seed 0 is frozen
// since xxHash 0.8.0. An empty key has no home: the caller hashes a random number instead
// (upstream.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace jumpgate {

enum class HashKey : uint8_t { ClientId, Username, RemoteAddr, CertCn };

// The words of --hash-key: "client_id", "username", "remote_addr", "cert_cn".
std::string_view text(HashKey key);

struct RouteQuery;

// What of a client is hashed. A client over HTTP that has no such thing is known by its address.
// `room` keeps the text of an address, which the answer may be a view of.
std::string_view key_of(const RouteQuery& client, HashKey key, std::string& room);

// The part of `key` that decides: all before the first `prefix_until`, or the whole key where that
// character is missing or not given. "tenant7/dev12" until '/' is "tenant7".
std::string_view routed_part(std::string_view key, std::optional<char> prefix_until);

// XXH3-64 of routed_part(key, prefix_until).
uint64_t hash_of(std::string_view key, std::optional<char> prefix_until = std::nullopt);

}  // namespace jumpgate
