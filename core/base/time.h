// Time: nanoseconds of CLOCK_MONOTONIC, as plain integers with the unit in the name.
//
// Does not read the wall clock; log lines do that for themselves.
#pragma once

#include <cstdint>
#include <ctime>

namespace jumpgate {

inline constexpr uint64_t kNanosPerMicro = 1'000;
inline constexpr uint64_t kNanosPerMilli = 1'000'000;
inline constexpr uint64_t kNanosPerSecond = 1'000'000'000;

// CLOCK_MONOTONIC: comparable between threads and processes of one host, blind to clock changes.
inline uint64_t monotonic_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<uint64_t>(now.tv_sec) * kNanosPerSecond + static_cast<uint64_t>(now.tv_nsec);
}

// CPU time of the calling thread.
inline uint64_t thread_cpu_ns() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<uint64_t>(now.tv_sec) * kNanosPerSecond + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace jumpgate
