// What a parser says where it has no packet to give: not all here yet, or wrong.
#pragma once

#include <cstddef>

#include "mqtt/reason.h"

namespace jumpgate::mqtt {

// Protocol levels (3.1.2.2), without a bridge's bit 7.
inline constexpr uint8_t kLevelV31 = 3;   // "MQIsdp"
inline constexpr uint8_t kLevelV311 = 4;  // "MQTT"
inline constexpr uint8_t kLevelV5 = 5;    // "MQTT"

struct NeedMore {
    size_t total = 0;   // bytes of the whole packet; 0 until the length has arrived
    uint8_t level = 0;  // CONNECT: 3, 4, 5 once the level has arrived, so that a refusal can answer
};

// `level` and `answer` are set for a CONNECT only.
struct Invalid {
    ReasonCode reason = ReasonCode::MalformedPacket;
    std::string_view text{};  // what is wrong and by which rule; lives for ever, quotes no input
    uint8_t level = 0;        // protocol level to answer in: 3, 4, 5; 0 where it is not known
    bool answer = false;      // a CONNACK is due before the close; else close without a word
};

}  // namespace jumpgate::mqtt
