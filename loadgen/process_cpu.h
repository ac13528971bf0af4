// ProcessCpu: the CPU time that a process and all that it started have used.
//
// Law: read from proc(5), in the kernel's clock ticks (10 ms as a rule); threads and io_uring's
// workers are in it, since the kernel accounts for them with the process. Children that have ended
// count where their parent waited for them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

namespace jumpgate::load {

// Nothing: there is no such process.
std::optional<uint64_t> tree_cpu_us(pid_t pid);

}  // namespace jumpgate::load
