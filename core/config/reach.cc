#include "core/config/reach.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "core/base/cidr.h"
#include "core/route/covers.h"

namespace jumpgate {

namespace {

// Rows compared with another, at most: about 50 ms. With more patterns than that, the rest of the
// hidden routes is not found.
constexpr size_t kComparisonsMax = 1'000'000;

Complaint warning_of(ObjectType type, std::string_view id, const Origin& origin,
                     std::string problem, std::string allowed = "") {
    return {origin.file, origin.mark, fmt::format("{}[{}]", text(type), id), std::move(problem),
            std::move(allowed)};
}

// A route, once for each of its snis, as RouteTable tries them.
struct Row {
    const StreamRouteConfig* route;
    RouteMatch match;
    std::vector<uint32_t> specificity{};
    bool elusive = false;
};

std::vector<Row> rows_of(const std::vector<StreamRouteConfig>& routes) {
    std::vector<Row> rows;
    for (const StreamRouteConfig& route : routes) {
        if (route.match.snis.empty()) rows.push_back({&route, route.match});
        for (const std::string& sni : route.match.snis) {
            rows.push_back({&route, route.match});
            rows.back().match.snis = {sni};
        }
    }
    for (Row& row : rows) {
        row.specificity = row.match.specificity();
        row.elusive = is_elusive(row.match);
    }
    std::ranges::stable_sort(rows, [](const Row& a, const Row& b) {
        return std::tie(a.specificity, a.route->priority) >
               std::tie(b.specificity, b.route->priority);
    });
    return rows;
}

struct Hider {
    const StreamRouteConfig* route = nullptr;  // null: some client gets there
    bool is_equal = false;                     // in its conditions
};

class HiddenRows {
  public:
    // Of a row, where all that are tried earlier were given before.
    Hider hider_of(const Row& row) {
        const auto [equal, is_new] = by_text_.emplace(row.match.text(), row.route);
        if (!is_new) return {equal->second, true};
        for (const Row* earlier : row.elusive ? all_ : elusive_)
            if (++comparisons_ <= kComparisonsMax && covers(earlier->match, row.match))
                return {earlier->route};
        all_.push_back(&row);
        if (row.elusive) elusive_.push_back(&row);
        return {};
    }

  private:
    std::unordered_map<std::string, const StreamRouteConfig*> by_text_;
    std::vector<const Row*> all_;
    std::vector<const Row*> elusive_;
    size_t comparisons_ = 0;
};

bool is_any_address(std::string_view host) {
    return host.empty() || host == "0.0.0.0" || host == "::";
}

// What the listeners that may take a client of a route have.
class Doors {
  public:
    Doors(const Config& config, const Objects& objects)
        : listen_(config.listen),
          // A trusted header may name any address, and objects of the API any CA.
          any_address_(!config.proxy_protocol.from.empty()) {
        const auto asks = [](const SslConfig& ssl) {
            return ssl.enabled && ssl.type == SslType::Server && !ssl.client_ca.empty();
        };
        asks_ = !config.admin.empty() || config.tls.client_auth != ClientAuth::None ||
                std::ranges::any_of(objects.ssls, asks);
    }

    bool any_tls() const { return std::ranges::any_of(listen_, &ListenAddress::tls); }
    // Whether clients are asked for a certificate.
    bool ask() const { return asks_; }

    // Why no client can meet the conditions; empty: it may.
    std::string closed_to(const RouteMatch& match) const {
        std::vector<ListenAddress> open = listen_;
        if (!any_address_) {
            std::erase_if(open, [&](const ListenAddress& door) {
                return match.server_port != 0 && door.port != 0 && door.port != match.server_port;
            });
            if (open.empty())
                return fmt::format("server_port: no listener has the port {}", match.server_port);
            std::erase_if(open,
                          [&](const ListenAddress& door) { return !has_address(door, match); });
            if (open.empty()) return "server_addr: no listener has such an address";
        }
        if (std::ranges::any_of(open, &ListenAddress::tls)) {
            const bool wants_certificate = match.cert_cn.kind() != TextMatch::Kind::Any;
            return wants_certificate && !asks_
                       ? "match.cert_cn: no client is asked for a certificate; give client.ca of "
                         "an ssl, or --tls-client-ca"
                       : "";
        }
        if (!match.snis.empty())
            return "sni: clients name a server with TLS only, and no listener "
                   "for them has tls";
        if (match.cert_cn.kind() != TextMatch::Kind::Any)
            return "match.cert_cn: clients show certificates with TLS only, and no listener for "
                   "them has tls";
        return "";
    }

  private:
    static bool has_address(const ListenAddress& door, const RouteMatch& match) {
        if (!match.server_addr || is_any_address(door.host)) return true;
        const Parsed<Cidr> own = parse_cidr(door.host);
        const Cidr* address = std::get_if<Cidr>(&own);
        return address == nullptr ||
               match.server_addr->contains(std::span(address->network).first(address->v4 ? 4 : 16));
    }

    const std::vector<ListenAddress>& listen_;
    const bool any_address_;
    bool asks_ = false;
};

}  // namespace

std::vector<Complaint> hidden_routes(const Objects& objects) {
    const std::vector<Row> rows = rows_of(objects.stream_routes);
    std::unordered_map<const StreamRouteConfig*, Hider> hiders;
    std::unordered_map<const StreamRouteConfig*, bool> reached;
    HiddenRows hidden;
    for (const Row& row : rows) {
        const Hider hider = hidden.hider_of(row);
        if (hider.route == nullptr || hider.route == row.route)
            reached[row.route] = true;
        else
            hiders.emplace(row.route, hider);
    }
    std::vector<Complaint> warnings;
    for (const StreamRouteConfig& route : objects.stream_routes) {
        const auto found = hiders.find(&route);
        if (found == hiders.end() || reached.contains(&route)) continue;
        const StreamRouteConfig& by = *found->second.route;
        std::string why =
            found->second.is_equal
                ? fmt::format("stream route {} ({}) has the same conditions and is tried first",
                              by.id, text(by.origin))
                : fmt::format("stream route {} ({}) is tried first and asks for less ({})", by.id,
                              text(by.origin), by.match.text());
        warnings.push_back(warning_of(ObjectType::StreamRoute, route.id, route.origin,
                                      "can never be chosen: " + why));
    }
    return warnings;
}

std::vector<Complaint> without_listener(const Config& config, const Objects& objects) {
    std::vector<Complaint> warnings;
    if (config.listen.empty()) return warnings;  // an error of its own
    const Doors doors(config, objects);
    for (const StreamRouteConfig& route : objects.stream_routes) {
        std::string why = doors.closed_to(route.match);
        if (why.empty()) continue;
        warnings.push_back(warning_of(ObjectType::StreamRoute, route.id, route.origin,
                                      "can never be chosen: " + std::move(why)));
    }
    if (doors.any_tls() && doors.ask()) return warnings;
    for (const UpstreamConfig& upstream : objects.upstreams)
        if (upstream.type == Balance::ConsistentHash && upstream.key == HashKey::CertCn)
            warnings.push_back(warning_of(
                ObjectType::Upstream, upstream.id, upstream.origin,
                "key: no client shows a certificate, so each gets a broker at random",
                "cert_cn with a TLS listener and client.ca of an ssl, or --tls-client-ca"));
    return warnings;
}

}  // namespace jumpgate
