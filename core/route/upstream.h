// Upstream: an ordered list of brokers, and the choice among them.
//
// Law: the choice is a pure function of (hash, ordered list, effective weights): no clock, no
// memory of earlier choices, no allocation; replicas with equal lists agree without talking. A node
// keeps its place while it is down or drained, so that only its own clients move, and they move
// back. Does not know who is down: the caller passes weights, 0 for a node that shall get no
// client.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace jumpgate {

// Words of an upstream's `type` and `hash`.
enum class Balance : uint8_t { ConsistentHash, RoundRobin, LeastConnections };
enum class HashMethod : uint8_t { Jump, Rendezvous };

struct Node {
    std::string name;      // "host:port"
    uint32_t weight = 1;   // 0 to kWeightMax, relative to the other nodes; 0: drained
    int32_t priority = 0;  // nodes of a lower one serve only while no higher one can
    uint16_t slot = 0;     // where the process counts this broker (core/proxy/broker_board.h)
};

inline constexpr uint32_t kWeightMax = 1'000;
inline constexpr uint32_t kNodesMax = 4'096;
// Draws before the choice falls back to rendezvous; a live share of 1/16 misses 1.6 % of the time.
inline constexpr uint32_t kPickAttempts = 64;

// The index of the node for `hash`, or none where every weight is 0. Each node gets keys in
// proportion to weights[i]; lowering weights[i] moves only keys of node i, raising it takes keys
// only towards node i, in whatever order such changes happen. Growing the list by one node as heavy
// as `weight_max` moves 1 / (n + 1) of the keys, all to it, where the others are as heavy.
//
// weights[i]: effective weight, 0 (down, drained) to weight_max; slow start is a growing weight.
// weight_max: the largest configured weight, whoever is down: if it followed failures, every key
// would move. CHECK: at most kNodesMax weights, none above weight_max.
//
// To dial again elsewhere, pick again with the failed node's weight set to 0. For a client without
// a key (empty client id) pass a random number as hash.
//
// Cost: O(ln n) where most weights are near weight_max, O(n) for the rendezvous that serves the
// rest.
std::optional<uint16_t> pick(uint64_t hash, std::span<const uint32_t> weights, uint32_t weight_max);

class Upstream {
  public:
    Upstream() = default;
    // CHECK: at most kNodesMax nodes, weights at most kWeightMax.
    explicit Upstream(std::vector<Node> nodes);

    std::span<const Node> nodes() const { return nodes_; }
    size_t size() const { return nodes_.size(); }
    // The configured weights in list order: what to pass where nothing is down.
    std::span<const uint32_t> weights() const { return weights_; }
    uint32_t weight_max() const { return weight_max_; }

    // As pick() above. CHECK: effective_weights.size() == size().
    std::optional<uint16_t> pick(uint64_t hash, std::span<const uint32_t> effective_weights) const;

  private:
    std::vector<Node> nodes_;
    std::vector<uint32_t> weights_;
    uint32_t weight_max_ = 0;
};

}  // namespace jumpgate
