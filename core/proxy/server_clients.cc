// Server, its clients by name: finding them, and closing those of a drained broker. Asked by the
// control plane on its own threads; the control thread sends the workers round.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "core/proxy/server.h"

namespace jumpgate {

static constexpr uint32_t kEvictTickMs = 100;

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
    answered_.wait_for(lock, std::chrono::milliseconds(kAnswerTimeoutMs),
                       [&] { return ended_ || finds_due_ == 0; });
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
