#include "core/base/base64.h"

#include <array>
#include <cstdint>

namespace jumpgate {

namespace {

constexpr std::string_view kLetters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr uint8_t kNoLetter = 64;

constexpr std::array<uint8_t, 256> make_values() {
    std::array<uint8_t, 256> values{};
    for (uint8_t& value : values) value = kNoLetter;
    for (size_t i = 0; i < kLetters.size(); ++i) {
        values[static_cast<uint8_t>(kLetters[i])] = static_cast<uint8_t>(i);
    }
    return values;
}

constexpr std::array<uint8_t, 256> kValues = make_values();

}  // namespace

std::string to_base64(std::string_view bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (size_t at = 0; at < bytes.size(); at += 3) {
        uint32_t group = 0;
        for (size_t i = 0; i < 3; ++i) {
            group = group << 8 | (at + i < bytes.size() ? static_cast<uint8_t>(bytes[at + i]) : 0);
        }
        for (size_t i = 0; i < 4; ++i) {
            const bool padding = at + i > bytes.size();
            text += padding ? '=' : kLetters[group >> (18 - 6 * i) & 63];
        }
    }
    return text;
}

std::optional<std::string> from_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    const size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
    std::string bytes;
    bytes.reserve(text.size() / 4 * 3);
    uint32_t group = 0;
    for (size_t at = 0; at < text.size(); ++at) {
        const bool padded = at >= text.size() - padding;
        const uint8_t value = padded ? 0 : kValues[static_cast<uint8_t>(text[at])];
        if (value == kNoLetter) return std::nullopt;
        group = group << 6 | value;
        if (at % 4 != 3) continue;
        for (const int shift : {16, 8, 0}) bytes += static_cast<char>(group >> shift & 0xFF);
        group = 0;
    }
    for (size_t i = 0; i < padding; ++i) {
        if (bytes.back() != 0) return std::nullopt;  // bits that no byte holds
        bytes.pop_back();
    }
    return bytes;
}

}  // namespace jumpgate
