// What a shell may offer for the value of a flag; the same for every shell.
//
// Law: only what surely is right: the words of a choice, the numbers of a short range, names of
// files and folders. For a host, a rate, a topic nothing is offered.
#pragma once

#include <string>
#include <vector>

#include "core/base/manual.h"

namespace jumpgate {

struct Offer {
    std::vector<std::string> words;
    bool files = false;
    bool folders = false;
};

inline Offer offer_of(const Flag& flag) {
    constexpr uint64_t kShortRange = 10;
    Offer offer{flag.words, flag.metavar.find("FILE") != std::string::npos,
                flag.metavar.find("DIR") != std::string::npos};
    if (flag.kind == FlagKind::Number && flag.max - flag.min < kShortRange)
        for (uint64_t i = 0; i <= flag.max - flag.min; ++i)
            offer.words.push_back(std::to_string(flag.min + i));
    return offer;
}

// Whether to offer --no-NAME, too.
inline bool is_negatable(const Manual& manual, const Flag& flag) {
    return manual.has_other_sources && flag.kind == FlagKind::Switch && !flag.mode;
}

}  // namespace jumpgate
