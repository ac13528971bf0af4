// Threads and processors: binding a thread to a CPU.
#pragma once

namespace jumpgate {

// Binds the calling thread to the `index`-th CPU that it may run on (modulo their number; the
// affinity mask is asked, so cpusets of containers count). False: refused.
bool pin_to_cpu(unsigned index);

}  // namespace jumpgate
