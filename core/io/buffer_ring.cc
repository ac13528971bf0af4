#include "core/io/buffer_ring.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>

namespace jumpgate {

// Buffers posted at first: 64 x 4 KiB or 4 x 64 KiB stay in the second-level cache.
static uint32_t first_target(uint32_t bytes) { return std::clamp(256U * 1024 / bytes, 4U, 64U); }

// Posted at most: twice what the reactor reaps in one turn. More could only be filled faster than
// anybody looks, and the kernel takes posted buffers in turns: it would touch them all.
static constexpr uint32_t kPostedMax = 512;

BufferRing::BufferRing(Ring& ring, uint16_t group, uint32_t count, uint32_t bytes)
    : ring_(ring),
      group_(group),
      count_(count),
      bytes_(bytes),
      target_(std::min(first_target(bytes), count)),
      segments_(count) {
    free_.reserve(count);
    for (uint32_t id = count; id-- > 0;) free_.push_back(static_cast<uint16_t>(id));
}

Result<std::unique_ptr<BufferRing>> BufferRing::open(Ring& ring, uint16_t group, uint32_t count,
                                                     uint32_t bytes) {
    CHECK(count >= 16 && count <= 32'768 && (count & (count - 1)) == 0);
    std::unique_ptr<BufferRing> buffers(new BufferRing(ring, group, count, bytes));
    int failed = 0;
    buffers->shared_ = io_uring_setup_buf_ring(&ring.raw(), count, group, 0, &failed);
    if (buffers->shared_ == nullptr) return error_from_errno(-failed, Side::Internal);
    // Reserved, not touched: a page costs memory when a receive first lands in it.
    void* memory = mmap(nullptr, static_cast<size_t>(count) * bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return error_from_errno(ENOMEM, Side::Internal);
    buffers->memory_ = static_cast<uint8_t*>(memory);
    buffers->top_up();
    return buffers;
}

BufferRing::~BufferRing() {
    if (shared_ != nullptr) io_uring_free_buf_ring(&ring_.raw(), shared_, count_, group_);
    if (memory_ != nullptr) munmap(memory_, static_cast<size_t>(count_) * bytes_);
}

void BufferRing::top_up() {
    int added = 0;
    while (posted_ < target_ && !free_.empty()) {
        const uint16_t id = free_.back();
        free_.pop_back();
        io_uring_buf_ring_add(shared_, at(id), bytes_, id, io_uring_buf_ring_mask(count_), added);
        ++added;
        ++posted_;
    }
    if (added > 0) io_uring_buf_ring_advance(shared_, added);
}

void BufferRing::taken() {
    CHECK(posted_ > 0);
    --posted_;
    // Half empty: refill in one go.
    if (posted_ * 2 < target_) top_up();
}

void BufferRing::release(uint16_t id) {
    CHECK(free_.size() + posted_ < count_);
    free_.push_back(id);
    if (posted_ * 2 < target_) top_up();
    if (waiters_.empty()) return;
    if (free_.size() + posted_ < std::max(count_ / 8, 1U)) return;
    // All of them: one whose peer has gone takes no buffer, gives none back and would wake nobody.
    // Those that come too late get -ENOBUFS and stand in line again.
    while (posted_ > 0) {
        BufferWaiter* waiter = waiters_.pop_front();
        if (waiter == nullptr) return;
        waiter->ready(*waiter);
    }
}

bool BufferRing::replenish(BufferWaiter& waiter) {
    if (posted_ > 0 && free_.empty()) return true;  // came back while the completion was queued
    if (!free_.empty()) {
        target_ = std::min({target_ * 2, kPostedMax, count_});
        top_up();
        return true;
    }
    exhaustions_++;
    if (!waiter.linked()) waiters_.push_back(waiter);
    return false;
}

}  // namespace jumpgate
