#include "core/config/flags.h"

#include <sched.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/config/flags_groups.h"

namespace jumpgate {

namespace {

constexpr const char* kUsage =
    "jumpgate: an MQTT-aware proxy. Reads a client's CONNECT, chooses its broker by a consistent\n"
    "hash, then only moves bytes.\n"
    "\n"
    "Usage: jumpgate --listen ADDR:PORT --broker HOST:PORT[,tls][,weight=N] ... [flags]\n"
    "       jumpgate --config FILE.yaml [--check | --print-config] [flags]\n"
    "\n"
    "A setting comes from its flag, else from the environment (JUMPGATE_DIAL_TIMEOUT_MS for\n"
    "--dial-timeout-ms), else from a file (dial_timeout_ms), else it has its default. --no-NAME\n"
    "turns a switch off. docs/config.md describes files. `jumpgate --help-man | man -l -` shows "
    "the\n"
    "manual page, --help-completion bash|zsh prints what lets a shell complete flags.\n";

Parsed<ListenAddress> parse_listen(std::string_view value) {
    Parsed<HostPort> parsed = parse_host_port(value, 0);
    if (Problem* problem = std::get_if<Problem>(&parsed)) return std::move(*problem);
    HostPort& address = std::get<HostPort>(parsed);
    const bool any = address.host.empty();
    if (!any && std::holds_alternative<Problem>(parse_ip(address.host)))
        return Problem{"has a host name; an IP address is needed"};
    return ListenAddress{std::move(address.host), address.port};
}

Parsed<ListenAddress> parse_tls_listen(std::string_view value) {
    Parsed<ListenAddress> parsed = parse_listen(value);
    if (ListenAddress* address = std::get_if<ListenAddress>(&parsed)) address->tls = true;
    return parsed;
}

// A printable ASCII character: client ids are UTF-8, where such a byte is never part of another.
Parsed<char> parse_mark(std::string_view value) {
    if (value.size() != 1 || value[0] < 0x20 || value[0] > 0x7e)
        return Problem{"is not one printable ASCII character"};
    return value[0];
}

// The capabilities of core/io/ring.h; this layer does not include it. tests/e2e/fallback_test.py
// holds the two lists equal.
constexpr std::array<std::string_view, 8> kCapabilities = {
    "defer_taskrun",  "accept_multishot", "recv_multishot", "recv_budget",
    "socket_options", "peer_name",        "bind",           "fd_install"};

std::string capability_list() {
    std::string out = "one of ";
    for (std::string_view name : kCapabilities) {
        if (name != kCapabilities.front()) out += ", ";
        out += name;
    }
    return out;
}

Parsed<std::string> parse_capability(std::string_view value) {
    if (std::ranges::find(kCapabilities, value) == kCapabilities.end())
        return Problem{"is unknown"};
    return std::string(value);
}

void add_listening(FlagTable& table, Config& config) {
    table.group("Listening");
    constexpr const char* kAddresses =
        "ADDR:PORT, [IPV6]:PORT, :PORT or PORT; port 0 takes a free one";
    table
        .list("listen", config.listen, parse_listen, "ADDR:PORT", kAddresses,
              "Where clients connect; without ADDR on every address. This, --tls-listen or "
              "listeners in a file are required.")
        .family = "listeners";
    table
        .list("tls-listen", config.listen, parse_tls_listen, "ADDR:PORT", kAddresses,
              "Where clients connect with TLS: mqtts, 8883 as a rule. ALPN, where a client "
              "offers it, agrees on mqtt or http/1.1.")
        .family = "listeners";
    table.number("connections-max", config.connections_max, 0, 10'000'000, "clients",
                 "Clients at once, over all workers; more are refused. 0: as many as the workers' "
                 "descriptor tables hold, two descriptors each (RLIMIT_NOFILE per worker).");
    table.number("connect-size-max", config.connect_size_max_bytes, 128, 268'435'460, "bytes",
                 "The largest CONNECT packet taken, fixed header included.");
    table.number("setup-timeout-ms", config.setup_timeout_ms, 100, 600'000, "ms",
                 "From accept, or from the end of the TLS handshake, until the CONNECT packet is "
                 "complete.");
}

void add_workers(FlagTable& table, Config& config) {
    table.group("Workers");
    table.number("threads", config.threads, 1, 256, "", "Worker threads, one ring each.")
        .default_text = "the CPUs it may use";
    table.toggle("pin-cpus", config.pin_cpus, "Pins each worker to one of those CPUs.");
    table.number(
        "busy-poll-us", config.busy_poll_us, 0, 1'000'000, "us",
        "How long a worker without work looks for some before it sleeps: less latency, for "
        "CPUs of its own that are then never idle. 0: it sleeps at once.");
    table
        .list("io-disable", config.io_disabled, parse_capability, "NAME", capability_list(),
              "Does without this part of io_uring even where the kernel has it: for kernels with "
              "a known fault, and for tests. The start-up line io_uring lists what is in use.")
        .words = {kCapabilities.begin(), kCapabilities.end()};
}

void add_routing(FlagTable& table, Config& config) {
    table.group("Routing");
    table.choice("hash-key", config.hash_key,
                 {{"client_id", HashKey::ClientId},
                  {"username", HashKey::Username},
                  {"remote_addr", HashKey::RemoteAddr},
                  {"cert_cn", HashKey::CertCn}},
                 "What of a client chooses its broker. cert_cn: the subject's CN of its "
                 "certificate. A client that has no such thing gets any broker.");
    table
        .value(
            "hash-key-prefix-until", parse_mark,
            [&config](char mark) { config.hash_key_prefix_until = mark; }, "CHAR",
            "one printable ASCII character",
            "Only the part of the key before its first CHAR counts: with / all of "
            "tenant7/dev1, tenant7/dev2 share a broker.")
        .default_text = "none";
}

void add_relaying(FlagTable& table, Config& config) {
    table.group("Relaying");
    table.choice(
        "splice", config.splice,
        {{"auto", SpliceMode::Auto}, {"always", SpliceMode::Always}, {"never", SpliceMode::Never}},
        "Moves bytes inside the kernel. auto: while a direction's reads are large.");
    table.number("splice-min-bytes", config.splice_min_bytes, 4'096, 16'777'216, "bytes",
                 "auto splices a direction after this much came in unbroken full buffers.");
    table.number("pipe-bytes", config.pipe_bytes, 4'096, 1'048'576, "bytes",
                 "Capacity of one splice pipe.");
    table.number("pipes-max", config.pipes_max, 0, 16'384, "pipes",
                 "Splice pipes of one worker; directions beyond them copy.");
    table
        .number("buffers", config.buffers, 16, 32'768, "buffers",
                "Shared receive buffers of one worker.")
        .allowed += ", a power of two";
    table.number("buffer-bytes", config.buffer_bytes, 512, 65'536, "bytes",
                 "Size of one such buffer.");
    table.number("relay-budget-bytes", config.relay_budget_bytes, 512, 16'777'216, "bytes",
                 "What one direction may have read and not yet sent; at least --buffer-bytes. Over "
                 "TLS 131072 is the most.");
    table
        .number("socket-receive-bytes", config.socket_receive_bytes, 0, 1'073'741'824, "bytes",
                "Kernel receive buffer of every socket (SO_RCVBUF). 0: the kernel tunes it.")
        .allowed = "0, or 4096 to 1073741824";
    table
        .number("socket-send-bytes", config.socket_send_bytes, 0, 1'073'741'824, "bytes",
                "Kernel send buffer of every socket (SO_SNDBUF). 0: the kernel tunes it.")
        .allowed = "0, or 4096 to 1073741824";
}

void add_ending(FlagTable& table, Config& config) {
    table.group("Ending");
    table.number("half-close-timeout-s", config.half_close_timeout_s, 1, 86'400, "s",
                 "How long one side may go on sending after the other has ended.");
    table.number("drain-timeout-s", config.drain_timeout_s, 0, 86'400, "s",
                 "After SIGTERM: how long connections may go on before they are cut.");
}

void add_watching(FlagTable& table, Config& config) {
    table.group("Watching");
    table.number("stats-interval-s", config.stats_interval_s, 0, 86'400, "s",
                 "Prints a line of statistics this often. 0: never.");
    table.choice("log-level", config.log_level,
                 {{"error", LogLevel::Error},
                  {"warn", LogLevel::Warn},
                  {"info", LogLevel::Info},
                  {"debug", LogLevel::Debug}},
                 "The least important lines that are written.");
    table.choice("log-format", config.log_format,
                 {{"text", LogFormat::Text}, {"json", LogFormat::Json}}, "How log lines look.");
    add_text(table, "access-log", config.access_log, "FILE",
             "Writes one line for each finished connection. -: to stdout.");
}

void add_modes(FlagTable& table, Settings& settings) {
    table.group("Instead of serving");
    Flag& check = table.toggle("check", settings.check,
                               "Checks all settings, files and certificates, prints all that is "
                               "wrong, and exits with 0 or 2.");
    check.letter = 't';  // as of nginx
    for (Flag* flag :
         {&check,
          &table.toggle("print-config", settings.print_config,
                        "Prints every setting with where it comes from, as a file for --config."),
          &table.toggle("json-schema", settings.json_schema,
                        "Prints the JSON Schema of configuration files, for editors.")})
        flag->mode = true;
}

}  // namespace

uint32_t cpus_allowed() {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;  // over 1,024 CPUs: ask for a number
    return static_cast<uint32_t>(std::clamp(CPU_COUNT(&set), 1, 256));
}

std::string file_name(const Flag& flag) {
    std::string name = flag.name;
    std::ranges::replace(name, '-', '_');
    return name;
}

std::string variable_name(const Flag& flag) {
    std::string name = "JUMPGATE_";
    for (const char c : file_name(flag))
        name += static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    return name;
}

Settings::Settings(const std::string& version) : table("jumpgate", kUsage, version) {
    config.threads = cpus_allowed();
    add_listening(table, config);
    add_tls(table, config);
    add_proxy_protocol(table, config);
    add_workers(table, config);
    add_brokers(table, config);
    add_upstream_tls(table, config);
    add_routing(table, config);
    add_relaying(table, config);
    add_ending(table, config);
    add_control(table, config);
    add_watching(table, config);
    add_modes(table, *this);
}

}  // namespace jumpgate
