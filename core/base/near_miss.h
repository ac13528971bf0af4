// near_miss: the known word that a misspelt one most likely stands for: "did you mean --threads?"
//
// Law: for messages only; nothing is ever done because a word is near another.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace jumpgate {

// The nearest of `known`, where at most half of the longer word differs; of equals the first. Case
// does not count.
std::optional<std::string_view> near_miss(std::string_view word,
                                          std::span<const std::string_view> known);

}  // namespace jumpgate
