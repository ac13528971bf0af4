// Rng: a small seeded generator of random numbers, for load, jitter and tests.
//
// Law: a seed gives the same numbers on every machine and in every release. Not for secrets: its
// next numbers can be computed from a few past ones.
#pragma once

#include <bit>
#include <cstdint>

#include "core/base/check.h"

namespace jumpgate {

// xoshiro256** 1.0 by Blackman and Vigna ("Scrambled Linear Pseudorandom Number Generators", ACM
// TOMS 2021), its state filled by SplitMix64 as they advise. Period 2^256 - 1.
class Rng {
  public:
    explicit Rng(uint64_t seed) {
        for (uint64_t& word : state_) {
            seed += 0x9e37'79b9'7f4a'7c15u;
            uint64_t z = seed;
            z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9u;
            z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11ebu;
            word = z ^ (z >> 31);
        }
    }

    // Uniform over all 64-bit numbers.
    uint64_t next() {
        const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
        const uint64_t shifted = state_[1] << 17;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= shifted;
        state_[3] = std::rotl(state_[3], 45);
        return result;
    }

    // Uniform over 0 to n - 1, without bias: draws that fall into the incomplete last stripe are
    // drawn again. Lemire, "Fast Random Integer Generation in an Interval", ACM TOMACS 2019.
    // CHECK: n >= 1.
    uint64_t below(uint64_t n) {
        CHECK(n >= 1);
        Product product = static_cast<Product>(next()) * n;
        if (static_cast<uint64_t>(product) < n) {
            const uint64_t incomplete = (0 - n) % n;  // 2^64 mod n
            while (static_cast<uint64_t>(product) < incomplete)
                product = static_cast<Product>(next()) * n;
        }
        return static_cast<uint64_t>(product >> 64);
    }

    // Uniform over [0, 1), in steps of 2^-53: every value is exact.
    double fraction() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

  private:
    __extension__ using Product = unsigned __int128;

    uint64_t state_[4];
};

}  // namespace jumpgate
