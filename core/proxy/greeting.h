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
    // Frees the receive buffer before more is received: the rest will not fit behind it.
    void keep(BufferRing& buffers);
    std::span<const uint8_t> bytes(BufferRing& buffers) const;
    // Gives all memory back.
    void clear(BufferRing& buffers);

  private:
    uint16_t buffer_ = BufferRing::kNone;
    uint32_t buffer_length_ = 0;
    std::vector<uint8_t> heap_;
};

}  // namespace jumpgate
