// Message: the sixteen bytes at the head of every payload that jumpload sends.
//
// u32 publisher, u32 sequence number, u64 CLOCK_MONOTONIC ns of the actual send; little endian. The
// planned time needs no bytes: it follows from publisher and sequence number (schedule.h). Sixteen,
// because the standard scenarios send no more.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>

#include "core/base/check.h"

namespace jumpgate::load {

inline constexpr uint32_t kMessageHeaderBytes = 16;

struct MessageHeader {
    uint32_t publisher = 0;
    uint32_t sequence = 0;
    uint64_t sent_ns = 0;
};
static_assert(sizeof(MessageHeader) == kMessageHeaderBytes);

// `payload` is at least kMessageHeaderBytes long. Both ends run on one kind of machine (the clock
// already demands one host), so the struct is copied as it lies.
inline void write_header(std::span<uint8_t> payload, const MessageHeader& header) {
    CHECK(payload.size() >= kMessageHeaderBytes);
    std::memcpy(payload.data(), &header, kMessageHeaderBytes);
}
inline MessageHeader read_header(std::span<const uint8_t> payload) {
    CHECK(payload.size() >= kMessageHeaderBytes);
    MessageHeader header;
    std::memcpy(&header, payload.data(), kMessageHeaderBytes);
    return header;
}

}  // namespace jumpgate::load
