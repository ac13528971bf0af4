#include "core/route/route_table.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

#include "core/base/check.h"

namespace jumpgate {

namespace {

struct Ranked {
    std::vector<uint32_t> specificity;
    Route route;
};

std::vector<Route> in_tried_order(std::vector<Route> routes) {
    std::vector<Ranked> ranked;
    const auto add = [&ranked](Route route) {
        std::vector<uint32_t> specificity = route.match.specificity();
        ranked.push_back({std::move(specificity), std::move(route)});
    };
    for (Route& route : routes) {
        const std::vector<std::string> snis = std::move(route.match.snis);
        route.match.snis.clear();
        if (snis.empty()) add(std::move(route));
        for (const std::string& sni : snis) {
            Route one = route;
            one.match.snis = {sni};
            add(std::move(one));
        }
    }
    std::ranges::stable_sort(ranked, [](const Ranked& a, const Ranked& b) {
        return std::tie(a.specificity, a.route.priority) >
               std::tie(b.specificity, b.route.priority);
    });
    std::vector<Route> sorted;
    sorted.reserve(ranked.size());
    for (Ranked& one : ranked) sorted.push_back(std::move(one.route));
    return sorted;
}

void write(std::string& form, const Upstream& upstream) {
    const UpstreamRule& rule = upstream.rule();
    const int until =
        rule.key_prefix_until ? static_cast<unsigned char>(*rule.key_prefix_until) : -1;
    fmt::format_to(std::back_inserter(form), "upstream {} {} {} {} {}\n", text(rule.balance),
                   text(rule.key), until, text(rule.method), rule.balance_factor_percent);
    for (const Node& node : upstream.nodes())
        fmt::format_to(std::back_inserter(form), "{}:{} {} {}\n", node.name.size(), node.name,
                       node.weight, node.priority);
}

// A text form, so that byte order and struct layout cannot leak into it. Names carry their length:
// no name can imitate a separator. Upstreams are numbered as routes first name them. "v2" changes
// when the routing function does.
uint64_t fingerprint_of(std::span<const Route> routes, std::span<const Upstream> upstreams) {
    std::string form = "v2\n";
    constexpr size_t kUnnamed = ~size_t{0};
    std::vector<size_t> numbers(upstreams.size(), kUnnamed);
    std::vector<uint16_t> named;
    for (const Route& route : routes) {
        size_t& number = numbers[route.upstream];
        if (number == kUnnamed) {
            number = named.size();
            named.push_back(route.upstream);
        }
        fmt::format_to(std::back_inserter(form), "route {} {}\n", number, route.match.text());
    }
    for (const uint16_t upstream : named) write(form, upstreams[upstream]);
    return hash_of(form);
}

}  // namespace

RouteTable::RouteTable(std::vector<Route> routes, std::vector<Upstream> upstreams)
    : routes_(in_tried_order(std::move(routes))), upstreams_(std::move(upstreams)) {
    for (const Route& route : routes_) CHECK(route.upstream < upstreams_.size());
    fingerprint_ = fingerprint_of(routes_, upstreams_);
    const auto is_zero = [](uint32_t part) { return part == 0; };
    unconditional_ =
        !routes_.empty() && std::ranges::all_of(routes_.front().match.specificity(), is_zero);
}

const Route* RouteTable::find(const RouteQuery& query) const {
    if (unconditional_ && routes_.front().match.protocol == query.protocol) return &routes_.front();
    for (const Route& route : routes_) {
        if (route.match.matches(query)) return &route;
    }
    return nullptr;
}

bool RouteTable::level_only(const RouteQuery& query) const {
    if (find(query) != nullptr) return false;
    return std::ranges::any_of(
        routes_, [&](const Route& route) { return route.match.matches_but_level(query); });
}

}  // namespace jumpgate
