#include "core/route/moved_share.h"

#include <fmt/core.h>

#include <algorithm>
#include <functional>
#include <set>
#include <string_view>
#include <utility>

#include "core/base/rng.h"
#include "core/route/chooser.h"
#include "core/route/sample_clients.h"

namespace jumpgate {

namespace {

constexpr uint64_t kSeed = 0x5a3b1e;       // any, the same everywhere
constexpr uint64_t kTriesMax = 8'000'000;  // of a route on a client: 5 ns each
constexpr double kClearlyFewer = 0.015;    // more than sampling is off by

struct Home {
    const Route* route = nullptr;
    std::string_view broker{};  // its name; empty: the client has none
};

// Where a table places clients when all of its nodes are up and idle.
class Homes {
  public:
    explicit Homes(const RouteTable& table) : table_(table) {
        for (const Upstream& upstream : table.upstreams()) {
            UpstreamRule rule = upstream.rule();
            if (rule.balance != Balance::ConsistentHash) rule.method = HashMethod::Rendezvous;
            rule.balance = Balance::ConsistentHash;
            rule.balance_factor_percent = 0;
            upstreams_.emplace_back(std::move(rule), std::vector<Node>(upstream.nodes().begin(),
                                                                       upstream.nodes().end()));
        }
    }

    Home of(const SampleClient& client) {
        const Route* route = table_.find(client.query());
        if (route == nullptr) return {};
        const Upstream& upstream = upstreams_[route->upstream];
        const uint64_t hash = upstream.hash(client.key(upstream.rule().key));
        const auto choice = chooser_.choose(upstream, hash, upstream.weights(), {});
        if (!choice) return {};
        return {route, upstream.nodes()[choice->node].name};
    }

  private:
    const RouteTable& table_;
    std::vector<Upstream> upstreams_;
    Chooser chooser_;
};

// Any client at all, and the conditions of both tables' routes, each once.
std::vector<RouteMatch> shapes_of(const RouteTable& before, const RouteTable& after) {
    std::vector<RouteMatch> shapes(1);
    std::set<std::string> seen{shapes.front().text()};
    for (const RouteTable* table : {&before, &after}) {
        for (const Route& route : table->routes())
            if (seen.insert(route.match.text()).second) shapes.push_back(route.match);
    }
    return shapes;
}

// Of the clients of one route that were asked about.
struct Tally {
    uint32_t placed = 0;
    uint32_t moved = 0;
    double share() const { return placed == 0 ? 0 : static_cast<double>(moved) / placed; }
};

// By index of before.routes().
std::vector<Tally> tally(const RouteTable& before, const RouteTable& after) {
    std::vector<Tally> tallies(before.routes().size());
    if (before.fingerprint() == after.fingerprint()) return tallies;
    const std::vector<RouteMatch> shapes = shapes_of(before, after);
    SampleClients clients(kSeed);
    Homes homes_before(before);
    Homes homes_after(after);
    Rng rng(kSeed);  // with a stride, long tables would have their last routes left out
    const uint64_t routes = before.routes().size() + after.routes().size();
    const uint64_t asked = std::clamp<uint64_t>(kTriesMax / std::max<uint64_t>(routes, 1),
                                                kSampledClientsMin, kSampledClients);
    for (uint64_t i = 0; i < asked; ++i) {
        const SampleClient client = clients.next(shapes[rng.below(shapes.size())]);
        const Home home = homes_before.of(client);
        if (home.broker.empty()) continue;
        Tally& one = tallies[static_cast<size_t>(home.route - before.routes().data())];
        ++one.placed;
        if (homes_after.of(client).broker != home.broker) ++one.moved;
    }
    return tallies;
}

// What a route's clients count: those it has, or, where nobody is connected, those asked about.
std::vector<double> weights_of(const std::vector<Tally>& tallies,
                               std::span<const uint64_t> clients) {
    std::vector<double> weights(tallies.size());
    double sum = 0;
    for (size_t i = 0; i < std::min(clients.size(), tallies.size()); ++i) {
        if (tallies[i].placed > 0) weights[i] = static_cast<double>(clients[i]);
        sum += weights[i];
    }
    if (sum > 0) return weights;
    std::ranges::transform(tallies, weights.begin(),
                           [](const Tally& one) { return static_cast<double>(one.placed); });
    return weights;
}

double mean_share(const std::vector<Tally>& tallies, const std::vector<double>& weights) {
    double moved = 0;
    double all = 0;
    for (size_t i = 0; i < tallies.size(); ++i) {
        moved += weights[i] * tallies[i].share();
        all += weights[i];
    }
    return all == 0 ? 0 : moved / all;
}

std::vector<RouteShare> moved_routes(const RouteTable& before, const std::vector<Tally>& tallies,
                                     const std::vector<double>& weights) {
    std::vector<size_t> order;
    for (size_t i = 0; i < tallies.size(); ++i) {
        if (tallies[i].moved > 0) order.push_back(i);
    }
    std::ranges::stable_sort(order, std::greater<>(),
                             [&](size_t i) { return weights[i] * tallies[i].share(); });
    std::vector<RouteShare> routes;
    for (const size_t i : order) routes.push_back({before.routes()[i].id, tallies[i].share()});
    return routes;
}

const Node* find_name(std::span<const Node> nodes, std::string_view name) {
    const auto at = std::ranges::find(nodes, name, &Node::name);
    return at == nodes.end() ? nullptr : &*at;
}

// `after` as it would be had its nodes kept the places they have in `before`, those that are gone
// with weight 0. Appends their names to `removed`.
Upstream drained_instead(const Upstream& before, const Upstream& after,
                         std::vector<std::string>& removed) {
    std::vector<Node> nodes;
    for (Node node : before.nodes()) {
        if (const Node* kept = find_name(after.nodes(), node.name)) {
            nodes.push_back(*kept);
            continue;
        }
        if (node.weight > 0) removed.push_back(node.name);
        node.weight = 0;
        nodes.push_back(std::move(node));
    }
    for (const Node& node : after.nodes())
        if (find_name(before.nodes(), node.name) == nullptr) nodes.push_back(node);
    if (nodes.size() > kNodesMax) return after;
    return Upstream(after.rule(), std::move(nodes));
}

}  // namespace

MovedShare moved_share(const RouteTable& before, const RouteTable& after,
                       std::span<const uint64_t> clients) {
    const std::vector<Tally> tallies = tally(before, after);
    const std::vector<double> weights = weights_of(tallies, clients);
    MovedShare moved;
    moved.share = mean_share(tallies, weights);
    moved.routes = moved_routes(before, tallies, weights);
    std::vector<Upstream> drained;
    for (const Upstream& upstream : after.upstreams()) {
        const auto same = std::ranges::find(before.upstreams(), upstream.rule().id,
                                            [](const Upstream& u) { return u.rule().id; });
        drained.push_back(same == before.upstreams().end()
                              ? upstream
                              : drained_instead(*same, upstream, moved.removed));
    }
    if (moved.removed.empty()) return moved;
    const std::vector<Route> routes(after.routes().begin(), after.routes().end());
    const std::vector<Tally> instead = tally(before, RouteTable(routes, std::move(drained)));
    moved.share_if_drained = mean_share(instead, weights_of(instead, clients));
    return moved;
}

std::string by_route(const MovedShare& moved) {
    constexpr size_t kNamed = 3;
    std::string text;
    for (size_t i = 0; i < std::min(kNamed, moved.routes.size()); ++i) {
        text += fmt::format("{}{} {:.1f} %", i == 0 ? "" : ", ", moved.routes[i].id,
                            100 * moved.routes[i].share);
    }
    if (moved.routes.size() > kNamed) text += ", ...";
    return text;
}

std::string hint(const MovedShare& moved) {
    if (!moved.share_if_drained || *moved.share_if_drained + kClearlyFewer > moved.share) return {};
    constexpr size_t kNamed = 3;
    std::string names;
    for (size_t i = 0; i < std::min(kNamed, moved.removed.size()); ++i)
        names += (i == 0 ? "" : ", ") + moved.removed[i];
    if (moved.removed.size() > kNamed)
        names += fmt::format(" and {} more", moved.removed.size() - kNamed);
    return fmt::format(
        "keep {} in the list with weight 0: that moves {:.1f} % of the clients instead of {:.1f} %",
        names, 100 * *moved.share_if_drained, 100 * moved.share);
}

}  // namespace jumpgate
