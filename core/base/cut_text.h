// cut_text: the first bytes of a text, never half a character.
//
// Law: of UTF-8 it leaves UTF-8, which answers in JSON and log lines must be.
#pragma once

#include <cstddef>
#include <string_view>

namespace jumpgate {

// At most `bytes_max` bytes of `text`, which is cut in front of a character.
constexpr std::string_view cut_text(std::string_view text, size_t bytes_max) {
    if (text.size() <= bytes_max) return text;
    const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80; };
    while (bytes_max > 0 && continues(text[bytes_max])) --bytes_max;
    return text.substr(0, bytes_max);
}

}  // namespace jumpgate
