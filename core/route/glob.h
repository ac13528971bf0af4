// glob: patterns as a shell has them, for texts that clients write.
//
// Law: no recursion and no exponential backtracking: at most one step per pair of (character of the
// text, character of the longest run between two '*'). A character is one of UTF-8; a byte that
// begins none counts as one.
#pragma once

#include <cstdint>
#include <string_view>

namespace jumpgate {

// Whether `pattern` matches the whole `text`: '*' any run, '?' one character, '\' takes the next
// literally. `steps`: where given, raised by the characters that were compared.
bool glob_matches(std::string_view pattern, std::string_view text, uint64_t* steps = nullptr);

// Characters of `pattern` that stand for themselves.
uint32_t glob_literals(std::string_view pattern);

}  // namespace jumpgate
