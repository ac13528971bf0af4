// `jumpload broker`: embedded MQTT brokers for benchmarks and demonstrations.
#pragma once

#include <span>

#include "core/base/flags.h"

namespace jumpgate {

// `arguments` are those behind the word `broker`. Returns the exit code: 0 after SIGTERM or SIGINT,
// 1 where a broker could not start, 2 for a wrong command line.
int broker_command(std::span<const char* const> arguments);

FlagSheet broker_flags();

}  // namespace jumpgate
