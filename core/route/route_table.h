// RouteTable: what a worker reads to find a client's broker. Immutable once built.
//
// Law: the control thread builds a new table for every change and hands over the pointer; nobody
// writes to one that a worker can see. Liveness is not in here: it changes per worker and per
// second.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/route/hash_key.h"
#include "core/route/upstream.h"

namespace jumpgate {

class RouteTable {
  public:
    // The default route: every client goes to `upstream`, placed by `hash_key`.
    RouteTable(Upstream upstream, HashKey hash_key, std::optional<char> hash_key_prefix_until);

    const Upstream& upstream() const { return upstream_; }
    HashKey hash_key() const { return hash_key_; }

    // The hash of a client's key under this table's prefix rule; pass it to upstream().pick().
    uint64_t hash(std::string_view key) const { return hash_of(key, hash_key_prefix_until_); }

    // Equal where two tables route every key alike, on any machine: XXH3-64 of the key rule and of
    // the ordered nodes with their weights. Print it as 16 hexadecimal digits.
    uint64_t fingerprint() const { return fingerprint_; }

  private:
    Upstream upstream_;
    HashKey hash_key_;
    std::optional<char> hash_key_prefix_until_;
    uint64_t fingerprint_;
};

}  // namespace jumpgate
