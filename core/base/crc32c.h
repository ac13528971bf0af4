// CRC32c (Castagnoli), the checksum of SCTP, iSCSI and the PROXY protocol (RFC 9260 appendix A).
//
// Law: crc32c(b, crc32c(a)) is the checksum of a and b in a row. For headers of some hundred bytes:
// a table of 1 KiB, no instruction set asked for.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace jumpgate {

inline constexpr std::array<uint32_t, 256> kCrc32cTable = [] {
    constexpr uint32_t kPolynomial = 0x82f6'3b78;  // 0x1edc6f41 with its bits reversed
    std::array<uint32_t, 256> table{};
    for (uint32_t i = 0; i < table.size(); ++i) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
        table[i] = crc;
    }
    return table;
}();

inline uint32_t crc32c(std::span<const uint8_t> bytes, uint32_t before = 0) {
    uint32_t crc = ~before;
    for (const uint8_t byte : bytes) crc = (crc >> 8) ^ kCrc32cTable[(crc ^ byte) & 0xff];
    return ~crc;
}

}  // namespace jumpgate
