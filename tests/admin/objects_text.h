// Objects as text, so that two of them can be compared and a difference be read.
#pragma once

#include <fmt/format.h>

#include <string>

#include "core/config/objects.h"

namespace jumpgate {

inline std::string text_of(const Objects& objects) {
    std::string out;
    for (const UpstreamConfig& u : objects.upstreams) {
        out += fmt::format("upstream {} type {} key {} retries {} checked {} cert {} nodes", u.id,
                           static_cast<int>(u.type), static_cast<int>(u.key),
                           u.retries.value_or(999), u.active.has_value(), u.tls.client_cert_id);
        for (const BrokerAddress& b : u.nodes)
            out += fmt::format(" {}:{}x{}p{}", b.host, b.port, b.weight, b.priority);
        out += "\n";
    }
    for (const StreamRouteConfig& r : objects.stream_routes)
        out += fmt::format("stream_route {} to {} priority {} if {}\n", r.id, r.upstream_id,
                           r.priority, r.match.text());
    for (const SslConfig& s : objects.ssls) {
        out += fmt::format("ssl {} type {} pairs", s.id, static_cast<int>(s.type));
        for (const PemPair& p : s.pairs)
            out += fmt::format(" {}/{}", p.certificate.text.size(), p.key.text.size());
        for (const std::string& sni : s.snis) out += " " + sni;
        out += "\n";
    }
    return out;
}

}  // namespace jumpgate
