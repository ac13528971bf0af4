// Threads and processors: which CPUs we may use, and binding a thread to one.
#pragma once

namespace jumpgate {

// CPUs this process may run on (affinity mask, so cpusets of containers count); at least 1.
unsigned cpus_allowed();
// Binds the calling thread to the `index`-th allowed CPU (modulo their number). False: refused.
bool pin_to_cpu(unsigned index);

}  // namespace jumpgate
