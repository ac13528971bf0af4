#include "core/config/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <set>
#include <utility>

#include "core/config/rules_control.h"
#include "core/config/rules_tls.h"
#include "core/route/upstream.h"

namespace jumpgate {

namespace {

constexpr size_t kListenMax = 64;
constexpr size_t kSourceAddressesMax = 256;
constexpr size_t kConfigFilesMax = 64;
constexpr uint32_t kSocketBytesMin = 4'096;  // the kernel's own floor, tcp_rmem[0] and tcp_wmem[0]
// User memory; docs/limits.md, checked by ./dev bench.
constexpr uint32_t kIdleConnectionBytes = 512;
constexpr uint32_t kIdleTlsLegBytes = 5'632;

using Rule = std::optional<std::string>;

Rule too_many(std::string_view flag, size_t count, size_t max) {
    if (count <= max) return std::nullopt;
    return fmt::format("--{}: given {} times; allowed: 1 to {}", flag, count, max);
}

Rule twice(std::string_view flag, const std::vector<std::string>& values) {
    std::set<std::string_view> seen;
    for (const std::string& value : values)
        if (!seen.insert(value).second)
            return fmt::format("--{}: {} is given twice; allowed: each once", flag, value);
    return std::nullopt;
}

bool is_ipv6(std::string_view host) { return host.find(':') != host.npos; }

// True where every address of `b` is one of `a`.
bool covers(const ListenAddress& a, const ListenAddress& b) {
    if (a.host.empty() || a.host == b.host) return true;
    if (a.host == "0.0.0.0") return !b.host.empty() && !is_ipv6(b.host);
    return a.host == "::" && is_ipv6(b.host);
}

// SO_REUSEPORT would let both open one port, and some clients would get the wrong door.
Rule broken_listen(const Config& config) {
    for (const ListenAddress& secure : config.listen) {
        if (!secure.tls || secure.port == 0) continue;
        for (const ListenAddress& plain : config.listen)
            if (!plain.tls && plain.port == secure.port &&
                (covers(plain, secure) || covers(secure, plain)))
                return fmt::format(
                    "--tls-listen: {} is the port of --listen {} too; allowed: each port once, "
                    "with TLS or without",
                    text(HostPort{secure.host, secure.port}),
                    text(HostPort{plain.host, plain.port}));
    }
    return std::nullopt;
}

// The addresses given with --listen, or those given with --tls-listen. Port 0 is another port each
// time.
std::vector<std::string> listen_texts(const Config& config, bool tls) {
    std::vector<std::string> texts;
    for (const ListenAddress& address : config.listen)
        if (address.tls == tls && address.port != 0)
            texts.push_back(text(HostPort{address.host, address.port}));
    return texts;
}

void add(std::vector<std::string>& broken, Rule rule) {
    if (rule) broken.push_back(std::move(*rule));
}

Rule missing_listener(const Config& config) {
    if (!config.listen.empty()) return std::nullopt;
    return "--listen: missing; give at least one ADDR:PORT where clients connect, or --tls-listen";
}

Rule missing_broker(const Config& config) {
    if (config.brokers.empty() && !takes_objects(config))
        return "--broker: missing; give at least one HOST:PORT, or --config FILE with upstreams";
    const auto drained = [](const BrokerAddress& broker) { return broker.weight == 0; };
    if (!config.brokers.empty() && std::ranges::all_of(config.brokers, drained))
        return "--broker: weight 0 everywhere leaves no broker; allowed: at least one of 1 to 1000";
    return std::nullopt;
}

void add_broken_lists(const Config& config, std::vector<std::string>& broken) {
    std::vector<std::string> brokers;
    for (const BrokerAddress& broker : config.brokers)
        brokers.push_back(text(HostPort{broker.host, broker.port}));
    for (Rule rule :
         {missing_listener(config), missing_broker(config),
          too_many("listen and --tls-listen", config.listen.size(), kListenMax),
          too_many("broker", config.brokers.size(), kNodesMax),
          too_many("source-address", config.source_addresses.size(), kSourceAddressesMax),
          too_many("config", config.config_files.size(), kConfigFilesMax),
          twice("listen", listen_texts(config, false)),
          twice("tls-listen", listen_texts(config, true)), twice("broker", brokers),
          twice("source-address", config.source_addresses),
          twice("proxy-protocol-from", config.proxy_protocol.from),
          twice("io-disable", config.io_disabled), twice("config", config.config_files),
          broken_listen(config)})
        add(broken, std::move(rule));
}

Rule too_small(std::string_view flag, uint32_t bytes) {
    if (bytes == 0 || bytes >= kSocketBytesMin) return std::nullopt;
    return fmt::format("--{}: {} is out of range; allowed: 0, or {} to 1073741824", flag, bytes,
                       kSocketBytesMin);
}

Rule broken_sizes(const Config& config) {
    if (!std::has_single_bit(config.buffers))
        return fmt::format("--buffers: {} is not a power of two; allowed: 16, 32, ... 32768",
                           config.buffers);
    if (config.relay_budget_bytes < config.buffer_bytes)
        return fmt::format(
            "--relay-budget-bytes: {} is less than one buffer; allowed: {} "
            "(--buffer-bytes) to 16777216",
            config.relay_budget_bytes, config.buffer_bytes);
    if (Rule rule = too_small("socket-receive-bytes", config.socket_receive_bytes)) return rule;
    if (Rule rule = too_small("socket-send-bytes", config.socket_send_bytes)) return rule;
    if (config.splice == SpliceMode::Always && config.pipes_max == 0)
        return "--pipes-max: 0 leaves no pipe for --splice always; allowed: 1 to 16384";
    return std::nullopt;
}

// The most that one may cost: a client that comes by TLS, on a broker by TLS, where there are such.
uint32_t idle_connection_bytes(const Config& config) {
    const bool from_clients = std::ranges::any_of(config.listen, &ListenAddress::tls);
    const bool to_brokers = std::ranges::any_of(config.brokers, &BrokerAddress::tls);
    const uint32_t legs = (from_clients ? 1U : 0U) + (to_brokers ? 1U : 0U);
    return kIdleConnectionBytes + legs * kIdleTlsLegBytes;
}

std::string amount(uint64_t bytes) {
    constexpr std::array<const char*, 4> kUnits = {"B", "KiB", "MiB", "GiB"};
    auto value = static_cast<double>(bytes);
    size_t unit = 0;
    for (; value >= 1'024 && unit + 1 < kUnits.size(); ++unit) value /= 1'024;
    const bool whole = value == static_cast<double>(static_cast<uint64_t>(value));
    return fmt::format("{:.{}f} {}", value, whole ? 0 : 1, kUnits[unit]);
}

}  // namespace

bool takes_objects(const Config& config) {
    return !config.config_files.empty() || !config.admin.empty() || !config.state_dir.empty();
}

std::vector<std::string> broken_rules(const Config& config) {
    std::vector<std::string> broken;
    add_broken_lists(config, broken);
    add(broken, broken_tls_rule(config));
    add(broken, broken_control_rule(config));
    add(broken, broken_sizes(config));
    return broken;
}

std::string memory_plan(const Config& config) {
    const uint64_t pipes_max = config.splice == SpliceMode::Never ? 0 : config.pipes_max;
    const uint64_t buffers = uint64_t{config.buffers} * config.buffer_bytes;
    const uint64_t pipes = pipes_max * config.pipe_bytes;
    const std::string pipes_part =
        pipes == 0 ? "no pipes"
                   : fmt::format("pipes up to {} each ({} x {}, in the kernel)", amount(pipes),
                                 pipes_max, amount(config.pipe_bytes));
    const uint64_t clients = config.connections_max;
    const uint32_t idle_bytes = idle_connection_bytes(config);
    const std::string clients_part =
        clients == 0 ? "as many clients as descriptors allow"
                     : fmt::format("{} for {} clients", amount(clients * idle_bytes), clients);
    return fmt::format(
        "{} in {} workers: buffers {} each ({} x {}), {}; {} per idle "
        "connection ({}); up to {} per CONNECT being read",
        amount(config.threads * (buffers + pipes)), config.threads, amount(buffers), config.buffers,
        amount(config.buffer_bytes), pipes_part, amount(idle_bytes), clients_part,
        amount(config.connect_size_max_bytes));
}

}  // namespace jumpgate
