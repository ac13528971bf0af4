#include "core/route/sample_clients.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

namespace jumpgate {

namespace {

std::span<const uint8_t> address_of(const Cidr& cidr) {
    return {cidr.network.data(), cidr.v4 ? 4u : 16u};
}

std::string from_glob(std::string_view pattern, const std::string& digits) {
    std::string text;
    for (size_t i = 0; i < pattern.size(); ++i) {
        if (pattern[i] == '*') {
            text += digits;
        } else if (pattern[i] == '?') {
            text += digits.back();
        } else {
            if (pattern[i] == '\\' && i + 1 < pattern.size()) ++i;
            text += pattern[i];
        }
    }
    return text;
}

// The letters, digits and separators that an expression begins with, and digits.
std::string from_regex(std::string_view pattern, const std::string& digits) {
    if (pattern.starts_with('^')) pattern.remove_prefix(1);
    return std::string(pattern.substr(0, pattern.find_first_of("^$.|?*+()[]{}\\"))) + digits;
}

}  // namespace

RouteQuery SampleClient::query() const {
    return {.client_id = client_id,
            .username = username,
            .cert_cn = cert_cn,
            .sni = sni,
            .level = level,
            .remote_addr = address_of(remote_addr),
            .server_addr = address_of(server_addr),
            .server_port = server_port,
            .protocol = protocol};
}

std::string SampleClients::digits() { return std::to_string(rng_.below(100'000'000)); }

std::string SampleClients::like(const TextMatch& match, std::string plain) {
    switch (match.kind()) {
        case TextMatch::Kind::Any:
            return plain + digits();
        case TextMatch::Kind::Exact:
            return match.pattern();
        case TextMatch::Kind::Prefix:
            return match.pattern() + digits();
        case TextMatch::Kind::Glob:
            return from_glob(match.pattern(), digits());
        case TextMatch::Kind::Regex:
            return from_regex(match.pattern(), digits());
    }
    return plain;
}

Cidr SampleClients::inside(const std::optional<Cidr>& network) {
    Cidr address = network.value_or(Cidr{{10}, 8, true});
    const size_t size = address_of(address).size();
    for (size_t i = address.prefix_bits / 8; i < size; ++i) {
        const int kept_bits = std::max(0, address.prefix_bits - static_cast<int>(8 * i));
        address.network[i] |= static_cast<uint8_t>(rng_.below(256) >> kept_bits);
    }
    address.prefix_bits = static_cast<uint8_t>(8 * size);
    return address;
}

SampleClient SampleClients::next(const RouteMatch& match) {
    SampleClient client;
    client.client_id = like(match.client_id, "device-");
    client.username = like(match.username, "user-");
    client.cert_cn = like(match.cert_cn, "device-");
    if (!match.snis.empty()) {
        client.sni = match.snis[rng_.below(match.snis.size())];
        if (client.sni.starts_with('*')) client.sni.replace(0, 1, "host" + digits());
    }
    if (!match.levels.empty()) client.level = match.levels[rng_.below(match.levels.size())];
    client.remote_addr = inside(match.remote_addr);
    client.server_addr = inside(match.server_addr);
    if (match.server_port != 0) client.server_port = match.server_port;
    client.protocol = match.protocol;
    return client;
}

}  // namespace jumpgate
