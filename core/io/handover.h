// Handover: says to ThreadSanitizer what the kernel orders and it cannot see: all that a thread did
// before it posted a message comes before all that the receiver does with it.
//
// Law: nothing at all in every other build. Used where messages go between rings, and there only.
#pragma once

#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace jumpgate {

// By the sender, before the kernel has it.
inline void hand_over([[maybe_unused]] void* message) {
#if defined(__SANITIZE_THREAD__)
    __tsan_release(message);
#endif
}

// By the receiver, before it looks at it.
inline void take_over([[maybe_unused]] void* message) {
#if defined(__SANITIZE_THREAD__)
    __tsan_acquire(message);
#endif
}

}  // namespace jumpgate
