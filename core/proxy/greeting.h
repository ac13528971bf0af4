// Greeting: what a client sent before it has a broker: its CONNECT and whatever came with it.
//
// Law: bytes stay in the order they came. A CONNECT that came in one piece stays in the receive
// buffer it came in; only one in several pieces, or one that would hold a scarce buffer for the
// time of a dial, is copied to memory of its own, which grows with what has come, not with what is
// said to come.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/io/buffer_ring.h"

namespace jumpgate {

class Greeting {
  public:
    // Takes over buffer `id` with `length` bytes. Views into bytes() are void afterwards.
    void receive(BufferRing& buffers, uint16_t id, uint32_t length);
    // Bytes that came another way: decrypted ones.
    void append(BufferRing& buffers, std::span<const uint8_t> more);
    // Drops the first `count` bytes: they were no part of it after all (a PROXY header).
    void skip(size_t count) { skipped_ += count; }
    // Frees the receive buffer before more is received: the rest will not fit behind it.
    void keep(BufferRing& buffers);
    std::span<const uint8_t> bytes(BufferRing& buffers) const;
    // Takes over all that `other` has. REQUIRES: nothing is here.
    void take(Greeting& other);
    // Gives all memory back.
    void clear(BufferRing& buffers);

  private:
    uint16_t buffer_ = BufferRing::kNone;
    uint32_t buffer_length_ = 0;
    size_t skipped_ = 0;
    std::vector<uint8_t> heap_;
};

}  // namespace jumpgate
