#include "core/proxy/connack.h"

#include <algorithm>
#include <array>

namespace jumpgate {

static constexpr uint8_t kConnackFirstByte = 0x20;  // type 2, flags 0 (MQTT-3.2.1)
static constexpr uint8_t kReturnCodeMax = 0x05;
static constexpr uint8_t kReasonCodeMin = 0x80;
static constexpr uint8_t kReasonCodeMax = 0x9F;
static constexpr size_t kLengthBytesMax = 4;  // of a variable byte integer (MQTT-1.5.5)

static_assert(static_cast<uint8_t>(Connack::FirstReasonCode) == kReturnCodeMax + 1);
static_assert(static_cast<uint8_t>(Connack::Partial) -
                  static_cast<uint8_t>(Connack::FirstReasonCode) ==
              kReasonCodeMax - kReasonCodeMin + 1);
static_assert(kConnacks == static_cast<size_t>(Connack::None) + 1);

static Connack of_code(uint8_t code) {
    if (code <= kReturnCodeMax) return static_cast<Connack>(code);
    if (code < kReasonCodeMin || code > kReasonCodeMax) return Connack::Other;
    const int behind = code - kReasonCodeMin;
    return static_cast<Connack>(static_cast<int>(Connack::FirstReasonCode) + behind);
}

// Type, remaining length, flags, code: the same place in every version; what follows in MQTT 5 is
// of no interest here.
Connack read_connack(std::span<const uint8_t> first) {
    if (first[0] != kConnackFirstByte) return Connack::Other;
    size_t at = 1;
    while (at < first.size() && at <= kLengthBytesMax && (first[at] & 0x80U) != 0) ++at;
    if (at > kLengthBytesMax) return Connack::Other;
    if (first.size() < at + 3) return Connack::Partial;
    return of_code(first[at + 2]);
}

std::string_view text(Connack connack) {
    static constexpr char kHex[] = "0123456789abcdef";
    static constexpr auto kCodes = [] {
        std::array<std::array<char, 4>, static_cast<size_t>(Connack::Partial)> codes{};
        for (size_t i = 0; i < codes.size(); ++i) {
            const size_t code = i <= kReturnCodeMax ? i : kReasonCodeMin + i - kReturnCodeMax - 1;
            codes[i] = {'0', 'x', kHex[code >> 4U], kHex[code & 0xFU]};
        }
        return codes;
    }();
    switch (connack) {
        case Connack::Success:
            return "success";
        case Connack::Partial:
            return "partial";
        case Connack::Other:
            return "other";
        case Connack::None:
            return "none";
        default:
            return {kCodes[static_cast<size_t>(connack)].data(), kCodes[0].size()};
    }
}

}  // namespace jumpgate
