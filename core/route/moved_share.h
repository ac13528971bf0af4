// moved_share: how many clients a new route table gives to another broker.
//
// Law: found by asking both tables, through the functions that route clients, about the same made
// up clients, a seeded sequence: the same two tables give the same answer in every process. Nodes
// count with their configured weights: who is down now does not matter.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/route/route_table.h"

namespace jumpgate {

// An answer is off by at most 0.015, 997 times in 1,000: three standard deviations of a share, for
// which a share of a half needs so many clients, and one near 0 or 1 a tenth. Fewer are asked about
// where tables are long, 0.05 off at most: the answer comes within some 0.1 s.
inline constexpr uint32_t kSampledClients = 10'000;
inline constexpr double kSampleError = 0.015;
inline constexpr uint32_t kSampledClientsMin = 1'000;

// Of one route's clients.
struct RouteShare {
    std::string id;
    double share = 0;  // above 0, up to 1
};

struct MovedShare {
    // Of the clients that had a broker before: those that have another one now, or none; 0 to 1.
    double share = 0;
    // The routes, of before, whose clients those are: most clients first.
    std::vector<RouteShare> routes;
    // Nodes with a weight that upstreams of the same id no longer list, "host:port".
    std::vector<std::string> removed;
    // What `share` would have been had they kept their places, with weight 0. None: none is gone.
    std::optional<double> share_if_drained;
};

// A part of the clients has plain ids, and for every route there are as many that look as it wants
// them. `clients`, by index of before.routes(), are those connected now, by which routes weigh in
// `share`; where it is empty, or all of it 0, they weigh as they are sampled. Round robin and least
// connections give no client a home: their nodes count as if each client were placed by rendezvous,
// which moves as few as possible.
MovedShare moved_share(const RouteTable& before, const RouteTable& after,
                       std::span<const uint64_t> clients = {});

// "rest 33.3 %, meters 2.0 %": three routes at most; empty where nobody moves.
std::string by_route(const MovedShare& moved);

// What to do the next time, for the log; empty where weight 0 would not have moved clearly fewer.
std::string hint(const MovedShare& moved);

}  // namespace jumpgate
