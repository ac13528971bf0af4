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
    uint32_t publisher = 0;  // publisher_id()
    uint32_t sequence = 0;
    uint64_t sent_ns = 0;
};
static_assert(sizeof(MessageHeader) == kMessageHeaderBytes);

// Differs between the publishers of processes that count from different --startnumbers.
constexpr uint32_t publisher_id(uint64_t start_number, uint32_t publisher) {
    return static_cast<uint32_t>(start_number) + publisher;
}
constexpr uint32_t publisher_of(uint64_t start_number, uint32_t id) {
    return id - static_cast<uint32_t>(start_number);
}

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
