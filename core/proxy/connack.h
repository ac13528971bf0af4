// Connack: what a broker's first bytes tell its client (MQTT-3.2).
//
// Law: a look at bytes that go on unchanged and at once. What is not all there is `Partial`, for to
// wait for the rest would delay it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace jumpgate {

// Values between the named ones are codes too: 1 to 5 are the return codes of MQTT 3.1 and 3.1.1
// (table 3.1), 6 to 37 the reason codes 0x80 to 0x9F of MQTT 5 (table 2-6).
enum class Connack : uint8_t {
    Success = 0,
    FirstReturnCode = 1,
    FirstReasonCode = 6,
    Partial = 38,  // it came in pieces, and the first one does not hold the code
    Other = 39,    // another packet (AUTH, for one), or a code that no standard names
    None = 40,     // the broker has said nothing
};
inline constexpr size_t kConnacks = 41;

// `first`: what came first, at least one byte. Never None.
Connack read_connack(std::span<const uint8_t> first);

// "success", the code as the standard writes it ("0x05", "0x87"), "partial", "other", "none".
std::string_view text(Connack connack);

}  // namespace jumpgate
