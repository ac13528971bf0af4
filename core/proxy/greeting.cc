#include "core/proxy/greeting.h"

namespace jumpgate {

void Greeting::receive(BufferRing& buffers, uint16_t id, uint32_t length) {
    CHECK(buffer_ == BufferRing::kNone);
    buffer_ = id;
    buffer_length_ = length;
    const bool scarce = buffers.held() * 2 > buffers.count();
    if (!heap_.empty() || scarce) keep(buffers);
}

void Greeting::keep(BufferRing& buffers) {
    if (buffer_ == BufferRing::kNone) return;
    const uint8_t* received = buffers.at(buffer_);
    heap_.insert(heap_.end(), received, received + buffer_length_);
    buffers.release(buffer_);
    buffer_ = BufferRing::kNone;
}

void Greeting::append(BufferRing& buffers, std::span<const uint8_t> more) {
    keep(buffers);
    heap_.insert(heap_.end(), more.begin(), more.end());
}

std::span<const uint8_t> Greeting::bytes(BufferRing& buffers) const {
    std::span<const uint8_t> whole = heap_;
    if (buffer_ != BufferRing::kNone) whole = {buffers.at(buffer_), buffer_length_};
    return whole.subspan(skipped_);
}

void Greeting::take(Greeting& other) {
    CHECK(buffer_ == BufferRing::kNone && heap_.empty());
    std::swap(*this, other);
}

void Greeting::clear(BufferRing& buffers) {
    if (buffer_ != BufferRing::kNone) buffers.release(buffer_);
    buffer_ = BufferRing::kNone;
    heap_ = {};
    skipped_ = 0;
}

}  // namespace jumpgate
