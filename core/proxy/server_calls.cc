// Server, the answers: how all is (watch) and where a client would go (explain), asked by the
// control plane on its own threads; the control thread finds out.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "core/base/time.h"
#include "core/proxy/server.h"

namespace jumpgate {

static constexpr std::chrono::milliseconds kAnswerTimeout{kAnswerTimeoutMs};

void Server::drain() {
    const std::lock_guard<std::mutex> lock(call_lock_);
    drain_wanted_ = true;
    wakeup_->signal();
}

// ---- watch --------------------------------------------------------------------------------------

Watch Server::watch() {
    std::unique_lock<std::mutex> lock(call_lock_);
    const uint64_t before = watches_;
    watch_wanted_ = true;
    wakeup_->signal();
    const bool answered =
        answered_.wait_for(lock, kAnswerTimeout, [&] { return ended_ || watches_ > before; });
    Watch watch = watch_;
    watch.complete = answered;
    return watch;
}

// By upstream, its nodes as they are listed, then those that are no nodes. Slots alone tell
// nothing: a node that comes later gets any.
static std::vector<uint16_t> slots_in_order(const Snapshot& snapshot) {
    std::vector<size_t> places(snapshot.brokers.size(), SIZE_MAX);
    for (const Upstream& upstream : snapshot.routes.upstreams()) {
        for (size_t i = 0; i < upstream.nodes().size(); ++i) places[upstream.nodes()[i].slot] = i;
    }
    std::vector<uint16_t> slots;
    for (uint16_t slot = 0; slot < snapshot.brokers.size(); ++slot) {
        if (!snapshot.brokers[slot].upstream.empty()) slots.push_back(slot);
    }
    std::ranges::stable_sort(slots, {}, [&](uint16_t slot) {
        return std::pair(std::string_view(snapshot.brokers[slot].upstream), places[slot]);
    });
    return slots;
}

// On the control thread: all workers have reported.
void Server::finish_watch() {
    Watch watch;
    sum_stats(watch.stats);
    for (const std::unique_ptr<Seat>& seat : seats_) {
        const Report& report = seat->report;
        const double busy_share = seat->busy.read(report.busy_ns, report.life_ns);
        watch.workers.push_back({report.busy_ns, busy_share, report.stats.cq_overflows});
    }
    watch.listeners = listening_;
    watch.tls_version = tls::library_version();
    watch.tls_assembly = tls::library_has_assembly();
    watch.connections_max = shared_.connections_max;
    watch.started_s = shared_.started_s;
    watch.draining = draining_;
    take_unused();
    {
        const std::lock_guard<std::mutex> lock(snapshots_lock_);
        watch_snapshot(watch);
    }
    const std::lock_guard<std::mutex> lock(call_lock_);
    watch_ = std::move(watch);
    watch_wanted_ = false;
    ++watches_;
    watched_ns_ = monotonic_ns();
    answered_.notify_all();
}

// What `watch.stats` mean by the newest snapshot; the lock of snapshots is held.
void Server::watch_snapshot(Watch& watch) const {
    const Snapshot& snapshot = newest();
    watch.route_tables = snapshots_.size();
    watch.config_version = snapshot.version;
    watch.config_changed_s = changed_s_;
    for (const CertificateExpiry& expiry : snapshot.credentials.expiries) {
        watch.certificates.push_back({expiry.label, expiry.not_after_s});
    }
    watch.route_fingerprint = snapshot.routes.fingerprint();
    watch.has_routes = !snapshot.routes.routes().empty();
    std::vector<bool> routed(snapshot.routes.upstreams().size());
    for (const Route& route : snapshot.routes.routes()) routed[route.upstream] = true;
    for (const uint16_t slot : slots_in_order(snapshot)) {
        const Broker& broker = snapshot.brokers[slot];
        watch.brokers.push_back(state_of(slot, snapshot, watch.stats));
        watch.brokers.back().routed = broker.listed && routed[broker.upstream_index];
    }
    for (size_t slot = 0; slot < snapshot.route_ids.size(); ++slot) {
        if (snapshot.route_ids[slot].empty()) continue;
        RouteState route{snapshot.route_ids[slot]};
        if (slot < watch.stats.routes.size()) {
            route.connections = watch.stats.routes[slot].connections;
            route.connections_total = watch.stats.routes[slot].connections_total;
        }
        watch.routes.push_back(std::move(route));
    }
}

BrokerState Server::state_of(uint16_t slot, const Snapshot& snapshot, const Stats& sum) const {
    const Broker& broker = snapshot.brokers[slot];
    BrokerState state;
    state.upstream = broker.upstream;
    state.name = broker.name;
    for (const Address& address : broker.addresses) state.addresses.push_back(address.to_string());
    state.weight = broker.weight;
    state.priority = broker.priority;
    state.listed = broker.listed;
    if (slot < sum.nodes.size()) state.stats = sum.nodes[slot];
    const uint16_t share = shared_.board.shares[slot].load(std::memory_order_relaxed);
    state.effective_weight = state.stats.down ? 0 : broker.weight * share / double{kShareFull};
    if (const BrokerHealth* health = health_->of(slot)) {
        state.condition = health->condition;
        state.why = health->why;
        state.checks = health->checks;
        state.checks_failed = health->checks_failed;
        if (health->last_check_ns > 0) {
            state.last_check_ms_ago = (monotonic_ns() - health->last_check_ns) / kNanosPerMilli;
        }
    }
    if (state.stats.down) {
        state.condition = BrokerCondition::Down;
        state.why = "clients' dials fail";
    }
    if (broker.addresses.empty()) {
        state.condition = BrokerCondition::Down;
        state.why = broker.problem.empty() ? "its name was never resolved" : broker.problem;
        state.effective_weight = 0;
    }
    if (broker.weight == 0 || !broker.listed) {
        state.condition = BrokerCondition::Drained;
        state.effective_weight = 0;
    }
    return state;
}

// ---- explain ------------------------------------------------------------------------------------

// What the answer leaves out: each worker takes turns of its own, and believes its own dials.
static std::string_view reservation(const Upstream& upstream, bool fails_somewhere) {
    if (fails_somewhere)
        return "; some workers' dials to this broker fail: there its clients go elsewhere";
    if (upstream.rule().balance == Balance::RoundRobin)
        return "; an example: each worker takes turns of its own";
    if (upstream.rule().balance == Balance::LeastConnections)
        return "; as it is this moment: each client changes it";
    return "";
}

// Of a reading that is a second old at most: who asks for thousands of clients sends the workers
// round once.
void Server::refresh_watch() {
    {
        const std::lock_guard<std::mutex> lock(call_lock_);
        if (watches_ > 0 && monotonic_ns() - watched_ns_ < kNanosPerSecond) return;
    }
    watch();
}

// A worker's dials have marked it down.
bool Server::fails_somewhere(std::string_view upstream, std::string_view node) {
    const std::lock_guard<std::mutex> lock(call_lock_);
    return std::ranges::any_of(watch_.brokers, [&](const BrokerState& broker) {
        return broker.upstream == upstream && broker.name == node && broker.stats.down;
    });
}

RouteAnswer Server::explain(const RouteQuery& query) {
    refresh_watch();
    Snapshot& snapshot = hold_newest();
    NodeHealth no_dials;  // workers' own experience is not looked at
    no_dials.resize(snapshot.brokers.size());
    Routing routing(snapshot, shared_.board, no_dials);
    RouteAnswer answer;
    const Route* route = snapshot.routes.find(query);
    if (route == nullptr) {
        answer.why = snapshot.routes.level_only(query)
                         ? "the stream routes for this client take other versions of MQTT"
                         : "no stream route is for this client";
        return answer;
    }
    const Upstream& upstream = snapshot.routes.upstreams()[route->upstream];
    answer.route = route->id;
    answer.why = route->match.text();
    answer.upstream = upstream.rule().id;
    answer.balance = text(upstream.rule().balance);
    std::string room;
    answer.key = key_of(query, upstream.rule().key, room);
    answer.hash = answer.key.empty() ? 0 : upstream.hash(answer.key);
    const std::optional<Choice> choice = routing.choose(route->upstream, answer.hash, {}, 0);
    if (!choice) return answer;
    answer.attempts = choice->attempts;
    answer.step = text(choice->step);
    const Node& node = upstream.nodes()[choice->node];
    answer.broker = node.name;
    answer.why += reservation(upstream, fails_somewhere(answer.upstream, node.name));
    if (answer.key.empty() && upstream.rule().balance == Balance::ConsistentHash) {
        answer.step = "random";  // a client without a key has no home
        answer.broker.clear();
    }
    return answer;
}

}  // namespace jumpgate
