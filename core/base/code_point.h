// take_code_point: one character of UTF-8 after another, from bytes that may hold anything.
//
// Law: what is not well-formed (Unicode 15 table 3-7) becomes U+FFFD, byte by byte, so that JSON
// and log lines made of it are well-formed.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace jumpgate {

inline constexpr uint32_t kNoCodePoint = 0xFFFD;

// The code point at the front of `text`, which is not empty and is moved behind it.
constexpr uint32_t take_code_point(std::string_view& text) {
    constexpr std::array<uint32_t, 4> kLeast{0, 0x80, 0x800, 0x10000};  // less is overlong
    const auto first = static_cast<unsigned char>(text[0]);
    text.remove_prefix(1);
    if (first < 0x80) return first;
    const unsigned extra = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : first >= 0xC0 ? 1 : 0;
    if (extra == 0 || first >= 0xF8 || text.size() < extra) return kNoCodePoint;
    uint32_t point = first & (0x3FU >> extra);
    for (unsigned i = 0; i < extra; ++i) {
        const auto next = static_cast<unsigned char>(text[i]);
        if ((next & 0xC0U) != 0x80) return kNoCodePoint;
        point = point << 6U | (next & 0x3FU);
    }
    const bool surrogate = point >= 0xD800 && point < 0xE000;
    if (point < kLeast[extra] || point > 0x10FFFF || surrogate) return kNoCodePoint;
    text.remove_prefix(extra);
    return point;
}

// `text` with U+FFFD for each byte that is no UTF-8.
inline std::string well_formed(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const std::string_view at = text;
        const uint32_t point = take_code_point(text);
        if (point == kNoCodePoint) {
            out += "\xef\xbf\xbd";
        } else {
            out += at.substr(0, at.size() - text.size());
        }
    }
    return out;
}

}  // namespace jumpgate
