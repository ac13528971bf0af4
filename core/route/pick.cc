// The choice in two steps. Jump and accept: attempt k draws a node by jump hash and accepts it with
// probability weight / weight_max (rejection sampling). Where 64 draws find nobody (few nodes live,
// or one is far heavier than the rest), weighted rendezvous looks at every live node.
// Both draw from the key alone: a change of one weight cannot move a key between two other nodes.
#include "core/route/pick.h"

#include <algorithm>
#include <bit>

#include "core/base/check.h"
#include "core/route/jump_hash.h"

namespace jumpgate {

namespace {

__extension__ using Product = unsigned __int128;  // of two 64-bit numbers

constexpr uint64_t kAcceptDraw = 0xacce97;      // any two numbers above kPickAttempts: they keep
constexpr uint64_t kRendezvousDraw = 0x4e7de5;  // the three kinds of draw apart

// Whether a uniform 64-bit `draw` falls below weight / weight_max, by its upper 32 bits. Products
// stay under 2^52, exactly: only the proportion of the weights counts, not their unit.
bool accepts(uint64_t draw, uint32_t weight, uint32_t weight_max) {
    return (draw >> 32) * weight_max < static_cast<uint64_t>(weight) << 32;
}

// -log2(draw / 2^64) in units of 2^-32, at least 1. One bit per squaring: libm's log may differ in
// its last bit between machines, and replicas must not.
uint64_t negative_log2(uint64_t draw) {
    draw |= 1;  // no zero
    const int zeros = std::countl_zero(draw);
    uint64_t mantissa = draw << zeros;  // in [1, 2), 63 fraction bits
    uint64_t fraction = 0;
    for (int bit = 0; bit < 32; ++bit) {
        // Squared, [1, 4) with 62 fraction bits: log2's next bit is whether it reached 2.
        mantissa = static_cast<uint64_t>((static_cast<Product>(mantissa) * mantissa) >> 64);
        const uint64_t reached_two = mantissa >> 63;
        mantissa <<= 1 - reached_two;
        fraction = fraction << 1 | reached_two;
    }
    return (static_cast<uint64_t>(zeros + 1) << 32) - fraction;
}

// The live node with the least exponential draw of rate `weight`; each wins with probability
// weight / sum of weights. Schindelhauer and Schomaker, "Weighted Distributed Hash Tables", SPAA
// 2005: the logarithmic method. uniform_of(i): the 64-bit number that `hash` and node i have
// together, independent of all others.
template <class UniformOf>
std::optional<uint16_t> rendezvous(std::span<const uint32_t> weights, UniformOf uniform_of) {
    std::optional<uint16_t> best;
    uint64_t best_draw = 0;
    uint64_t best_weight = 1;
    for (size_t i = 0; i < weights.size(); ++i) {
        if (weights[i] == 0) continue;
        const uint64_t uniform = uniform_of(i);
        // Is draw / weight < best_draw / best_weight? Draws stay under 2^39, weights under 2^20.
        const auto loses = [&](uint64_t draw) {
            return best && draw * best_weight >= best_draw * weights[i];
        };
        if (loses(~uniform >> 32)) continue;  // -log2(x) >= 1 - x: spares nearly all logarithms
        const uint64_t draw = negative_log2(uniform);
        if (loses(draw)) continue;
        best = static_cast<uint16_t>(i);
        best_draw = draw;
        best_weight = weights[i];
    }
    return best;
}

}  // namespace

std::optional<Drawn> draw(uint64_t hash, std::span<const uint32_t> weights, uint32_t weight_max) {
    const auto nodes = static_cast<uint32_t>(weights.size());
    CHECK(weights.size() <= kNodesMax && weight_max <= kEffectiveWeightMax);
    if (nodes == 0 || weight_max == 0) return std::nullopt;
    for (uint32_t attempt = 0; attempt < kPickAttempts; ++attempt) {
        const uint64_t draw = mix(hash, attempt);
        const uint32_t node = jump_hash(draw, nodes);
        const uint32_t weight = weights[node];
        CHECK(weight <= weight_max);
        // The heaviest node always accepts: no second draw for fleets of equal weight.
        if (weight == weight_max || accepts(mix(draw, kAcceptDraw), weight, weight_max))
            return Drawn{static_cast<uint16_t>(node), attempt + 1};
    }
    const uint64_t base = mix(hash, kRendezvousDraw);
    const auto best = rendezvous(weights, [base](size_t i) { return mix(base, i); });
    if (!best) return std::nullopt;
    return Drawn{*best, kPickAttempts + 1};
}

std::optional<uint16_t> pick(uint64_t hash, std::span<const uint32_t> weights,
                             uint32_t weight_max) {
    const std::optional<Drawn> drawn = draw(hash, weights, weight_max);
    if (!drawn) return std::nullopt;
    return drawn->node;
}

std::optional<uint16_t> pick_by_name(uint64_t hash, std::span<const uint32_t> weights,
                                     std::span<const uint64_t> names) {
    CHECK(weights.size() == names.size() && weights.size() <= kNodesMax);
    const uint64_t base = mix(hash, kRendezvousDraw);
    return rendezvous(weights, [&](size_t i) { return mix(base ^ names[i], 0); });
}

}  // namespace jumpgate
