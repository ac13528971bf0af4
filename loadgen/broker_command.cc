#include "loadgen/broker_command.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <bit>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/host_port.h"
#include "core/io/reactor.h"
#include "loadgen/broker_credentials.h"
#include "loadgen/broker_server.h"

namespace jumpgate {

namespace {

constexpr const char* kUsage =
    "jumpload broker --listen ADDR:PORT [--listen ADDR:PORT ...]\n"
    "jumpload broker --tls-listen ADDR:PORT --cert FILE --key FILE [--client-ca FILE]\n"
    "\n"
    "Embedded MQTT brokers (3.1, 3.1.1 and 5) for benchmarks and demonstrations, not for\n"
    "production: sessions and retained messages are kept in memory only, and nobody is asked for "
    "a\n"
    "password. Each --listen and --tls-listen is a broker of its own, on its own thread. The "
    "topic\n"
    "$SYS/broker/name and the CONNACK's user property \"broker\" (MQTT 5) tell which one it is.\n";

struct Listener {
    Address address;
    bool tls;
};

using tls::ClientAuth;

enum class TlsVersions : uint8_t { Any, Only12, Only13 };

struct Options {
    std::vector<Listener> listen;
    broker::Credentials credentials;
    TlsVersions tls_versions = TlsVersions::Any;
    std::vector<std::string> names;
    broker::ServerOptions server;
};

// An address without a host listens on all of IPv4. Names are not looked up: a broker for a test
// should listen where it was told to.
Parsed<Listener> parse_listener(std::string_view value, bool tls) {
    const Parsed<HostPort> parsed = parse_host_port(value, 0);
    if (const Problem* problem = std::get_if<Problem>(&parsed)) return *problem;
    const HostPort& target = std::get<HostPort>(parsed);
    const std::string host = target.host.empty() ? "0.0.0.0" : target.host;
    const std::optional<Address> address = Address::parse(host, target.port);
    if (!address) return Problem{"is not an IP address with a port"};
    return Listener{*address, tls};
}

// It goes into a packet, a topic's payload and a line of JSON as it is.
Parsed<std::string> parse_broker_name(std::string_view value) {
    const auto plain = [](char c) { return c > ' ' && c <= '~' && c != '"' && c != '\\'; };
    if (value.empty() || value.size() > 255 || !std::all_of(value.begin(), value.end(), plain)) {
        return Problem{"is no name"};
    }
    return std::string(value);
}

void add_rows(FlagTable& flags, Options& options) {
    broker::ServerOptions& server = options.server;
    broker::Limits& limits = server.limits;
    flags.group("Brokers");
    const auto listener = [&](std::string name, bool tls, std::string help) {
        flags.list(
            std::move(name), options.listen,
            [tls](std::string_view value) { return parse_listener(value, tls); }, "ADDR:PORT",
            "an IPv4 or [IPv6] address; port 0 lets the system choose", std::move(help));
    };
    listener("listen", false, "Start a broker that listens here.");
    listener("tls-listen", true, "Start a broker that listens here with TLS.");
    flags.list("name", options.names, parse_broker_name, "NAME",
               "1 to 255 visible ASCII characters without quotes and backslash",
               "What the broker calls itself; one for each address, in their order. Default: the "
               "address.");
    flags.number("stats-interval-s", server.stats_interval_s, 0, 86'400, "s",
                 "Print a line of JSON per broker this often; 0: never.");
    broker::Credentials& credentials = options.credentials;
    flags.group("TLS, of each --tls-listen");
    flags.text("cert", credentials.cert_file, "FILE",
               "The broker's certificate (PEM), followed by its chain.");
    flags.text("key", credentials.key_file, "FILE", "Its private key (PEM, not encrypted).");
    flags.text("client-ca", credentials.client_ca_file, "FILE",
               "Clients must show a certificate that one of these CAs (PEM) has signed.");
    flags.choice(
        "client-auth", credentials.client_auth,
        {{"required", ClientAuth::Required}, {"optional", ClientAuth::Optional}},
        "Whether a client may come without a certificate. With --client-ca alone: required.");
    flags.choice(
        "tls-version", options.tls_versions,
        {{"any", TlsVersions::Any}, {"1.2", TlsVersions::Only12}, {"1.3", TlsVersions::Only13}},
        "Speak only this version; any: 1.2 and 1.3.");
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
    broker::add_fault_flags(flags, server.faults);
}

// Two sockets may share a port (SO_REUSEPORT); here that could only be a mistake.
const Address* find_twice(const std::vector<Listener>& listeners) {
    for (size_t i = 0; i < listeners.size(); ++i) {
        const Address& one = listeners[i].address;
        for (size_t j = 0; j < i; ++j) {
            if (one.port() != 0 && one.to_string() == listeners[j].address.to_string()) return &one;
        }
    }
    return nullptr;
}

// What is wrong between the flags of TLS; empty: nothing.
std::string find_tls_contradiction(const Options& options) {
    const broker::Credentials& given = options.credentials;
    const auto is_tls = [](const Listener& listener) { return listener.tls; };
    if (std::none_of(options.listen.begin(), options.listen.end(), is_tls)) {
        const std::string_view flag = !given.cert_file.empty()                   ? "--cert"
                                      : !given.key_file.empty()                  ? "--key"
                                      : !given.client_ca_file.empty()            ? "--client-ca"
                                      : given.client_auth != ClientAuth::None    ? "--client-auth"
                                      : options.tls_versions != TlsVersions::Any ? "--tls-version"
                                                                                 : "";
        return flag.empty() ? "" : fmt::format("{}: needs --tls-listen ADDR:PORT", flag);
    }
    if (given.cert_file.empty()) return "--tls-listen: needs --cert FILE and --key FILE";
    if (given.key_file.empty()) return "--cert: needs --key FILE, the certificate's private key";
    if (given.client_auth != ClientAuth::None && given.client_ca_file.empty()) {
        return "--client-auth: needs --client-ca FILE, the CAs of the clients' certificates";
    }
    return {};
}

std::string find_contradiction(const Options& options) {
    if (options.listen.empty()) {
        return "--listen: is missing; allowed: one or more ADDR:PORT, such as "
               "--listen 127.0.0.1:1883";
    }
    if (const Address* twice = find_twice(options.listen)) {
        return fmt::format("--listen: {} is given twice; allowed: each address once",
                           twice->to_string());
    }
    if (!options.names.empty() && options.names.size() != options.listen.size()) {
        return fmt::format("--name: {} given for {} addresses; allowed: one for each, or none",
                           options.names.size(), options.listen.size());
    }
    return find_tls_contradiction(options);
}

// Reads the certificates, where a broker needs some. False: said why not.
bool load_credentials(Options& options) {
    broker::Credentials& credentials = options.credentials;
    if (credentials.cert_file.empty()) return true;
    if (!credentials.client_ca_file.empty() && credentials.client_auth == ClientAuth::None) {
        credentials.client_auth = ClientAuth::Required;
    }
    if (options.tls_versions == TlsVersions::Only12) credentials.max_version = tls::Version::Tls12;
    if (options.tls_versions == TlsVersions::Only13) credentials.min_version = tls::Version::Tls13;
    Parsed<tls::ServerContextRef> loaded = broker::load(credentials);
    if (const Problem* problem = std::get_if<Problem>(&loaded)) {
        fmt::print(stderr, "jumpload broker: {}\n", problem->text);
        return false;
    }
    options.server.tls = std::get<tls::ServerContextRef>(std::move(loaded));
    return true;
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
        return fmt::format("cannot listen on {}: {} (errno {}); choose another address",
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
    for (const auto& [address, tls] : options.listen) {
        broker::ServerOptions server = options.server;
        server.listen = address;
        if (!tls) server.tls = nullptr;
        if (!options.names.empty()) server.name = options.names[servers.size()];
        server.number = static_cast<uint32_t>(servers.size() + 1);
        server.faults.seed += servers.size();  // brokers of one process do not fail in step
        Result<std::unique_ptr<broker::Server>> started = broker::Server::start(server);
        if (!started) {
            fmt::print(stderr, "jumpload broker: {}\n", explain(address, server, started.error()));
            exit_code = 1;
            break;
        }
        servers.push_back(std::move(*started));
        fmt::print("broker {} listening on {}{}\n", server.number,
                   servers.back()->address().to_string(), tls ? " with TLS" : "");
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

FlagSheet broker_flags() {
    Options options;
    FlagTable flags("", "", "");
    add_rows(flags, options);
    return flags.sheet();
}

int broker_command(std::span<const char* const> arguments) {
    Options options;
    FlagTable flags("jumpload broker", kUsage, "jumpload " JUMPGATE_VERSION "\n");
    add_rows(flags, options);
    std::optional<FlagsExit> exit = flags.parse(arguments);
    if (const std::string wrong = find_contradiction(options); !exit && !wrong.empty()) {
        exit = flags.refuse(wrong);
    }
    if (!exit) {
        if (const auto wrong = broker::settle_faults(options.server.faults)) {
            exit = flags.refuse(*wrong);
        }
    }
    if (exit) return exit->print();
    if (!load_credentials(options)) return 1;
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
