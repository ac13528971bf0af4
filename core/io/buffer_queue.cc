#include "core/io/buffer_queue.h"

#include <algorithm>
#include <cstring>

namespace jumpgate {

void BufferQueue::push(BufferRing& ring, uint16_t id, uint32_t length) {
    CHECK(length > 0 && length <= ring.buffer_bytes());  // no send would ever release an empty one
    bytes_ += length;
    if (segments_ > in_flight_) {  // the tail is ours to append to
        Segment& tail = ring.segment(tail_);
        const uint32_t end = tail.offset + tail.length;
        if (ring.buffer_bytes() - end >= length) {
            std::memcpy(ring.at(tail_) + end, ring.at(id), length);
            tail.length += length;
            ring.release(id);
            return;
        }
    }
    ring.segment(id) = {0, length, BufferRing::kNone};
    if (segments_ == 0) {
        head_ = id;
    } else {
        ring.segment(tail_).next = id;
    }
    tail_ = id;
    ++segments_;
}

unsigned BufferQueue::gather(BufferRing& ring, std::span<iovec> out) {
    unsigned count = 0;
    uint16_t id = head_;
    while (count < segments_ && count < out.size()) {
        const Segment& segment = ring.segment(id);
        out[count++] = {ring.at(id) + segment.offset, segment.length};
        id = segment.next;
    }
    in_flight_ = static_cast<uint16_t>(count);
    return count;
}

uint32_t BufferQueue::in_flight_bytes(BufferRing& ring) const {
    uint32_t bytes = 0;
    uint16_t id = head_;
    for (unsigned i = 0; i < in_flight_; ++i) {
        const Segment& segment = ring.segment(id);
        bytes += segment.length;
        id = segment.next;
    }
    return bytes;
}

void BufferQueue::sent(BufferRing& ring, uint32_t sent) {
    CHECK(sent <= bytes_);
    bytes_ -= sent;
    in_flight_ = 0;
    while (sent > 0) {
        Segment& segment = ring.segment(head_);
        if (sent < segment.length) {
            segment.offset += sent;
            segment.length -= sent;
            return;
        }
        sent -= segment.length;
        const uint16_t done = head_;
        head_ = segment.next;
        --segments_;
        ring.release(done);
    }
}

void BufferQueue::copy_out(BufferRing& ring, uint8_t* to) {
    CHECK(in_flight_ == 0);
    uint16_t id = head_;
    for (unsigned i = 0; i < segments_; ++i) {
        const Segment& segment = ring.segment(id);
        std::memcpy(to, ring.at(id) + segment.offset, segment.length);
        to += segment.length;
        id = segment.next;
    }
    clear(ring);
}

void BufferQueue::clear(BufferRing& ring) {
    in_flight_ = 0;
    bytes_ = 0;
    while (segments_ > 0) {
        const uint16_t id = head_;
        head_ = ring.segment(id).next;
        --segments_;
        ring.release(id);
    }
}

}  // namespace jumpgate
