#include "core/route/glob.h"

#include <algorithm>
#include <optional>

namespace jumpgate {

namespace {

// Bytes of the character at the start of `text`, which is not empty. RFC 3629 section 3.
size_t character_length(std::string_view text) {
    const auto lead = static_cast<uint8_t>(text[0]);
    const size_t promised = lead >= 0xf0 && lead <= 0xf4  ? 4
                            : lead >= 0xe0 && lead < 0xf0 ? 3
                            : lead >= 0xc2 && lead < 0xe0 ? 2
                                                          : 1;
    for (size_t i = 1; i < promised; ++i) {
        if (i >= text.size() || (static_cast<uint8_t>(text[i]) & 0xc0) != 0x80) return 1;
    }
    return promised;
}

// The pattern's next element and the text's next character, if the one stands for the other: takes
// both off.
bool take(std::string_view& pattern, std::string_view& text) {
    if (pattern[0] == '?') {
        text.remove_prefix(character_length(text));
        pattern.remove_prefix(1);
        return true;
    }
    const size_t at = pattern[0] == '\\' && pattern.size() > 1 ? 1 : 0;
    if (pattern[at] != text[0]) return false;
    pattern.remove_prefix(at + 1);
    text.remove_prefix(1);
    return true;
}

}  // namespace

// On a mismatch, only the last '*' takes one character more: what an earlier one could take, the
// last one can take as well.
bool glob_matches(std::string_view pattern, std::string_view text, uint64_t* steps) {
    std::optional<std::string_view> after_star;
    std::string_view star_text;  // where the part after the last '*' was tried
    while (!text.empty() || !pattern.empty()) {
        if (!pattern.empty() && pattern[0] == '*') {
            pattern.remove_prefix(1);
            after_star = pattern;
            star_text = text;
            if (pattern.empty()) return true;
            continue;
        }
        if (steps != nullptr) ++*steps;
        if (!pattern.empty() && !text.empty() && take(pattern, text)) continue;
        if (!after_star || star_text.empty()) return false;
        star_text.remove_prefix(character_length(star_text));
        pattern = *after_star;
        text = star_text;
    }
    return true;
}

uint32_t glob_literals(std::string_view pattern) {
    uint32_t count = 0;
    while (!pattern.empty()) {
        const bool escape = pattern[0] == '\\' && pattern.size() > 1;
        if (escape) pattern.remove_prefix(1);
        if (escape || (pattern[0] != '*' && pattern[0] != '?')) ++count;
        pattern.remove_prefix(character_length(pattern));
    }
    return count;
}

}  // namespace jumpgate
