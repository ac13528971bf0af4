// BufferQueue: received bytes on their way to one socket, as a chain of buffers of a BufferRing.
//
// Law: bytes leave in the order they came; what is in flight (being sent by the kernel) is a prefix
// of the queue and is neither moved nor released until the send completes. Small segments that wait
// behind a send are packed into the last buffer, so a slow peer holds about as many buffers as its
// bytes fill, not one per message.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <span>

#include "core/io/buffer_ring.h"

namespace jumpgate {

class BufferQueue {
  public:
    bool empty() const { return segments_ == 0; }
    uint32_t bytes() const { return bytes_; }
    uint16_t segments() const { return segments_; }
    uint16_t in_flight() const { return in_flight_; }
    uint32_t in_flight_bytes(BufferRing& ring) const;

    // Takes over the buffer `id` with `length` received bytes, at least one.
    void push(BufferRing& ring, uint16_t id, uint32_t length);

    // Lists the queue's first segments as iovecs and marks them as in flight; returns how many.
    unsigned gather(BufferRing& ring, std::span<iovec> out);
    // `sent` bytes of what is in flight are gone; the rest is in flight no longer.
    void sent(BufferRing& ring, uint32_t sent);
    // Copies all bytes out (REQUIRES: nothing in flight) and releases the buffers.
    void copy_out(BufferRing& ring, uint8_t* to);
    void clear(BufferRing& ring);

  private:
    uint32_t bytes_ = 0;
    uint16_t head_ = 0;
    uint16_t tail_ = 0;
    uint16_t segments_ = 0;
    uint16_t in_flight_ = 0;
};
static_assert(sizeof(BufferQueue) == 12);

}  // namespace jumpgate
