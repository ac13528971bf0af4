#include "core/base/host_port.h"

#include <arpa/inet.h>
#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <system_error>
#include <utility>

namespace jumpgate {

// Empty where `value` is no literal of `family`.
static std::string shortest_form(int family, const std::string& value) {
    unsigned char address[16];
    char form[INET6_ADDRSTRLEN];
    if (inet_pton(family, value.c_str(), address) != 1) return "";
    return inet_ntop(family, address, form, sizeof form);
}

static bool is_name(std::string_view host) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
    };
    const auto edge = [](char c) { return c == '.' || c == '-'; };
    const bool numeric = host.find_first_not_of("0123456789.") == host.npos;  // a mistyped address
    return !host.empty() && host.size() <= 253 && std::ranges::all_of(host, allowed) &&
           !edge(host.front()) && host.back() != '-' && host.find("..") == host.npos && !numeric;
}

Parsed<std::string> parse_ip(std::string_view value) {
    const std::string text(value);
    std::string form = shortest_form(AF_INET, text);
    if (form.empty()) form = shortest_form(AF_INET6, text);
    if (form.empty()) return Problem{"is not an IP address"};
    return form;
}

Parsed<std::string> parse_name(std::string_view value) {
    std::string name;
    std::ranges::transform(value, std::back_inserter(name),
                           [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
    if (!is_name(name)) return Problem{"is not a host name"};
    return name;
}

Parsed<HostPort> parse_host_port(std::string_view value, uint16_t port_min) {
    const size_t colon = value.rfind(':');
    const std::string_view port_text = value.substr(colon + 1);  // npos + 1: the whole
    const std::string_view host = colon == value.npos ? "" : value.substr(0, colon);
    const bool bracketed = host.starts_with('[') && host.ends_with(']');
    if (!bracketed && host.find(':') != host.npos)
        return Problem{"needs brackets around its IPv6 address, as in [2001:db8::1]:1883"};

    HostPort result;
    const auto [end, error] = std::from_chars(port_text.begin(), port_text.end(), result.port);
    if (error != std::errc() || end != port_text.end() || result.port < port_min)
        return Problem{fmt::format("has no port from {} to 65535 at its end", port_min)};
    if (host.empty()) return result;

    if (bracketed) {
        result.host = shortest_form(AF_INET6, std::string(host.substr(1, host.size() - 2)));
        if (result.host.empty()) return Problem{"has no IPv6 address between its brackets"};
        return result;
    }
    result.host = shortest_form(AF_INET, std::string(host));
    if (!result.host.empty()) return result;
    Parsed<std::string> name = parse_name(host);
    if (std::holds_alternative<Problem>(name))
        return Problem{"has neither a host name nor an IP address"};
    result.host = std::move(std::get<std::string>(name));
    return result;
}

std::string text(const HostPort& address) {
    const bool ipv6 = address.host.find(':') != address.host.npos;
    return ipv6 ? fmt::format("[{}]:{}", address.host, address.port)
                : fmt::format("{}:{}", address.host, address.port);
}

}  // namespace jumpgate
