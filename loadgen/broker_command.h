// `jumpload broker`: embedded MQTT brokers for benchmarks and demonstrations.
#pragma once

namespace jumpgate {

// `argv` is what follows the word `broker`. Returns the exit code: 0 after SIGTERM or SIGINT, 1
// where a broker could not start, 2 for a wrong command line.
int broker_command(int argc, char** argv);

}  // namespace jumpgate
