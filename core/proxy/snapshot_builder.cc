#include "core/proxy/snapshot_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <string_view>
#include <unordered_map>

#include "core/base/host_port.h"

namespace jumpgate {

std::string node_name(const std::string& host, uint16_t port) {
    return port == 0 ? host : text(HostPort{host, port});
}

// What the name of a broker is in the slots: upstreams share no health and no counters.
static std::string slot_name(std::string_view upstream, std::string_view node) {
    return fmt::format("{}\n{}", upstream, node);
}

std::vector<WatchedName> names_of(const Objects& objects) {
    std::vector<WatchedName> names;
    for (const UpstreamConfig& upstream : objects.upstreams) {
        for (const BrokerAddress& node : upstream.nodes) names.push_back({node.host, node.port});
    }
    return names;
}

SnapshotBuilder::SnapshotBuilder(const Config& config, const BrokerBoard& board,
                                 const tls::TicketKeys& process_tickets)
    : config_(config), board_(board), process_tickets_(process_tickets) {}

Parsed<std::unique_ptr<Snapshot>> SnapshotBuilder::build(const Request& request) {
    broker_slots_.free_unused(request.oldest_version, [this](uint16_t slot) {
        return board_.clients[slot].load(std::memory_order_relaxed) > 0;
    });
    route_slots_.free_unused(request.oldest_version, [this](uint16_t slot) {
        return board_.routed[slot].load(std::memory_order_relaxed) > 0;
    });
    auto snapshot = std::make_unique<Snapshot>();
    snapshot->version = ++version_;
    std::vector<Upstream> upstreams;
    std::vector<Route> routes;
    std::string problem = add_upstreams(request, *snapshot, upstreams);
    if (problem.empty()) problem = check_sources(*snapshot);
    if (problem.empty()) problem = add_routes(request.objects, *snapshot, routes);
    if (problem.empty()) problem = load_tls(request, *snapshot);
    if (!problem.empty()) {
        broker_slots_.give_back(version_);
        route_slots_.give_back(version_);
        --version_;
        return Problem{std::move(problem)};
    }
    keep_unlisted(request, *snapshot);
    snapshot->routes = RouteTable(std::move(routes), std::move(upstreams));
    return snapshot;
}

static std::string too_many(std::string_view upstream) {
    return fmt::format("upstream {}: too many brokers; at most {} of an upstream and {} in all",
                       upstream, kNodesMax, kBrokerSlots);
}

std::string SnapshotBuilder::add_upstreams(const Request& request, Snapshot& snapshot,
                                           std::vector<Upstream>& upstreams) {
    for (const UpstreamConfig& upstream : request.objects.upstreams) {
        std::vector<Node> nodes;
        for (const BrokerAddress& address : upstream.nodes) {
            const auto found = request.names.find({address.host, address.port});
            ResolvedName unknown;
            const ResolvedName& name = found == request.names.end() ? unknown : found->second;
            std::vector<ResolvedTarget> targets = name.targets;
            // Never resolved: it keeps its place in the list, or clients would move when it is.
            if (targets.empty() && address.port != 0) {
                ResolvedTarget place;
                place.host = address.host;
                place.port = address.port;
                targets.push_back(std::move(place));
            }
            for (const ResolvedTarget& target : targets) {
                std::string problem = add_node(upstream, address, target, snapshot, nodes);
                if (!problem.empty()) return problem;
                snapshot.brokers[nodes.back().slot].problem = name.problem;
            }
            if (!targets.empty()) continue;
            const std::optional<uint16_t> slot =
                add_broker(upstream, address, {.host = address.host}, snapshot);
            if (!slot) return too_many(upstream.id);
            snapshot.brokers[*slot].problem = name.problem;
        }
        UpstreamRule rule;
        rule.id = upstream.id;
        rule.balance = upstream.type;
        rule.key = upstream.key;
        rule.key_prefix_until = upstream.key_prefix_until;
        rule.method = upstream.hash;
        rule.balance_factor_percent = upstream.hash_balance_factor_percent;
        upstreams.emplace_back(std::move(rule), std::move(nodes));
        snapshot.upstreams.push_back(plan_of(upstream));
    }
    return {};
}

std::string SnapshotBuilder::add_node(const UpstreamConfig& upstream, const BrokerAddress& address,
                                      const ResolvedTarget& target, Snapshot& snapshot,
                                      std::vector<Node>& nodes) {
    if (nodes.size() == kNodesMax) return too_many(upstream.id);
    const std::optional<uint16_t> slot = add_broker(upstream, address, target, snapshot);
    if (!slot) return too_many(upstream.id);
    const Broker& broker = snapshot.brokers[*slot];
    nodes.push_back({broker.name, broker.weight, broker.priority, *slot});
    return {};
}

// What has a slot is shown and logged. A service (SRV) without an answer yet is that, and no node:
// how many it stands for is not known.
std::optional<uint16_t> SnapshotBuilder::add_broker(const UpstreamConfig& upstream,
                                                    const BrokerAddress& address,
                                                    const ResolvedTarget& target,
                                                    Snapshot& snapshot) {
    const std::string name = node_name(target.host, target.port);
    const std::optional<uint16_t> slot =
        broker_slots_.take(slot_name(upstream.id, name), snapshot.version);
    if (!slot) return slot;
    if (snapshot.brokers.size() <= *slot) snapshot.brokers.resize(size_t{*slot} + 1);
    Broker& broker = snapshot.brokers[*slot];
    broker.upstream = upstream.id;
    broker.name = name;
    broker.addresses = target.addresses;
    broker.tls = address.tls || upstream.scheme_tls;
    broker.server_name = !address.sni.empty()                ? address.sni
                         : !upstream.tls.server_name.empty() ? upstream.tls.server_name
                                                             : target.host;
    // No part of a name in SNI (RFC 6066 3).
    if (broker.server_name.ends_with('.')) broker.server_name.pop_back();
    broker.listed = true;
    broker.weight = address.weight;
    // Down to what an int32_t holds: an order is kept, no number wraps around.
    constexpr int64_t kLowest = std::numeric_limits<int32_t>::min();
    broker.priority = static_cast<int32_t>(
        std::max(int64_t{address.priority} - int64_t{target.srv_priority}, kLowest));
    broker.check = upstream.active;
    broker.slow_start_s = upstream.slow_start_s;
    broker.upstream_index = static_cast<uint16_t>(snapshot.upstreams.size());
    return slot;
}

UpstreamPlan SnapshotBuilder::plan_of(const UpstreamConfig& upstream) const {
    UpstreamPlan plan;
    plan.dial_timeout_ms = upstream.connect_timeout_ms.value_or(config_.dial_timeout_ms);
    plan.dial_attempts_max =
        upstream.retries ? std::min(*upstream.retries + 1, 16U) : config_.dial_attempts_max;
    plan.fail_max = upstream.passive ? upstream.passive->unhealthy_tcp_failures : config_.fail_max;
    plan.timeouts_max = upstream.passive ? upstream.passive->unhealthy_timeouts : config_.fail_max;
    plan.fail_timeout_ms = config_.fail_timeout_ms;
    plan.all_down = upstream.active ? upstream.all_down : AllDown::UseAll;
    return plan;
}

std::string SnapshotBuilder::add_routes(const Objects& objects, Snapshot& snapshot,
                                        std::vector<Route>& routes) {
    std::unordered_map<std::string_view, uint16_t> indices;
    for (uint16_t i = 0; i < objects.upstreams.size(); ++i) {
        indices.emplace(objects.upstreams[i].id, i);
    }
    for (const StreamRouteConfig& route : objects.stream_routes) {
        const auto upstream = indices.find(route.upstream_id);
        if (upstream == indices.end()) {
            return fmt::format("stream_route {}: there is no upstream {}", route.id,
                               route.upstream_id);
        }
        const std::optional<uint16_t> slot = route_slots_.take(route.id, snapshot.version);
        if (!slot) return fmt::format("too many stream routes; at most {}", kRouteSlots);
        if (snapshot.route_ids.size() <= *slot) snapshot.route_ids.resize(size_t{*slot} + 1);
        snapshot.route_ids[*slot] = route.id;
        snapshot.routes_by_server_addr |= route.match.server_addr.has_value();
        snapshot.routes_http |= route.match.protocol == Protocol::Http;
        routes.push_back({route.id, route.match, route.priority, upstream->second, *slot});
    }
    return {};
}

SnapshotBuilder SnapshotBuilder::trial() const {
    SnapshotBuilder trial(config_, board_, process_tickets_);
    trial.loaded_ = loaded_;
    return trial;
}

// The same contexts for upstreams that come in another order, or are more or fewer.
static std::vector<tls::ClientContextRef> reordered(
    const std::vector<std::string>& ids, const std::vector<tls::ClientContextRef>& contexts,
    const std::vector<UpstreamConfig>& upstreams) {
    std::map<std::string_view, size_t> places;
    for (size_t i = 0; i < ids.size(); ++i)
        if (contexts[i] != nullptr) places.emplace(ids[i], i);
    std::vector<tls::ClientContextRef> all(upstreams.size());
    if (places.empty()) return all;
    for (size_t i = 0; i < upstreams.size(); ++i) {
        const auto found = places.find(upstreams[i].id);
        if (found != places.end()) all[i] = contexts[found->second];
    }
    return all;
}

// A change of an upstream or a route does not read a hundred certificates again.
std::string SnapshotBuilder::load_tls(const Request& request, Snapshot& snapshot) {
    const TlsInputs inputs = tls_inputs(request.objects);
    const std::vector<UpstreamConfig>& upstreams = request.objects.upstreams;
    if (!request.read_files && loaded_ && loaded_->inputs == inputs) {
        Credentials& known = loaded_->credentials;
        known.upstreams = reordered(loaded_->upstreams, known.upstreams, upstreams);
        known.warnings.clear();
    } else {
        Parsed<Credentials> loaded = load_credentials(config_, request.objects, process_tickets_);
        if (Problem* problem = std::get_if<Problem>(&loaded)) return std::move(problem->text);
        loaded_ = {inputs, {}, std::move(std::get<Credentials>(loaded))};
    }
    loaded_->upstreams.clear();
    for (const UpstreamConfig& upstream : upstreams) loaded_->upstreams.push_back(upstream.id);
    snapshot.credentials = loaded_->credentials;
    for (size_t i = 0; i < snapshot.upstreams.size(); ++i) {
        snapshot.upstreams[i].context = snapshot.credentials.upstreams[i];
    }
    return {};
}

// Addresses to dial from are of no use to a broker of another family.
std::string SnapshotBuilder::check_sources(const Snapshot& snapshot) const {
    if (config_.source_addresses.empty()) return {};
    const auto has = [this](sa_family_t family) {
        return std::ranges::any_of(config_.source_addresses, [family](const std::string& text) {
            const std::optional<Address> source = Address::parse(text, 0);
            return source && source->any.sa_family == family;
        });
    };
    for (const Broker& broker : snapshot.brokers) {
        if (broker.addresses.empty()) continue;
        const bool reachable = std::ranges::any_of(
            broker.addresses, [&](const Address& address) { return has(address.any.sa_family); });
        if (reachable) continue;
        return fmt::format("--source-address: none of them is {}, as broker {} is",
                           broker.addresses[0].any.sa_family == AF_INET ? "IPv4" : "IPv6",
                           broker.name);
    }
    return {};
}

// What is no longer listed and still has clients keeps its names.
void SnapshotBuilder::keep_unlisted(const Request& request, Snapshot& snapshot) {
    snapshot.brokers.resize(broker_slots_.size());
    snapshot.route_ids.resize(route_slots_.size());
    if (request.previous == nullptr) return;
    const std::vector<Broker>& before = request.previous->brokers;
    for (uint16_t slot = 0; slot < before.size(); ++slot) {
        // The name tells: a slot that was freed may be another's by now.
        const bool kept =
            broker_slots_.name(slot) == slot_name(before[slot].upstream, before[slot].name);
        if (snapshot.brokers[slot].listed || !kept) continue;
        // Never resolved: nobody was there, and nobody misses it.
        const bool used = board_.clients[slot].load(std::memory_order_relaxed) > 0;
        if (before[slot].addresses.empty() && !used) continue;
        snapshot.brokers[slot] = before[slot];
        snapshot.brokers[slot].listed = false;
    }
    const std::vector<std::string>& routes = request.previous->route_ids;
    for (uint16_t slot = 0; slot < routes.size(); ++slot) {
        if (route_slots_.name(slot) == routes[slot]) snapshot.route_ids[slot] = routes[slot];
    }
}

}  // namespace jumpgate
