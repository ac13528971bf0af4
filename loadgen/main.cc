// jumpload: plays fleets of MQTT clients, and brokers for them to talk to. commands.h has its
// modes.
#include <algorithm>
#include <span>

#include "loadgen/commands.h"

int main(int argc, char** argv) {
    const std::span<const char* const> all(argv, argv + argc);  // argc 0 is legal for execve(2)
    return jumpgate::load::run_command(all.subspan(std::min<size_t>(all.size(), 1)));
}
