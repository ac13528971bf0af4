// ProcessMetrics: `process_...`, the names under which Prometheus's dashboards look at any program.
//
// Law: read from proc(5) at each call; what cannot be read is left out. Sockets of clients and
// brokers lie in io_uring's own tables and are no open descriptors here; connections_max limits
// them.
#pragma once

#include <string>

namespace jumpgate {

// `started_s`: Unix time.
std::string process_metrics_text(uint64_t started_s);

}  // namespace jumpgate
