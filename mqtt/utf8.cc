// Eight ASCII bytes a step; anything else goes through Unicode's table of well-formed sequences.
#include "mqtt/utf8.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace jumpgate::mqtt {
namespace {

// True where all eight bytes lie in 0x01..0x7F. With every bit 7 clear, subtracting 1 from each
// byte sets a bit 7 if and only if a byte was 0 (the lowest such byte borrows from nobody).
bool is_plain_ascii(uint64_t word) {
    constexpr uint64_t kHighBits = 0x8080'8080'8080'8080;
    constexpr uint64_t kOnes = 0x0101'0101'0101'0101;
    return ((word | (word - kOnes)) & kHighBits) == 0;
}

bool is_between(uint8_t byte, uint8_t low, uint8_t high) { return byte >= low && byte <= high; }

// Size of the well-formed multi-byte sequence at `at`, 0 where there is none.
// The second byte alone tells overlong forms, surrogates and values above U+10FFFF (table 3-7).
size_t sequence_size(const uint8_t* at, size_t left) {
    const uint8_t lead = at[0];
    if (lead < 0xC2 || lead > 0xF4) return 0;
    const size_t size = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (left < size) return 0;
    const uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    const uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (!is_between(at[1], low, high)) return 0;
    for (size_t i = 2; i < size; ++i)
        if (!is_between(at[i], 0x80, 0xBF)) return 0;
    return size;
}

}  // namespace

bool is_mqtt_string(std::string_view text) {
    const auto* at = reinterpret_cast<const uint8_t*>(text.data());
    size_t left = text.size();
    while (left > 0) {
        uint64_t word = 0;
        if (left >= sizeof word) {
            std::memcpy(&word, at, sizeof word);
            if (is_plain_ascii(word)) {
                at += sizeof word;
                left -= sizeof word;
                continue;
            }
        }
        const size_t size = *at < 0x80 ? (*at != 0) : sequence_size(at, left);
        if (size == 0) return false;
        at += size;
        left -= size;
    }
    return true;
}

}  // namespace jumpgate::mqtt
