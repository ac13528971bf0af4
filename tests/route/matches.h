// Short names for what the tests of core/route are full of.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/cidr.h"
#include "core/route/route_table.h"

namespace jumpgate {

inline TextMatch pattern(TextMatch::Kind kind, std::string_view words) {
    Parsed<TextMatch> made = TextMatch::make(kind, words);
    if (const Problem* problem = std::get_if<Problem>(&made)) {
        ADD_FAILURE() << words << " " << problem->text;
        return {};
    }
    return std::get<TextMatch>(std::move(made));
}

inline TextMatch exact(std::string_view words) { return pattern(TextMatch::Kind::Exact, words); }
inline TextMatch prefix(std::string_view words) { return pattern(TextMatch::Kind::Prefix, words); }
inline TextMatch glob(std::string_view words) { return pattern(TextMatch::Kind::Glob, words); }
inline TextMatch regex(std::string_view words) { return pattern(TextMatch::Kind::Regex, words); }

inline Cidr cidr(std::string_view words) { return std::get<Cidr>(parse_cidr(words)); }

// A table in which each route has its own upstream, of one node with the route's id as its name.
inline RouteTable table_of(std::vector<Route> routes) {
    std::vector<Upstream> upstreams;
    for (Route& route : routes) {
        route.upstream = static_cast<uint16_t>(upstreams.size());
        upstreams.emplace_back(UpstreamRule{.id = route.id}, std::vector<Node>{{.name = route.id}});
    }
    return RouteTable(std::move(routes), std::move(upstreams));
}

}  // namespace jumpgate
