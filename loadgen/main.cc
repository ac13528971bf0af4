// jumpload: plays fleets of MQTT clients (conn, pub, sub, p2p), and brokers for them to talk to.
#include <fmt/format.h>

#include <cstdio>
#include <span>
#include <string_view>

#include "core/io/signals.h"
#include "loadgen/broker_command.h"
#include "loadgen/fleet.h"
#include "loadgen/options.h"

namespace {

constexpr std::string_view kUsage =
    "Usage: jumpload MODE [FLAGS]\n"
    "\n"
    "  conn    connects clients and holds them\n"
    "  pub     connects clients that publish\n"
    "  sub     connects clients that subscribe\n"
    "  p2p     plays pairs of publisher and subscriber and accounts for every message\n"
    "  broker  plays MQTT brokers, for benchmarks and demonstrations\n"
    "\n"
    "`jumpload MODE --help` explains the flags.\n";

int play(jumpgate::load::Mode mode, std::span<const char* const> arguments) {
    using namespace jumpgate;
    const uint64_t descriptors_max = raise_descriptor_limit();
    const auto parsed = load::parse_options(mode, arguments, descriptors_max);
    if (const FlagsExit* exit = std::get_if<FlagsExit>(&parsed)) {
        fmt::print(exit->to_stderr ? stderr : stdout, "{}", exit->text);
        return exit->exit_code;
    }
    return load::run_fleet(std::get<load::Options>(parsed));
}

}  // namespace

int main(int argc, char** argv) {
    using jumpgate::load::Mode;
    const std::string_view mode = argc > 1 ? argv[1] : "";
    const std::span<const char* const> arguments(argv + (argc > 1 ? 2 : 1), argv + argc);
    for (const Mode known : {Mode::Conn, Mode::Pub, Mode::Sub, Mode::P2p}) {
        if (mode == word(known)) return play(known, arguments);
    }
    if (mode == "broker") return jumpgate::broker_command(argc - 2, argv + 2);
    if (mode == "--help" || mode == "help") {
        fmt::print("{}", kUsage);
        return 0;
    }
    if (mode == "--version") {
        fmt::print("jumpload " JUMPGATE_VERSION "\n");
        return 0;
    }
    fmt::print(stderr,
               "jumpload: {} is no mode; allowed: conn, pub, sub, p2p, broker; --help explains\n",
               mode.empty() ? "(nothing)" : jumpgate::shown(mode));
    return 2;
}
