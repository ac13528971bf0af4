// Jump consistent hash, and the mixer that gives one key many independent hashes.
//
// Law: pure integer and exact IEEE arithmetic, so every CPU and every release answers the same; the
// vectors in tests/route/jump_hash_test.cc may never change. jumpload uses it to predict routes.
#pragma once

#include <cstdint>

namespace jumpgate {

// The bucket of `hash` among `buckets`, 0 to buckets - 1. Going from n to n + 1 buckets moves
// 1 / (n + 1) of all hashes, and each of them to the new bucket. O(ln buckets).
// CHECK: 1 <= buckets <= 2^31 - 1.
// Lamping and Veach, "A Fast, Minimal Memory, Consistent Hash Algorithm", arXiv 1406.2294.
uint32_t jump_hash(uint64_t hash, uint32_t buckets);

// The `attempt`-th hash derived from `hash`: position `attempt` of the SplitMix64 sequence that
// `hash` seeds. A bijection in `hash` for each attempt.
// Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014, figure 16;
// the constants are Stafford's "Mix13".
constexpr uint64_t mix(uint64_t hash, uint64_t attempt) {
    uint64_t z = hash + (attempt + 1) * 0x9e37'79b9'7f4a'7c15u;  // 2^64 / golden ratio
    z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9u;
    z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11ebu;
    return z ^ (z >> 31);
}

}  // namespace jumpgate
