// Upstream: an ordered list of brokers, and the rule by which clients are spread over them.
//
// Law: immutable. A node keeps its place while it is down or drained (pick.h). Nodes of the highest
// priority form the first tier, and so on down: each tier is a list of its own, so that backups
// come and go without moving a client of the nodes above. The choice itself is Chooser's.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/route/hash_key.h"
#include "core/route/pick.h"

namespace jumpgate {

// Words of an upstream's `type` and `hash`.
enum class Balance : uint8_t { ConsistentHash, RoundRobin, LeastConnections };
enum class HashMethod : uint8_t { Jump, Rendezvous };
std::string_view text(Balance balance);    // "chash", "roundrobin", "least_conn"
std::string_view text(HashMethod method);  // "jump", "rendezvous"

struct Node {
    std::string name{};    // "host:port"
    uint32_t weight = 1;   // 0 to kWeightMax, relative to the other nodes; 0: drained
    int32_t priority = 0;  // nodes of a lower one serve only while no higher one can
    uint16_t slot = 0;     // where the process counts this broker (core/proxy/broker_board.h)
};

struct UpstreamRule {
    std::string id{};
    Balance balance = Balance::ConsistentHash;
    HashKey key = HashKey::ClientId;
    std::optional<char> key_prefix_until{};
    HashMethod method = HashMethod::Jump;
    uint32_t balance_factor_percent = 0;  // 0: no bound; else from 101, of a node's mean load
};

// Nodes of one priority, as indices of the upstream's list and in its order.
struct Tier {
    int32_t priority = 0;
    std::vector<uint16_t> nodes{};
    uint32_t weight_max = 0;  // largest configured weight, times kShareFull
};

class Upstream {
  public:
    Upstream() = default;
    // CHECK: at most kNodesMax nodes, weights at most kWeightMax, a balance factor of 0 or above
    // 100: below, some client would find every node full.
    Upstream(UpstreamRule rule, std::vector<Node> nodes);

    const UpstreamRule& rule() const { return rule_; }
    std::span<const Node> nodes() const { return nodes_; }
    size_t size() const { return nodes_.size(); }
    // The effective weights in list order where every node has its full share: weight * kShareFull.
    std::span<const uint32_t> weights() const { return weights_; }
    // The highest priority first; none is empty.
    std::span<const Tier> tiers() const { return tiers_; }
    // One tier, placed by jump hash alone: the index in the list is the index that is drawn.
    bool jumps_only() const { return jumps_only_; }
    // XXH3-64 of each node's name: what HashMethod::Rendezvous knows a node by.
    std::span<const uint64_t> name_hashes() const { return name_hashes_; }

    // The hash of a client's key under this upstream's prefix rule.
    uint64_t hash(std::string_view key) const { return hash_of(key, rule_.key_prefix_until); }

  private:
    UpstreamRule rule_;
    std::vector<Node> nodes_;
    std::vector<uint32_t> weights_;
    std::vector<uint64_t> name_hashes_;
    std::vector<Tier> tiers_;
    bool jumps_only_ = false;
};

}  // namespace jumpgate
