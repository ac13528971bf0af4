// The flags about files, the Admin API and name servers: how what is running is told and changed.
#include <string>
#include <utility>

#include "core/base/host_port.h"
#include "core/config/flags_groups.h"

namespace jumpgate {

namespace {

constexpr uint16_t kDnsPort = 53;
constexpr size_t kSocketPathBytesMax = 107;  // unix(7): sun_path less its NUL

Parsed<std::string> parse_address(std::string_view value) {
    Parsed<HostPort> parsed = parse_host_port(value, 0);
    if (Problem* problem = std::get_if<Problem>(&parsed)) return std::move(*problem);
    const HostPort& address = std::get<HostPort>(parsed);
    if (!address.host.empty() && std::holds_alternative<Problem>(parse_ip(address.host)))
        return Problem{"has a host name; an IP address is needed"};
    return text(address);
}

// "127.0.0.1:9180" or "unix:PATH", as Config::admin has it.
Parsed<std::string> parse_admin(std::string_view value) {
    constexpr std::string_view kUnix = "unix:";
    if (!value.starts_with(kUnix)) return parse_address(value);
    const std::string_view path = value.substr(kUnix.size());
    if (path.empty()) return Problem{"has no path"};
    if (path.size() > kSocketPathBytesMax) return Problem{"has a path of over 107 bytes"};
    return std::string(value);
}

// An address with its port, 53 where none is given.
Parsed<std::string> parse_dns_server(std::string_view value) {
    Parsed<std::string> alone = parse_ip(value);
    if (const std::string* ip = std::get_if<std::string>(&alone))
        return text(HostPort{*ip, kDnsPort});
    Parsed<HostPort> parsed = parse_host_port(value, 1);
    if (std::holds_alternative<Problem>(parsed)) return Problem{"is not an IP address"};
    const HostPort& server = std::get<HostPort>(parsed);
    if (std::holds_alternative<Problem>(parse_ip(server.host)))
        return Problem{"is not an IP address"};
    return text(server);
}

Parsed<std::string> parse_file(std::string_view value) {
    if (value.empty()) return Problem{"is empty"};
    return std::string(value);
}

}  // namespace

void add_control(FlagTable& table, Config& config) {
    table.group("Control");
    table.list("config", config.config_files, parse_file, "FILE", "YAML, or JSON in FILE.json",
               "Settings, listeners, stream routes, upstreams and certificates: docs/config.md. "
               "What flags and the environment say wins over its settings.");
    table.choice("config-watch", config.config_watch, {{"true", true}, {"false", false}},
                 "Reads the files again when one of them changes, as on SIGHUP.");
    const auto set_admin = [&config](std::string address) { config.admin = std::move(address); };
    table.value("admin", parse_admin, set_admin, "ADDR:PORT",
                "ADDR:PORT, [IPV6]:PORT, :PORT, or unix:PATH",
                "Where the Admin API, /metrics and /healthz answer. Without it nowhere.");
    add_text(table, "admin-key-file", config.admin_key_file, "FILE",
             "The keys that X-API-KEY may show, one per line of FILE.")
        .default_text = "admin.key in --state-dir, made at the first start";
    add_text(table, "admin-viewer-key-file", config.admin_viewer_key_file, "FILE",
             "A second key, which may read and change nothing.");
    add_texts(table, "admin-allow", config.admin_allow, parse_network, "CIDR,...",
              "192.0.2.0/24, 2001:db8::/32, or one address; several between commas",
              "Who may talk to the Admin API. Required where --admin is not a loopback address.");
    add_text(table, "state-dir", config.state_dir, "DIR",
             "Where objects made through the Admin API are kept over a restart.");
    add_texts(table, "dns-servers", config.dns_servers, parse_dns_server, "ADDR[:PORT],...",
              "IP addresses, port 53 where none is given; several between commas",
              "Resolve the names of brokers.")
        .default_text = "the system's";
}

}  // namespace jumpgate
