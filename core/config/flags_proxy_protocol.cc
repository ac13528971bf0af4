// The flags about the PROXY protocol: from whom its header is taken, and what brokers are told.
#include <string>
#include <utility>
#include <vector>

#include "core/base/cidr.h"
#include "core/config/flags_groups.h"

namespace jumpgate {

Parsed<std::string> parse_network(std::string_view value) {
    Parsed<Cidr> cidr = parse_cidr(value);
    if (Problem* problem = std::get_if<Problem>(&cidr)) return std::move(*problem);
    return text(std::get<Cidr>(cidr));
}

void add_proxy_protocol(FlagTable& table, Config& config) {
    ProxyProtocol& proxy_protocol = config.proxy_protocol;
    table.group("PROXY protocol");
    add_texts(table, "proxy-protocol-from", proxy_protocol.from, parse_network, "CIDR,...",
              "192.0.2.0/24, 2001:db8::/32, or one address; several between commas",
              "Peers, such as a load balancer, whose connections must begin with a PROXY header, "
              "version 1 or 2, that names the real client. Nobody else's is believed.");
    table
        .choice("send-proxy", proxy_protocol.send,
                {{"v1", SendProxy::V1}, {"v2", SendProxy::V2}, {"v2-tls", SendProxy::V2Tls}},
                "Begins each connection to a broker with a PROXY header that names the client. "
                "v2-tls: also the client's TLS version, cipher, CN, verification and SNI.")
        .default_text = "none";
}

}  // namespace jumpgate
