#include "loadgen/broker_command.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <bit>
#include <csignal>
#include <cstdio>
#include <memory>
#include <vector>

#include "core/base/flags.h"
#include "core/base/host_port.h"
#include "core/io/reactor.h"
#include "loadgen/broker_server.h"

namespace jumpgate {

namespace {

constexpr const char* kUsage =
    "jumpload broker --listen ADDR:PORT [--listen ADDR:PORT ...]\n"
    "\n"
    "Embedded MQTT brokers (3.1, 3.1.1 and 5) for benchmarks and demonstrations, not for\n"
    "production: sessions and retained messages are kept in memory only, and nobody is asked for "
    "a\n"
    "password. Each --listen is a broker of its own, on its own thread. The topic\n"
    "$SYS/broker/name and the CONNACK's user property \"broker\" (MQTT 5) tell which one it is.\n";

struct Options {
    std::vector<Address> listen;
    broker::ServerOptions server;
};

// An address without a host listens on all of IPv4. Names are not looked up: a broker for a test
// should listen where it was told to.
Parsed<Address> parse_listen(std::string_view value) {
    const Parsed<HostPort> parsed = parse_host_port(value, 0);
    if (const Problem* problem = std::get_if<Problem>(&parsed)) return *problem;
    const HostPort& target = std::get<HostPort>(parsed);
    const std::string host = target.host.empty() ? "0.0.0.0" : target.host;
    const std::optional<Address> address = Address::parse(host, target.port);
    if (!address) return Problem{"is not an IP address with a port"};
    return *address;
}

void add_rows(FlagTable& flags, Options& options) {
    broker::ServerOptions& server = options.server;
    broker::Limits& limits = server.limits;
    flags.group("Brokers");
    flags.list("listen", options.listen, parse_listen, "ADDR:PORT",
               "an IPv4 or [IPv6] address; port 0 lets the system choose",
               "Start a broker that listens here.");
    flags.number("stats-interval-s", server.stats_interval_s, 0, 86'400, "s",
                 "Print a line of JSON per broker this often; 0: never.");
    flags.group("Limits, of each broker");
    flags.number("connections-max", limits.connections_max, 1, 1'000'000, "",
                 "Connections at once. Cut to the descriptor limit (ulimit -n).");
    flags.number("sessions-max", limits.sessions_max, 1, 100'000'000, "",
                 "Sessions kept, connected or not.");
    flags.number("session-queue-max", limits.session_queue_max, 0, 10'000'000, "",
                 "Messages kept for a client that is away or slow; the oldest are dropped.");
    flags.number("inflight-max", limits.inflight_max, 1, 60'000, "",
                 "Unacknowledged QoS 1 and 2 messages per client, each way.");
    flags.number("max-packet-bytes", limits.packet_bytes_max, 1'024, 268'435'460, "bytes",
                 "Largest packet accepted.");
    flags.number("output-bytes-max", limits.output_bytes_max, 4'096, 1U << 30, "bytes",
                 "Bytes waiting for one socket before messages queue in the session.");
    flags.number("retained-max", limits.retained_max, 1, 100'000'000, "", "Retained messages.");
    flags.number("buffers", server.buffers, 16, 32'768, "",
                 "Receive buffers, shared by all connections; rounded up to a power of two.");
    flags.number("buffer-bytes", server.buffer_bytes, 256, 1U << 20, "bytes",
                 "Size of a receive buffer.");
}

// Two sockets may share a port (SO_REUSEPORT); here that could only be a mistake.
const Address* find_twice(const std::vector<Address>& addresses) {
    for (size_t i = 0; i < addresses.size(); ++i) {
        for (size_t j = 0; j < i; ++j) {
            if (addresses[i].port() != 0 && addresses[i].to_string() == addresses[j].to_string())
                return &addresses[i];
        }
    }
    return nullptr;
}

// The table of direct descriptors may not exceed RLIMIT_NOFILE (io_uring_register(2)).
void fit_descriptor_limit(uint32_t& connections_max) {
    rlimit files{};
    if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    getrlimit(RLIMIT_NOFILE, &files);
    if (connections_max <= files.rlim_cur) return;
    fmt::print(stderr,
               "jumpload broker: --connections-max {} is more than the descriptor limit, {} is "
               "used; raise it with `ulimit -n {}`\n",
               connections_max, files.rlim_cur, connections_max);
    connections_max = static_cast<uint32_t>(files.rlim_cur);
}

std::string explain(const Address& address, const broker::ServerOptions& options, Error error) {
    if (error.code == ErrorCode::AddressInUse || error.sys == EACCES) {
        return fmt::format("cannot listen on {}: {} (errno {}); choose another --listen",
                           address.to_string(), text(error.code), error.sys);
    }
    RingLimits limits;
    limits.accept_slots = options.limits.connections_max;
    return explain_ring_failure(error, limits);
}

// Runs until a signal of `ending` comes.
int run_brokers(const Options& options, const sigset_t& ending) {
    Result<std::unique_ptr<Ring>> ring = Ring::open({});  // to send the servers their stop with
    if (!ring) {
        fmt::print(stderr, "jumpload broker: {}\n", explain_ring_failure(ring.error(), {}));
        return 1;
    }
    int exit_code = 0;
    std::vector<std::unique_ptr<broker::Server>> servers;
    for (const Address& address : options.listen) {
        broker::ServerOptions server = options.server;
        server.listen = address;
        server.number = static_cast<uint32_t>(servers.size() + 1);
        Result<std::unique_ptr<broker::Server>> started = broker::Server::start(server);
        if (!started) {
            fmt::print(stderr, "jumpload broker: {}\n", explain(address, server, started.error()));
            exit_code = 1;
            break;
        }
        servers.push_back(std::move(*started));
        fmt::print("broker {} listening on {}\n", server.number,
                   servers.back()->address().to_string());
        std::fflush(stdout);
    }
    int signal = 0;
    if (exit_code == 0) sigwait(&ending, &signal);
    for (const auto& server : servers) server->stop(**ring);
    (*ring)->turn(0);
    servers.clear();  // joins their threads
    return exit_code;
}

}  // namespace

int broker_command(int argc, char** argv) {
    Options options;
    FlagTable flags("jumpload broker", kUsage, "jumpload " JUMPGATE_VERSION "\n");
    add_rows(flags, options);
    const std::vector<const char*> arguments(argv, argv + argc);
    std::optional<FlagsExit> exit = flags.parse(arguments);
    if (!exit && options.listen.empty()) {
        exit = flags.refuse(
            "--listen: is missing; allowed: one or more ADDR:PORT, such as "
            "--listen 127.0.0.1:1883");
    }
    if (const Address* twice = find_twice(options.listen); !exit && twice != nullptr) {
        exit = flags.refuse(fmt::format("--listen: {} is given twice; allowed: each address once",
                                        twice->to_string()));
    }
    if (exit) {
        std::fputs(exit->text.c_str(), exit->to_stderr ? stderr : stdout);
        return exit->exit_code;
    }
    options.server.buffers = std::bit_ceil(options.server.buffers);
    fit_descriptor_limit(options.server.limits.connections_max);
    // Blocked before any thread starts, so that only this one takes them, by sigwait.
    sigset_t ending;
    sigemptyset(&ending);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ending, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    return run_brokers(options, ending);
}

}  // namespace jumpgate
