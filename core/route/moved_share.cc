#include "core/route/moved_share.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "core/base/rng.h"
#include "core/route/chooser.h"
#include "core/route/sample_clients.h"

namespace jumpgate {

namespace {

constexpr uint64_t kSeed = 0x5a3b1e;       // any, the same everywhere
constexpr uint64_t kTriesMax = 8'000'000;  // of a route on a client: 5 ns each
constexpr double kClearlyFewer = kSampleError;

// Where a table places clients when all of its nodes are up and idle.
class Homes {
  public:
    explicit Homes(const RouteTable& table) {
        for (const Upstream& upstream : table.upstreams()) {
            UpstreamRule rule = upstream.rule();
            if (rule.balance != Balance::ConsistentHash) rule.method = HashMethod::Rendezvous;
            rule.balance = Balance::ConsistentHash;
            rule.balance_factor_percent = 0;
            upstreams_.emplace_back(std::move(rule), std::vector<Node>(upstream.nodes().begin(),
                                                                       upstream.nodes().end()));
        }
    }

    // The name of the client's broker; empty for none.
    std::string_view of(const Route* route, const RouteQuery& client) {
        if (route == nullptr) return {};
        const Upstream& upstream = upstreams_[route->upstream];
        const uint64_t hash = upstream.hash(key_of(client, upstream.rule().key, room_));
        const auto choice = chooser_.choose(upstream, hash, upstream.weights(), {});
        return choice ? std::string_view(upstream.nodes()[choice->node].name) : std::string_view();
    }
    const Upstream& upstream(const Route& route) const { return upstreams_[route.upstream]; }

  private:
    std::vector<Upstream> upstreams_;
    Chooser chooser_;
    std::string room_;  // of a key
};

bool places_alike(const Upstream& a, const Upstream& b) {
    const auto rule = [](const UpstreamRule& r) {
        return std::tuple(r.key, r.key_prefix_until, r.method);
    };
    const auto alike = [](const Node& x, const Node& y) {
        return std::tie(x.name, x.weight, x.priority) == std::tie(y.name, y.weight, y.priority);
    };
    return rule(a.rule()) == rule(b.rule()) && std::ranges::equal(a.nodes(), b.nodes(), alike);
}

// Asks both tables about a client, and only what tells them apart: most changes leave most routes
// and most upstreams as they were.
class Comparison {
  public:
    Comparison(const RouteTable& before, const RouteTable& after)
        : before_(before), after_(after), homes_before_(before), homes_after_(after) {
        const std::vector<std::string> old_texts = add_shapes(before);
        const std::vector<std::string> new_texts = add_shapes(after);
        const auto differ = std::ranges::mismatch(old_texts, new_texts);
        same_routes_ = static_cast<size_t>(differ.in1 - old_texts.begin());
    }

    // Any client at all, and the conditions of both tables' routes, each once.
    const std::vector<RouteMatch>& shapes() const { return shapes_; }

    enum class Fate : uint8_t { Homeless, Stays, Moves };
    // `index`: of the client's route in `before`, where it is not homeless.
    Fate of(const SampleClient& client, size_t& index) {
        const RouteQuery query = client.query();
        const Route* was = before_.find(query);
        if (was == nullptr) return Fate::Homeless;
        index = static_cast<size_t>(was - before_.routes().data());
        const Route* is = index < same_routes_ ? &after_.routes()[index] : after_.find(query);
        if (is != nullptr && upstreams_alike(*was, *is))
            return serves(*was) ? Fate::Stays : Fate::Homeless;
        const std::string_view home = homes_before_.of(was, query);
        if (home.empty()) return Fate::Homeless;
        return homes_after_.of(is, query) == home ? Fate::Stays : Fate::Moves;
    }

  private:
    std::vector<std::string> add_shapes(const RouteTable& table) {
        std::vector<std::string> texts;
        for (const Route& route : table.routes()) {
            texts.push_back(route.match.text());
            if (seen_.insert(texts.back()).second) shapes_.push_back(route.match);
        }
        return texts;
    }
    bool serves(const Route& route) const {
        return std::ranges::any_of(homes_before_.upstream(route).weights(),
                                   [](uint32_t weight) { return weight > 0; });
    }
    bool upstreams_alike(const Route& was, const Route& is) {
        const auto [known, is_new] = alike_.try_emplace({was.upstream, is.upstream});
        if (is_new)
            known->second = places_alike(homes_before_.upstream(was), homes_after_.upstream(is));
        return known->second;
    }

    const RouteTable& before_;
    const RouteTable& after_;
    Homes homes_before_;
    Homes homes_after_;
    std::vector<RouteMatch> shapes_{1};
    std::set<std::string> seen_{RouteMatch().text()};
    size_t same_routes_ = 0;  // the first ones of both, with the same conditions
    std::map<std::pair<uint16_t, uint16_t>, bool> alike_;
};

// Of the clients of one route that were asked about.
struct Tally {
    uint32_t placed = 0;
    uint32_t moved = 0;
    double share() const { return placed == 0 ? 0 : static_cast<double>(moved) / placed; }
    // Of the share, were it the one seen so far; never sure of 0 or 1.
    double variance() const {
        const double share = (moved + 1.0) / (placed + 2.0);
        return share * (1 - share) / (placed + 2.0);
    }
};

// All clients that were asked about, by index of before.routes().
class Sample {
  public:
    Sample(const RouteTable& before, const RouteTable& after, std::span<const uint64_t> clients)
        : tallies_(before.routes().size()), clients_(clients) {
        if (before.fingerprint() == after.fingerprint()) return;
        Comparison comparison(before, after);
        SampleClients made_up(kSeed);
        Rng rng(kSeed);  // with a stride, long tables would have their last routes left out
        const uint64_t routes = before.routes().size() + after.routes().size();
        const uint64_t most = std::clamp<uint64_t>(kTriesMax / std::max<uint64_t>(routes, 1),
                                                   kSampledClientsMin, kSampledClients);
        for (uint64_t asked = 0; asked < most; ++asked) {
            if (asked > 0 && asked % kSampledClientsMin == 0 && error() <= kSampleError) break;
            const auto& shapes = comparison.shapes();
            size_t route = 0;
            const SampleClient client = made_up.next(shapes[rng.below(shapes.size())]);
            const Comparison::Fate fate = comparison.of(client, route);
            if (fate == Comparison::Fate::Homeless) continue;
            ++tallies_[route].placed;
            if (fate == Comparison::Fate::Moves) ++tallies_[route].moved;
        }
    }

    const std::vector<Tally>& tallies() const { return tallies_; }

    // What a route's clients count: those it has, or, where nobody is connected, those asked about.
    std::vector<double> weights() const {
        std::vector<double> weights(tallies_.size());
        double sum = 0;
        for (size_t i = 0; i < std::min(clients_.size(), tallies_.size()); ++i) {
            if (tallies_[i].placed > 0) weights[i] = static_cast<double>(clients_[i]);
            sum += weights[i];
        }
        if (sum > 0) return weights;
        std::ranges::transform(tallies_, weights.begin(),
                               [](const Tally& one) { return static_cast<double>(one.placed); });
        return weights;
    }

    double share() const {
        const std::vector<double> weight = weights();
        double moved = 0;
        double all = 0;
        for (size_t i = 0; i < tallies_.size(); ++i) {
            moved += weight[i] * tallies_[i].share();
            all += weight[i];
        }
        return all == 0 ? 0 : moved / all;
    }

  private:
    // Three standard deviations of share().
    double error() const {
        const std::vector<double> weight = weights();
        double variance = 0;
        double all = 0;
        for (size_t i = 0; i < tallies_.size(); ++i) {
            variance += weight[i] * weight[i] * tallies_[i].variance();
            all += weight[i];
        }
        return all == 0 ? 1 : 3 * std::sqrt(variance) / all;
    }

    std::vector<Tally> tallies_;
    std::span<const uint64_t> clients_;
};

// The greatest number of clients first.
std::vector<RouteShare> moved_routes(const RouteTable& before, const Sample& sample) {
    const std::vector<double> weights = sample.weights();
    const std::vector<Tally>& tallies = sample.tallies();
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

using NodesByName = std::unordered_map<std::string_view, const Node*>;

NodesByName by_name(std::span<const Node> nodes) {
    NodesByName found;
    for (const Node& node : nodes) found.emplace(node.name, &node);
    return found;
}

// `after` as it would be had its nodes kept the places they have in `before`, those that are gone
// with weight 0. Appends their names to `removed`.
Upstream drained_instead(const Upstream& before, const Upstream& after,
                         std::vector<std::string>& removed) {
    const NodesByName now = by_name(after.nodes());
    const NodesByName earlier = by_name(before.nodes());
    std::vector<Node> nodes;
    for (Node node : before.nodes()) {
        if (const auto kept = now.find(node.name); kept != now.end()) {
            nodes.push_back(*kept->second);
            continue;
        }
        if (node.weight > 0) removed.push_back(node.name);
        node.weight = 0;
        nodes.push_back(std::move(node));
    }
    for (const Node& node : after.nodes())
        if (!earlier.contains(node.name)) nodes.push_back(node);
    if (nodes.size() > kNodesMax) return after;
    return Upstream(after.rule(), std::move(nodes));
}

}  // namespace

MovedShare moved_share(const RouteTable& before, const RouteTable& after,
                       std::span<const uint64_t> clients) {
    const Sample sample(before, after, clients);
    MovedShare moved;
    moved.share = sample.share();
    moved.routes = moved_routes(before, sample);
    std::vector<Upstream> drained;
    std::unordered_map<std::string_view, const Upstream*> by_id;
    for (const Upstream& upstream : before.upstreams())
        by_id.emplace(upstream.rule().id, &upstream);
    for (const Upstream& upstream : after.upstreams()) {
        const auto same = by_id.find(upstream.rule().id);
        drained.push_back(same == by_id.end()
                              ? upstream
                              : drained_instead(*same->second, upstream, moved.removed));
    }
    if (moved.removed.empty()) return moved;
    const std::vector<Route> routes(after.routes().begin(), after.routes().end());
    const RouteTable instead(routes, std::move(drained));
    moved.share_if_drained = Sample(before, instead, clients).share();
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
