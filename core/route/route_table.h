// RouteTable: what a worker reads to find a client's upstream. Immutable once built.
//
// Law: the control thread builds a new table for every change and hands over the pointer; nobody
// writes to one that a worker can see. Routes are tried most specific first, ties by priority, then
// by the order they were given in. Liveness is not in here: it changes per worker and per second.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/route/route_match.h"
#include "core/route/upstream.h"

namespace jumpgate {

struct Route {
    std::string id{};
    RouteMatch match{};
    int32_t priority = 0;   // of routes that are equally specific, the greater one is tried first
    uint16_t upstream = 0;  // index in upstreams()
    uint16_t slot = 0;      // where the process counts this route
};

class RouteTable {
  public:
    RouteTable() = default;  // no route: nobody is served
    // CHECK: every route's upstream is one of `upstreams`.
    RouteTable(std::vector<Route> routes, std::vector<Upstream> upstreams);

    // The route of a client; null where none matches. O(routes). Lives as long as the table.
    const Route* find(const RouteQuery& query) const;
    // No route matches, and one would if the client spoke another version of MQTT.
    bool level_only(const RouteQuery& query) const;

    // In the order they are tried. A route with several snis is here once for each: which comes
    // first depends on the name, not on the list it is in.
    std::span<const Route> routes() const { return routes_; }
    std::span<const Upstream> upstreams() const { return upstreams_; }

    // Equal where two tables route every client alike, on any machine: XXH3-64 of the routes'
    // conditions in the order they are tried and of their upstreams' rules and ordered nodes. Ids
    // do not count. Print it as 16 hexadecimal digits.
    uint64_t fingerprint() const { return fingerprint_; }

  private:
    std::vector<Route> routes_;
    std::vector<Upstream> upstreams_;
    uint64_t fingerprint_ = 0;
    bool unconditional_ = false;  // the first route has no condition but its protocol
};

}  // namespace jumpgate
