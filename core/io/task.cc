#include "core/io/task.h"

#include <new>

namespace jumpgate {

static thread_local size_t frames_alive = 0;

size_t live_frames() { return frames_alive; }

void* FrameCount::operator new(size_t bytes) {
    ++frames_alive;
    return ::operator new(bytes);
}

void FrameCount::operator delete(void* frame, size_t bytes) noexcept {
    --frames_alive;
    ::operator delete(frame, bytes);
}

}  // namespace jumpgate
