// The flags about brokers, and how one broker is written on the command line.
#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "core/config/flags_groups.h"

namespace jumpgate {

namespace {

// One of the options behind HOST:PORT, without its comma.
std::optional<Problem> set_option(BrokerAddress& broker, std::string_view option) {
    const std::string_view name = option.substr(0, option.find('='));
    const std::string_view value = option.substr(std::min(name.size() + 1, option.size()));
    if (option == "tls") {
        broker.tls = true;
        return std::nullopt;
    }
    if (option.starts_with("sni=")) {
        Parsed<std::string> sni = parse_name(value);
        if (Problem* problem = std::get_if<Problem>(&sni))
            return Problem{"has an sni that " + problem->text};
        broker.sni = std::move(std::get<std::string>(sni));
        return std::nullopt;
    }
    if (option.starts_with("weight=")) {
        Parsed<uint64_t> weight = parse_number(value, 0, 1'000);
        if (Problem* problem = std::get_if<Problem>(&weight))
            return Problem{"has a weight that " + problem->text};
        broker.weight = static_cast<uint32_t>(std::get<uint64_t>(weight));
        return std::nullopt;
    }
    return Problem{"has an unknown option"};
}

Parsed<BrokerAddress> parse_broker(std::string_view value) {
    const std::string_view address = value.substr(0, value.find(','));
    Parsed<HostPort> parsed = parse_host_port(address, 1);
    if (Problem* problem = std::get_if<Problem>(&parsed)) return std::move(*problem);
    HostPort& host_port = std::get<HostPort>(parsed);
    if (host_port.host.empty()) return Problem{"has no host"};
    BrokerAddress broker;
    broker.host = std::move(host_port.host);
    broker.port = host_port.port;

    std::vector<std::string_view> names;
    for (std::string_view rest = value.substr(address.size()); !rest.empty();) {
        const std::string_view option = rest.substr(1, rest.find(',', 1) - 1);
        rest.remove_prefix(1 + option.size());
        const std::string_view name = option.substr(0, option.find('='));
        if (std::optional<Problem> problem = set_option(broker, option)) return *problem;
        if (std::ranges::find(names, name) != names.end())
            return Problem{fmt::format("has {} twice", name)};
        names.push_back(name);
    }
    return broker;
}

}  // namespace

void add_brokers(FlagTable& table, Config& config) {
    table.group("Brokers");
    table.list("broker", config.brokers, parse_broker, "HOST:PORT[,tls][,sni=NAME][,weight=N]",
               "port 1 to 65535, weight 0 to 1000",
               "A broker, and its share of the clients (1 where not given; 0: no new ones). tls: "
               "reached over TLS, under the name HOST or NAME. Proxies with the same list in the "
               "same order choose alike. Required, unless --config, --admin or --state-dir bring "
               "upstreams.");
    table.number("dial-timeout-ms", config.dial_timeout_ms, 10, 600'000, "ms",
                 "For one attempt to connect to a broker.");
    table.number("dial-attempts-max", config.dial_attempts_max, 1, 16, "brokers",
                 "Different brokers tried for one client before it is refused.");
    table.number("fail-max", config.fail_max, 0, 1'000, "failures",
                 "Failed attempts in a row that mark a broker down. 0: never.");
    table.number("fail-timeout-ms", config.fail_timeout_ms, 100, 3'600'000, "ms",
                 "How long a broker stays marked down before it is tried again.");
    table.list("source-address", config.source_addresses, parse_ip, "ADDR",
               "an IPv4 or IPv6 address of this host",
               "Where connections to brokers come from, in turn: each address adds its own "
               "range of ports. Without it the kernel chooses.");
}

}  // namespace jumpgate
