// Worker, routes and brokers: which route a client takes, which broker it gets, what its dials
// teach; and how a new snapshot takes the place of the old one.
#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/proxy/worker.h"

namespace jumpgate {

// ---- Snapshots ---------------------------------------------------------------------------------

void Worker::adopt() {
    Snapshot* newest = nullptr;
    {
        const std::lock_guard<std::mutex> lock(shared_.snapshot_lock);
        newest = shared_.snapshot;
        newest->holders.fetch_add(1, std::memory_order_relaxed);
    }
    const Snapshot* before = routing_.empty() ? nullptr : &snapshot();
    begin_slots(before, *newest);
    routing_.push_back(std::make_unique<Routing>(*newest, shared_.board, health_, index_));
    let_go();
}

// What is known of a broker stays while it is the same; another broker in its slot begins anew.
void Worker::begin_slots(const Snapshot* before, const Snapshot& now) {
    const size_t slots = now.brokers.size();
    stats_.nodes.resize(std::max(stats_.nodes.size(), slots));
    sessions_.resize(stats_.nodes.size());
    preferred_address_.resize(stats_.nodes.size());
    health_.resize(stats_.nodes.size());
    for (uint16_t slot = 0; before != nullptr && slot < before->brokers.size(); ++slot) {
        const Broker& old = before->brokers[slot];
        const Broker& broker = now.brokers[slot];
        const bool same = old.upstream == broker.upstream && old.name == broker.name;
        if (!same) {
            stats_.nodes[slot] = {};
            preferred_address_[slot] = 0;
            health_.forget(slot);
        }
        // A session was verified by the context it came from.
        const bool same_context = same && old.listed && broker.listed &&
                                  before->upstreams[old.upstream_index].context ==
                                      now.upstreams[broker.upstream_index].context;
        if (!same_context) sessions_[slot].reset();
    }
    const size_t routes = before == nullptr ? 0 : before->route_ids.size();
    for (size_t slot = 0; slot < std::min(routes, stats_.routes.size()); ++slot) {
        if (before->route_ids[slot] != now.route_ids[slot]) stats_.routes[slot] = {};
    }
}

// Old snapshots that no connection routes by any more.
void Worker::let_go() {
    if (routing_.size() < 2) return;
    std::erase_if(routing_, [this](const std::unique_ptr<Routing>& routing) {
        return routing->users == 0 && routing != routing_.back();
    });
}

// ---- Clients -----------------------------------------------------------------------------------

void Worker::route(Connection& c) {
    c.routing = routing_.back().get();
    ++c.routing->users;
    const RouteTable& routes = c.routing->snapshot().routes;
    RouteQuery query;
    query.client_id = c.connect.client_id;
    query.username = c.connect.username;
    if (c.identity() != nullptr) query.cert_cn = c.identity()->common_name;
    if (c.client_engine != nullptr) query.sni = c.client_engine->server_name();
    query.level = c.connect.level;
    query.remote_addr = c.peer.ip_bytes();
    query.server_addr = c.local.ip_bytes();
    query.server_port = c.proxied ? c.local.port() : c.port;
    query.protocol = c.http ? Protocol::Http : Protocol::Mqtt;
    c.route = routes.find(query);
    if (c.route == nullptr) {
        c.level_only = routes.level_only(query);
        return;
    }
    const Upstream& upstream = routes.upstreams()[c.route->upstream];
    std::string room;
    const std::string_view key = key_of(query, upstream.rule().key, room);
    // A client without a key has no home: hash("") would send all of them to one broker.
    c.route_hash = key.empty() ? rng_.next() : upstream.hash(key);
}

bool Worker::pick_node(Connection& c) {
    leave_node(c);
    const std::span<const uint16_t> tried(c.tried.data(), c.tried_count);
    const std::optional<Choice> choice =
        c.routing->choose(c.route->upstream, c.route_hash, tried, now_ms());
    if (!choice) return false;
    c.node = c.routing->snapshot().routes.upstreams()[c.route->upstream].nodes()[choice->node].slot;
    c.addresses_tried = 0;
    c.counted = true;
    shared_.board.clients[c.node].fetch_add(1, std::memory_order_relaxed);
    return true;
}

void Worker::leave_node(Connection& c) {
    if (!c.counted) return;
    c.counted = false;
    shared_.board.clients[c.node].fetch_sub(1, std::memory_order_relaxed);
}

void Worker::find(std::string_view client_id, size_t max, std::vector<FoundRelay>& out) {
    relays_->find(client_id, max, out);
    tls_relays_->find(client_id, max, out);
}

size_t Worker::evict(uint16_t slot, size_t count) {
    const size_t plain = relays_->close_some(slot, count, rng_);
    return plain + tls_relays_->close_some(slot, count - plain, rng_);
}

// ---- Dials -------------------------------------------------------------------------------------

Result<Socket> Worker::start_dial(Connection& c, std::span<const uint8_t> first_bytes) {
    stats_.nodes[c.node].dials++;
    const std::vector<Address>& addresses = c.routing->snapshot().brokers[c.node].addresses;
    // Each in turn from the one that answered last, whatever other clients' dials find meanwhile.
    const size_t next = c.addresses_tried == 0 ? preferred_address_[c.node] : c.address + 1U;
    c.address = static_cast<uint8_t>(next % addresses.size());
    DialPlan plan;
    plan.to = &addresses[c.address];
    plan.options = &shared_.broker_sockets;
    plan.first_bytes = first_bytes;
    const size_t sources = shared_.sources.size();
    for (size_t i = 0; i < sources && plan.source == nullptr; ++i) {
        const Address& source = shared_.sources[next_source_++ % sources];
        if (source.any.sa_family == plan.to->any.sa_family) plan.source = &source;
    }
    return dial(reactor_->ring(), c.op, plan);
}

void Worker::dial_succeeded(const Connection& c, uint64_t took_us) {
    preferred_address_[c.node] = c.address;
    stats_.dial_times.record(took_us);
    const bool recovered = health_.succeeded(c.node);
    stats_.nodes[c.node].down = false;
    if (!recovered || !logs(Severity::Info)) return;
    LogLine line(shared_.line_format, Severity::Info, "broker_up");
    line.field("broker", broker_name(c.node));
    log_.push(line.field("worker", index_).finish());
}

void Worker::dial_failed(const Connection& c, int32_t sys, bool local) {
    stats_.nodes[c.node].dial_failures++;
    if (!local) avoid_address(c);
    if (local || !mark_down(c, sys) || !logs(Severity::Warn)) return;
    LogLine line(shared_.line_format, Severity::Warn, "broker_down");
    line.field("broker", broker_name(c.node));
    log_broker_down(c, line.field("why", std::strerror(sys)));
}

// The next client begins with another one, where there are several.
void Worker::avoid_address(const Connection& c) {
    const size_t addresses = c.routing->snapshot().brokers[c.node].addresses.size();
    uint8_t& preferred = preferred_address_[c.node];
    if (preferred % addresses == c.address) preferred = static_cast<uint8_t>(c.address + 1U);
}

// False: it was down before, or is not yet.
bool Worker::mark_down(const Connection& c, int32_t sys) {
    const UpstreamPlan& plan = c.routing->snapshot().upstreams[c.route->upstream];
    const uint32_t failures_max = sys == ETIMEDOUT ? plan.timeouts_max : plan.fail_max;
    const uint32_t pardon = shared_.board.pardons[c.node].load(std::memory_order_relaxed);
    if (!health_.failed(c.node, failures_max, plan.fail_timeout_ms, now_ms(), pardon)) return false;
    shared_.board.marked[c.node].store(true, std::memory_order_relaxed);
    stats_.nodes[c.node].down = true;
    return true;
}

}  // namespace jumpgate
