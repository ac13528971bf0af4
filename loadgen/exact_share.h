// ExactShare: chooses exactly so many of each so many, at places that a seed decides.
//
// Law: of the first k * of calls of next() exactly k * chosen are true; the seed alone decides
// which. Knuth, The Art of Computer Programming 2, 3.4.2, algorithm S, block after block.
#pragma once

#include <cstdint>

#include "core/base/check.h"
#include "core/base/rng.h"

namespace jumpgate {

class ExactShare {
  public:
    // `chosen` <= `of`; of 0: never.
    ExactShare(uint32_t chosen, uint32_t of, uint64_t seed) : chosen_(chosen), of_(of), rng_(seed) {
        CHECK(chosen <= of);
    }

    bool next() {
        if (of_ == 0) return false;
        if (left_ == 0) {
            left_ = of_;
            due_ = chosen_;
        }
        const bool hit = rng_.below(left_--) < due_;
        if (hit) --due_;
        return hit;
    }

  private:
    uint32_t chosen_;
    uint32_t of_;
    uint32_t left_ = 0;  // of this block
    uint32_t due_ = 0;   // that many of them are chosen yet
    Rng rng_;
};

}  // namespace jumpgate
