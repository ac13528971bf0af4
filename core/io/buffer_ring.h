// BufferRing: the receive buffers of one worker, shared by all its sockets.
//
// Life of a buffer: free -> posted to the kernel -> filled by a receive (the completion names it)
// -> queued and sent -> released, free again. An idle connection holds none.
// Law: free + posted + held = count. Only a few buffers are posted at a time and the free ones are
// reused last-in first-out, so that a quiet worker touches little memory and stays in cache; an
// empty ring (-ENOBUFS) doubles the number that is posted, up to 512.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/base/intrusive_list.h"
#include "core/base/result.h"
#include "core/io/ring.h"

namespace jumpgate {

// Someone whose receive ended with -ENOBUFS and who wants to be told when there are buffers again.
struct BufferWaiter : Link {
    explicit BufferWaiter(void (*on_ready)(BufferWaiter&)) : ready(on_ready) {}
    void (*ready)(BufferWaiter&);
};

// What a queue of filled buffers needs to know of each (buffer_queue.h).
struct Segment {
    uint32_t offset = 0;
    uint32_t length = 0;
    uint16_t next = 0;
};

class BufferRing {
  public:
    static constexpr uint16_t kNone = 0xFFFF;

    // `count` is a power of two, 16 to 32,768; `bytes` the size of each.
    static Result<std::unique_ptr<BufferRing>> open(Ring& ring, uint16_t group, uint32_t count,
                                                    uint32_t bytes);
    ~BufferRing();
    BufferRing(const BufferRing&) = delete;
    BufferRing& operator=(const BufferRing&) = delete;

    uint16_t group() const { return group_; }
    uint32_t count() const { return count_; }
    uint32_t buffer_bytes() const { return bytes_; }
    // Buffers that hold received bytes: neither free nor posted.
    uint32_t held() const { return count_ - static_cast<uint32_t>(free_.size()) - posted_; }

    // To be called with every completion that has a buffer: it left the kernel's ring.
    void taken();
    uint8_t* at(uint16_t id) { return memory_ + static_cast<size_t>(id) * bytes_; }
    Segment& segment(uint16_t id) { return segments_[id]; }
    void release(uint16_t id);

    // After -ENOBUFS. True: more buffers are posted, arm again at once. False: all are held;
    // `waiter` is told when an eighth of them is back, as are all that wait, in order. It is told
    // from within release(): it may arm a receive, which may find the ring empty again.
    bool replenish(BufferWaiter& waiter);
    // Someone waits for buffers.
    bool starved() const { return !waiters_.empty(); }
    uint64_t exhaustions() const { return exhaustions_; }

  private:
    BufferRing(Ring& ring, uint16_t group, uint32_t count, uint32_t bytes);
    void top_up();

    Ring& ring_;
    uint16_t group_;
    uint32_t count_;
    uint32_t bytes_;
    uint32_t posted_ = 0;
    uint32_t target_;  // how many to keep posted
    uint64_t exhaustions_ = 0;
    uint8_t* memory_ = nullptr;
    io_uring_buf_ring* shared_ = nullptr;
    std::vector<uint16_t> free_;
    std::vector<Segment> segments_;
    IntrusiveList<BufferWaiter> waiters_;
};

}  // namespace jumpgate
