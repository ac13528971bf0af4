// The paper's formula: keep jumping to the next bucket count at which the hash would move, and stop
// before the jump that leaves the range.
#include "core/route/jump_hash.h"

#include "core/base/check.h"

namespace jumpgate {

uint32_t jump_hash(uint64_t hash, uint32_t buckets) {
    CHECK(buckets >= 1 && buckets <= 0x7fff'ffff);
    constexpr double kTwoTo31 = 2147483648.0;
    uint64_t state = hash;
    uint64_t bucket = 0;
    for (uint64_t next = 0; next < buckets;) {
        bucket = next;
        state = state * 2'862'933'555'777'941'757u + 1;  // the paper's linear congruential step
        // r is uniform in (0, 1]; from `bucket` the hash next moves at (bucket + 1) / r buckets.
        // One division and one product, nothing to fuse: exact alike with and without FMA.
        const double inverse_r = kTwoTo31 / static_cast<double>((state >> 33) + 1);
        next = static_cast<uint64_t>(static_cast<double>(bucket + 1) * inverse_r);
    }
    return static_cast<uint32_t>(bucket);
}

}  // namespace jumpgate
