// Server, the answers: what the control plane asks, on its own threads, and what the control thread
// finds out for it.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "core/base/time.h"
#include "core/proxy/server.h"

namespace jumpgate {

static constexpr std::chrono::milliseconds kAnswerTimeout{kAnswerTimeoutMs};
static constexpr uint32_t kEvictTickMs = 100;

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
        watch.workers.push_back(
            {seat->report.busy_ns, seat->report.life_ns, seat->report.stats.cq_overflows});
    }
    watch.listeners = listening_;
    watch.listeners.insert(watch.listeners.end(), tls_listening_.begin(), tls_listening_.end());
    watch.connections_max = shared_.connections_max;
    watch.started_s = shared_.started_s;
    watch.draining = draining_;
    take_unused();
    {
        const std::lock_guard<std::mutex> lock(snapshots_lock_);
        watch.route_tables = snapshots_.size();
        const Snapshot& snapshot = newest();
        watch.config_version = snapshot.version;
        watch.config_changed_s = changed_s_;
        for (const CertificateExpiry& expiry : snapshot.credentials.expiries) {
            watch.certificates.push_back({expiry.label, expiry.not_after_s});
        }
        watch.route_fingerprint = snapshot.routes.fingerprint();
        for (const uint16_t slot : slots_in_order(snapshot)) {
            watch.brokers.push_back(state_of(slot, snapshot, watch.stats));
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
    const std::lock_guard<std::mutex> lock(call_lock_);
    watch_ = std::move(watch);
    watch_wanted_ = false;
    ++watches_;
    answered_.notify_all();
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

RouteAnswer Server::explain(const RouteQuery& query) {
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
    answer.broker = upstream.nodes()[choice->node].name;
    if (answer.key.empty() && upstream.rule().balance == Balance::ConsistentHash) {
        answer.step = "random";  // a client without a key has no home
        answer.broker.clear();
    }
    return answer;
}

// ---- find ---------------------------------------------------------------------------------------

std::vector<FoundConnection> Server::find(std::string_view client_id, size_t max) {
    const std::lock_guard<std::mutex> one_at_a_time(find_lock_);
    std::unique_lock<std::mutex> lock(call_lock_);
    find_wanted_ = true;
    find_client_id_ = client_id;
    find_max_ = max;
    ++finds_;
    finds_due_ = static_cast<uint32_t>(seats_.size());
    found_.clear();
    wakeup_->signal();
    answered_.wait_for(lock, kAnswerTimeout, [&] { return ended_ || finds_due_ == 0; });
    if (found_.size() > max) found_.resize(max);
    return std::move(found_);
}

// On its worker's thread.
static void look_for(Worker& worker, std::string_view client_id, size_t max,
                     std::vector<FoundConnection>& out) {
    std::vector<FoundRelay> relays;
    worker.find(client_id, max, relays);
    const Snapshot& snapshot = worker.snapshot();
    for (const FoundRelay& relay : relays) {
        const Broker& broker = snapshot.brokers[relay.identity.node];
        FoundConnection found;
        found.client_id = relay.identity.client_id();
        found.peer = relay.identity.peer.to_string();
        found.route = snapshot.route_ids[relay.identity.route];
        found.upstream = broker.upstream;
        found.broker = broker.name;
        found.bytes_up = relay.bytes_up;
        found.bytes_down = relay.bytes_down;
        found.age_s = relay.identity.age_us(worker.reactor().now_ns()) / 1'000'000;
        found.worker = worker.index();
        found.tls = relay.tls;
        out.push_back(std::move(found));
    }
}

void Server::send_finds() {
    const std::lock_guard<std::mutex> lock(call_lock_);
    if (!std::exchange(find_wanted_, false)) return;
    for (const std::unique_ptr<Seat>& seat : seats_) {
        if (seat->ended || seat->find.out) {  // it answers nothing, or an earlier question
            --finds_due_;
            continue;
        }
        Find& find = seat->find;
        find.client_id = find_client_id_;
        find.max = find_max_;
        find.asked = finds_;
        find.found.clear();
        find.run = [](Errand& errand, Worker& worker) {
            Find& self = static_cast<Find&>(errand);
            look_for(worker, self.client_id, self.max, self.found);
        };
        find.done = [](Errand& errand) {
            Seat& self = *static_cast<Find&>(errand).seat;
            self.server->on_found(self);
        };
        seat->worker->send_errand(reactor_->ring(), find);
    }
    answered_.notify_all();
}

void Server::on_found(Seat& seat) {
    const std::lock_guard<std::mutex> lock(call_lock_);
    if (seat.find.asked != finds_ || finds_due_ == 0) return;  // nobody waits for it any more
    std::ranges::move(seat.find.found, std::back_inserter(found_));
    seat.find.found.clear();
    --finds_due_;
    answered_.notify_all();
}

// ---- evict --------------------------------------------------------------------------------------

// Its slot; else what forbids it.
bool Server::is_drained(std::string_view upstream, std::string_view node, uint16_t& slot,
                        std::string& why) const {
    const std::vector<Broker>& brokers = newest().brokers;
    for (slot = 0; slot < brokers.size(); ++slot) {
        const Broker& broker = brokers[slot];
        if (broker.upstream != upstream || broker.name != node) continue;
        if (!broker.listed || broker.weight == 0) return true;
        why = fmt::format(
            "node {} of upstream {} has weight {}: set it to 0 first, or its clients come back",
            node, upstream, broker.weight);
        return false;
    }
    why = fmt::format("upstream {} has no node {}", upstream, node);
    return false;
}

Parsed<uint64_t> Server::evict(std::string_view upstream, std::string_view node,
                               uint32_t per_second) {
    uint16_t slot = 0;
    std::string why;
    // Both: a change that takes the node back must find the eviction that it ends.
    const std::lock_guard<std::mutex> snapshots(snapshots_lock_);
    if (!is_drained(upstream, node, slot, why)) return Problem{why};
    const std::lock_guard<std::mutex> lock(call_lock_);
    evictions_.set(slot, per_second);
    wakeup_->signal();
    return uint64_t{shared_.board.clients[slot].load(std::memory_order_relaxed)};
}

// Each tick one worker has its turn; what it cannot give, the next is asked for.
void Server::on_evict_tick() {
    Seat* seat = nullptr;
    for (size_t i = 0; i < seats_.size() && seat == nullptr; ++i) {
        Seat& next = *seats_[next_evictor_++ % seats_.size()];
        if (!next.ended && !next.evict.out) seat = &next;
    }
    const std::lock_guard<std::mutex> lock(call_lock_);
    if (evictions_.empty()) return;
    reactor_->timers().start(evict_tick_, kEvictTickMs);
    if (seat == nullptr) return;
    seat->evict.orders = evictions_.tick(kEvictTickMs, rng_, [this](uint16_t slot) {
        return shared_.board.clients[slot].load(std::memory_order_relaxed);
    });
    if (seat->evict.orders.empty()) return;
    seat->evict.run = [](Errand& errand, Worker& worker) {
        for (EvictionOrder& order : static_cast<Evict&>(errand).orders) {
            order.count -= worker.evict(order.slot, order.count);
        }
    };
    seat->evict.done = [](Errand& errand) {
        Server& server = *static_cast<Evict&>(errand).seat->server;
        const std::lock_guard<std::mutex> back(server.call_lock_);
        for (const EvictionOrder& rest : static_cast<Evict&>(errand).orders) {
            server.evictions_.give_back(rest);
        }
    };
    seat->worker->send_errand(reactor_->ring(), seat->evict);
}

}  // namespace jumpgate
