// Variable Byte Integer: seven bits a byte, lowest first, bit 7 says that more follow
// (MQTT 3.1.1: 2.2.3; MQTT 5: 1.5.5).
//
// Law: a value cut short is NeedMore, never Malformed; a fourth byte with bit 7 set is Malformed.
// Padded values (80 00 for 0) are Ok: 3.1.1 allows them, 5 forbids them, so the caller asks
// minimal().
#pragma once

#include <cstddef>
#include <cstdint>

#include "mqtt/bytes.h"

namespace jumpgate::mqtt {

inline constexpr uint32_t kVarintMax = 268'435'455;
inline constexpr size_t kVarintSizeMax = 4;

enum class VarintStatus : uint8_t { Ok, NeedMore, Malformed };

// Bytes that the shortest form of `value` takes, 1 to 4; `value` is at most kVarintMax.
constexpr size_t varint_size(uint32_t value) {
    return value < 128 ? 1 : value < 16'384 ? 2 : value < 2'097'152 ? 3 : 4;
}

struct Varint {
    VarintStatus status = VarintStatus::NeedMore;
    uint8_t size = 0;  // bytes taken; 0 unless Ok
    uint32_t value = 0;

    constexpr bool minimal() const { return size == varint_size(value); }
};

constexpr Varint read_varint(Bytes in) {
    uint32_t value = 0;
    for (size_t i = 0; i < kVarintSizeMax; ++i) {
        if (i == in.size()) return {};
        value |= static_cast<uint32_t>(in[i] & 0x7F) << (7 * i);
        if (in[i] < 0x80) return {VarintStatus::Ok, static_cast<uint8_t>(i + 1), value};
    }
    return {VarintStatus::Malformed, 0, 0};
}

// Writes the shortest form to `out`, which has room for varint_size(value); returns that size.
constexpr size_t write_varint(uint8_t* out, uint32_t value) {
    size_t size = 0;
    while (value >= 128) {
        out[size++] = static_cast<uint8_t>(value | 0x80);
        value >>= 7;
    }
    out[size++] = static_cast<uint8_t>(value);
    return size;
}

}  // namespace jumpgate::mqtt
