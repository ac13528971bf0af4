// The flags about the PROXY protocol: from whom its header is taken, and what brokers are told.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/base/cidr.h"
#include "core/config/flags_groups.h"

namespace jumpgate {

namespace {

// Each in its shortest form, so that equal networks are equal texts.
Parsed<std::vector<std::string>> parse_cidrs(std::string_view value) {
    std::vector<std::string> cidrs;
    for (size_t start = 0; start <= value.size();) {
        const size_t end = std::min(value.find(',', start), value.size());
        const std::string_view part = value.substr(start, end - start);
        Parsed<Cidr> cidr = parse_cidr(part);
        if (Problem* problem = std::get_if<Problem>(&cidr)) {
            if (part == value) return std::move(*problem);
            return Problem{fmt::format("names {}, which {}", shown(part), problem->text)};
        }
        cidrs.push_back(text(std::get<Cidr>(cidr)));
        start = end + 1;
    }
    return cidrs;
}

}  // namespace

void add_proxy_protocol(FlagTable& table, Config& config) {
    ProxyProtocol& proxy_protocol = config.proxy_protocol;
    table.group("PROXY protocol");
    const auto append = [&proxy_protocol](const std::vector<std::string>& cidrs) {
        proxy_protocol.from.insert(proxy_protocol.from.end(), cidrs.begin(), cidrs.end());
    };
    table
        .value("proxy-protocol-from", parse_cidrs, append, "CIDR,...",
               "192.0.2.0/24, 2001:db8::/32, or one address; several between commas",
               "Peers, such as a load balancer, whose connections must begin with a PROXY header, "
               "version 1 or 2, that names the real client. Nobody else's is believed.")
        .repeatable = true;
    table
        .choice("send-proxy", proxy_protocol.send,
                {{"v1", SendProxy::V1}, {"v2", SendProxy::V2}, {"v2-tls", SendProxy::V2Tls}},
                "Begins each connection to a broker with a PROXY header that names the client. "
                "v2-tls: also the client's TLS version, cipher, CN, verification and SNI.")
        .default_text = "none";
}

}  // namespace jumpgate
