// Metrics: one reading of the process for Prometheus.
//
// Law: base units, `_total` on counters, every value of a fixed label said even where it is 0, but
// for CONNACK codes: those that came, of each broker. Client ids are never labels: there is no
// limit to them. docs/admin-api.md lists the names.
#pragma once

#include <string>

#include "core/proxy/control.h"

namespace jumpgate {

std::string metrics_text(const Watch& watch);

}  // namespace jumpgate
