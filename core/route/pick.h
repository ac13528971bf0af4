// pick: the weighted choice among the places of a list, by a hash.
//
// Law: a pure function of (hash, list of weights): no clock, no memory of earlier choices, no
// allocation; replicas with equal lists agree without talking. A place keeps its number while it
// is down or drained, so that only its own keys move, and they move back. Does not know who is
// down: the caller passes weights, 0 for a place that shall get nobody.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace jumpgate {

inline constexpr uint32_t kNodesMax = 4'096;
inline constexpr uint32_t kWeightMax = 1'000;  // of a configured weight
// Effective weights count in 1 / kShareFull of a weight, so that slow start has fine steps.
inline constexpr uint16_t kShareFull = 1'000;
inline constexpr uint32_t kEffectiveWeightMax = kWeightMax * kShareFull;
// Draws before the choice falls back to rendezvous; a live share of 1/16 misses 1.6 % of the time.
inline constexpr uint32_t kPickAttempts = 64;

struct Drawn {
    uint16_t node = 0;
    uint32_t attempts = 0;  // 1 to kPickAttempts; one more: rendezvous decided
};

// The index of the node for `hash`, or none where every weight is 0. Each node gets keys in
// proportion to weights[i]; lowering weights[i] moves only keys of node i, raising it takes keys
// only towards node i, in whatever order such changes happen. Growing the list by one node as heavy
// as `weight_max` moves 1 / (n + 1) of the keys, all to it, where the others are as heavy.
//
// weights[i]: effective weight, 0 (down, drained) to weight_max, in any unit: only the proportion
// counts. weight_max: the largest configured weight in that unit, whoever is down: if it followed
// failures, every key would move. CHECK: at most kNodesMax weights, none above weight_max, and
// weight_max at most kEffectiveWeightMax.
//
// To dial again elsewhere, pick again with the failed node's weight set to 0. For a client without
// a key (empty client id) pass a random number as hash.
//
// Cost: O(ln n) where most weights are near weight_max, O(n) for the rendezvous that serves the
// rest.
std::optional<Drawn> draw(uint64_t hash, std::span<const uint32_t> weights, uint32_t weight_max);

// The node of draw() alone.
std::optional<uint16_t> pick(uint64_t hash, std::span<const uint32_t> weights, uint32_t weight_max);

// Weighted rendezvous by `names[i]`, a hash of who node i is: shares and movements are as above,
// and the order of the list does not count. A node that is added, removed or gets another weight
// moves only keys to it or from it. O(n). CHECK: as many names as weights, within draw()'s limits.
std::optional<uint16_t> pick_by_name(uint64_t hash, std::span<const uint32_t> weights,
                                     std::span<const uint64_t> names);

}  // namespace jumpgate
