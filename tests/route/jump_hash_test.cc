#include "core/route/jump_hash.h"

#include <gtest/gtest.h>

#include <vector>

#include "core/base/rng.h"

namespace jumpgate {
namespace {

// The last six are the vectors that Guava's Hashing.consistentHash pins: other implementations of
// the paper agree with this one.
TEST(JumpHash, KeepsItsPinnedVectors) {
    struct Vector {
        uint64_t hash;
        uint32_t buckets;
        uint32_t bucket;
    };
    const Vector vectors[] = {
        {0, 1, 0},
        {0, 0x7fffffff, 0},
        {1, 2, 0},
        {1, 10, 6},
        {1, 1024, 549},
        {1, 4096, 2323},
        {1, 0x7fffffff, 262355607},
        {0xdeadbeef, 2, 1},
        {0xdeadbeef, 10, 5},
        {0xdeadbeef, 1024, 285},
        {0xffffffffffffffff, 2, 1},
        {0xffffffffffffffff, 10, 9},
        {0xffffffffffffffff, 1024, 313},
        {0xffffffffffffffff, 0x7fffffff, 699554662},
        {10863919174838991, 11, 6},
        {2016238256797177309, 11, 3},
        {1673758223894951030, 11, 5},
        {2, 100001, 80343},
        {2201, 100001, 22152},
        {2202, 100001, 15018},
    };
    for (const Vector& v : vectors)
        EXPECT_EQ(jump_hash(v.hash, v.buckets), v.bucket) << v.hash << " among " << v.buckets;
}

TEST(JumpHash, MovesAHashOnlyToTheNewBucket) {
    Rng rng(1);
    for (int i = 0; i < 2'000; ++i) {
        const uint64_t hash = rng.next();
        uint32_t before = jump_hash(hash, 1);
        ASSERT_EQ(before, 0u);
        for (uint32_t buckets = 2; buckets <= 200; ++buckets) {
            const uint32_t after = jump_hash(hash, buckets);
            ASSERT_TRUE(after == before || after == buckets - 1) << hash << " at " << buckets;
            before = after;
        }
    }
}

TEST(JumpHash, FillsBucketsEvenly) {
    constexpr uint32_t kBuckets = 17;
    constexpr int kHashes = 170'000;
    Rng rng(2);
    std::vector<int> count(kBuckets);
    for (int i = 0; i < kHashes; ++i) ++count[jump_hash(rng.next(), kBuckets)];
    double chi_square = 0;  // 16 degrees of freedom: 45.1 is exceeded once in 7,000 seeds
    for (const int n : count) chi_square += (n - 10'000.0) * (n - 10'000.0) / 10'000.0;
    EXPECT_LT(chi_square, 45.1);
}

TEST(JumpHashDeathTest, RefusesNoBuckets) {
    EXPECT_DEATH(jump_hash(1, 0), "broken invariant");
    EXPECT_DEATH(jump_hash(1, 0x80000000), "broken invariant");
}

TEST(Mix, IsTheSplitMix64Sequence) {
    // The sequence that SplitMix64's published implementation gives for seed 1234567, and for 0.
    EXPECT_EQ(mix(1234567, 0), 6457827717110365317u);
    EXPECT_EQ(mix(1234567, 1), 3203168211198807973u);
    EXPECT_EQ(mix(0, 0), 0xe220a8397b1dcdafu);
    EXPECT_EQ(mix(0, 63), 0xe255b237b8bb18fbu);
    EXPECT_EQ(mix(0xffffffffffffffff, 63), 0xf63b7b9046fea981u);
}

// Each input bit flips half of the output bits on average: attempts are independent.
TEST(Mix, SpreadsEveryInputBit) {
    Rng rng(3);
    for (int bit = 0; bit < 64; ++bit) {
        int flipped = 0;
        for (int i = 0; i < 1'000; ++i) {
            const uint64_t hash = rng.next();
            flipped += __builtin_popcountll(mix(hash, 0) ^ mix(hash ^ (uint64_t{1} << bit), 0));
        }
        EXPECT_NEAR(flipped / 1'000.0, 32, 1) << "bit " << bit;
    }
}

}  // namespace
}  // namespace jumpgate
