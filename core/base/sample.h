// sample: some members of a list, chosen at random without favour.
#pragma once

#include <cstddef>
#include <vector>

#include "core/base/intrusive_list.h"
#include "core/base/rng.h"

namespace jumpgate {

// Up to `count` of the items that `wanted` takes, each as likely as the others, in one pass:
// Algorithm R (Vitter, "Random Sampling with a Reservoir", ACM TOMS 1985).
template <class T, class Hook, class Wanted>
std::vector<T*> sample(IntrusiveList<T, Hook>& list, size_t count, Rng& rng, Wanted wanted) {
    std::vector<T*> chosen;
    if (count == 0) return chosen;
    size_t seen = 0;
    for (T* item = list.front(); item != nullptr; item = list.after(*item)) {
        if (!wanted(*item)) continue;
        ++seen;
        if (chosen.size() < count) {
            chosen.push_back(item);
        } else if (const uint64_t place = rng.below(seen); place < count) {
            chosen[place] = item;
        }
    }
    return chosen;
}

}  // namespace jumpgate
