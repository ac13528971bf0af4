#include "core/proxy/worker.h"

#include <algorithm>
#include <cstring>

#include "core/base/time.h"

namespace jumpgate {

static constexpr uint16_t kBufferGroup = 1;
static constexpr uint16_t kLargeBufferGroup = 2;
// Lines of the access log that may wait for the control thread: 8 MiB.
static constexpr size_t kAccessLinesMax = 8'192;

Worker::Worker(unsigned index, Shared& shared, std::vector<ListenerSocket> listener_sockets)
    : index_(index),
      shared_(shared),
      listener_sockets_(std::move(listener_sockets)),
      rng_(monotonic_ns() + index) {
    messages_.worker = this;
    drain_message().complete = [](Op& op, Completion) {
        static_cast<Messages&>(static_cast<DrainMessage&>(op)).worker->drain();
    };
    stop_message().complete = [](Op& op, Completion) {
        static_cast<Messages&>(static_cast<StopMessage&>(op)).worker->stop();
    };
    stats_message().complete = [](Op& op, Completion) {
        static_cast<Messages&>(static_cast<StatsMessage&>(op)).worker->report();
    };
    reload_message().complete = [](Op& op, Completion) {
        static_cast<Messages&>(static_cast<ReloadMessage&>(op)).worker->reload();
    };
}

Worker::~Worker() = default;

Status Worker::open(const RingLimits& limits, int control_ring_fd, StatsReport& report, Op& ended) {
    control_ring_fd_ = control_ring_fd;
    report_ = &report;
    ended_ = &ended;
    const Config& config = shared_.config;
    Result<std::unique_ptr<Reactor>> reactor = Reactor::open(limits);
    if (!reactor) return reactor.error();
    reactor_ = std::move(*reactor);
    ring_fd_ = reactor_->ring().fd();
    Result<std::unique_ptr<BufferRing>> buffers =
        BufferRing::open(reactor_->ring(), kBufferGroup, config.buffers, config.buffer_bytes);
    if (!buffers) return buffers.error();
    buffers_ = std::move(*buffers);
    buffers = BufferRing::open(reactor_->ring(), kLargeBufferGroup, TlsRelays::kLargeBuffers,
                               TlsRelays::kLargeBufferBytes);
    if (!buffers) return buffers.error();
    large_buffers_ = std::move(*buffers);
    pipes_ = std::make_unique<PipePool>(config.pipes_max, config.pipe_bytes);
    connections_ = std::make_unique<Slab<Connection>>(limits.accept_slots);
    relays_ = std::make_unique<Relays>(*reactor_, *buffers_, *pipes_, config, stats_, *this);
    tls_relays_ =
        std::make_unique<TlsRelays>(*reactor_, *buffers_, *large_buffers_, config, stats_, *this);
    gate_ = std::make_unique<HandshakeGate>(reactor_->ring(), config.tls.handshakes_max);
    const Upstream& upstream = shared_.upstream();
    health_ =
        std::make_unique<NodeHealth>(upstream.weights(), config.fail_max, config.fail_timeout_ms);
    stats_.nodes.resize(upstream.size());
    if (shared_.access_log) access_log_ = std::make_unique<LogQueue>(kAccessLinesMax);
    take_credentials();
    for (const ListenerSocket& socket : listener_sockets_) {
        listeners_.push_back(std::make_unique<Listener>(*this, socket.fd, socket.tls));
    }
    return Unit{};
}

void Worker::run() {
    for (const std::unique_ptr<Listener>& listener : listeners_) listener->arm();
    reactor_->run();
    reactor_->turn(0);  // the last closes
    check_all_home();
    post(reactor_->ring(), control_ring_fd_, *ended_);
    reactor_->turn(0);
}

void Worker::close() {
    listeners_.clear();
    gate_.reset();
    tls_relays_.reset();
    relays_.reset();
    pipes_.reset();
    large_buffers_.reset();
    buffers_.reset();
    reactor_.reset();
}

// ---- Connections -------------------------------------------------------------------------------

void Worker::admit(Accepted accepted) {
    stats_.accepted++;
    const uint32_t open = shared_.connections.fetch_add(1, std::memory_order_relaxed) + 1;
    accepted.over_limit = open > shared_.connections_max;
    Connection* c = connections_->create(*this, accepted);
    CHECK(c != nullptr);  // one per accept slot
    setups_.push_back(*c);
    stats_.setups++;
    serve(*c);
}

void Worker::set_route_hash(Connection& c) {
    std::string remote;
    std::string_view key = c.connect.client_id;
    if (shared_.upstream().rule().key == HashKey::Username) {
        key = c.connect.username;
    } else if (shared_.upstream().rule().key == HashKey::RemoteAddr) {
        remote = c.peer.host();
        key = remote;
    } else if (shared_.upstream().rule().key == HashKey::CertCn) {
        const tls::Identity* identity = c.identity();
        key = identity == nullptr ? std::string_view() : identity->common_name;
    }
    // A client without a key has no home: hash("") would send all of them to one broker.
    c.route_hash = key.empty() ? rng_.next() : shared_.upstream().hash(key);
}

std::optional<uint16_t> Worker::pick_node(const Connection& c) {
    std::span<const uint32_t> weights = health_->weights(now_ms());
    // All marked down: what was true of the last dials may be over, so any may be tried.
    if (std::ranges::all_of(weights, [](uint32_t weight) { return weight == 0; })) {
        weights = shared_.upstream().weights();
    }
    if (c.attempts > 0) {
        untried_weights_.assign(weights.begin(), weights.end());
        for (unsigned i = 0; i < c.attempts; ++i) untried_weights_[c.tried[i]] = 0;
        weights = untried_weights_;
    }
    const std::optional<Choice> choice =
        chooser_.choose(shared_.upstream(), c.route_hash, weights, {});
    if (!choice) return std::nullopt;
    return choice->node;
}

Result<Socket> Worker::start_dial(Connection& c, std::span<const uint8_t> first_bytes) {
    stats_.nodes[c.node].dials++;
    DialPlan plan;
    plan.to = &shared_.nodes[c.node];
    plan.options = &shared_.broker_sockets;
    plan.first_bytes = first_bytes;
    const size_t sources = shared_.sources.size();
    for (size_t i = 0; i < sources && plan.source == nullptr; ++i) {
        const Address& source = shared_.sources[next_source_++ % sources];
        if (source.any.sa_family == plan.to->any.sa_family) plan.source = &source;
    }
    return dial(reactor_->ring(), c.op, plan);
}

void Worker::dial_succeeded(uint16_t node) {
    const bool recovered = health_->succeeded(node);
    stats_.nodes[node].down = false;
    if (!recovered || !logs(Severity::Info)) return;
    LogLine line(shared_.line_format, Severity::Info, "broker_up");
    line.field("broker", shared_.upstream().nodes()[node].name);
    log_.push(line.field("worker", index_).finish());
}

void Worker::dial_failed(const Connection& c, int32_t sys, bool local) {
    stats_.nodes[c.node].dial_failures++;
    if (local || !mark_down(c.node) || !logs(Severity::Warn)) return;
    LogLine line(shared_.line_format, Severity::Warn, "broker_down");
    line.field("broker", shared_.upstream().nodes()[c.node].name);
    log_broker_down(line.field("why", std::strerror(sys)));
}

// False: it was down before, or is not yet.
bool Worker::mark_down(uint16_t node) {
    if (!health_->failed(node, now_ms())) return false;
    stats_.nodes[node].down = true;
    return true;
}

void Worker::start_relay(Connection& c) {
    RelayIdentity identity;
    identity.peer = c.peer;
    identity.route = c.route;
    identity.node = c.node;
    identity.level = c.connect.level;
    identity.set_client_id(c.connect.client_id);
    const size_t greeted_bytes = c.greeting.bytes(*buffers_).size();
    if (logs(Severity::Debug)) log_connected(c);
    if (c.client_engine != nullptr) c.client_engine->forget_identity();
    c.greeting.clear(*buffers_);
    if (c.client_engine == nullptr && c.broker_engine == nullptr) {
        relays_->start(c.client, c.broker, identity, greeted_bytes);
    } else {
        tls_relays_->start({c.client, std::move(c.client_engine)},
                           {c.broker, std::move(c.broker_engine)}, identity, greeted_bytes);
    }
    if (!c.stopping) return;
    relays_->close_all();  // its dial was done before the stop could cancel it
    tls_relays_->close_all();
}

void Worker::release(Connection& c) {
    const bool relayed = c.phase == Phase::Relay;
    c.stop_deadline();
    static_cast<ConnectionLink&>(c).unlink();
    connections_->destroy(&c);
    stats_.setups--;
    if (!relayed) connection_gone();
}

void Worker::relay_ended(const EndedRelay& relay) {
    log_closed(relay);
    if (access_log_ != nullptr) log_access(relay);
    connection_gone();
}

// A client's descriptors are free again.
void Worker::connection_gone() {
    shared_.connections.fetch_sub(1, std::memory_order_relaxed);
    for (const std::unique_ptr<Listener>& listener : listeners_) listener->resume();
    end_if_done();
}

// ---- Messages and the end
// ------------------------------------------------------------------------

void Worker::drain() {
    if (draining_) return;
    draining_ = true;
    for (const std::unique_ptr<Listener>& listener : listeners_) listener->close();
    end_if_done();
}

void Worker::stop() {
    drain();
    std::vector<Connection*> open;
    for (Connection* c = setups_.front(); c != nullptr; c = setups_.after(*c)) open.push_back(c);
    for (Connection* c : open) {
        c->stopping = true;
        c->interrupt();
    }
    relays_->close_all();
    tls_relays_->close_all();
}

void Worker::report() {
    stats_.handshakes_held_back = gate_->held_back();
    stats_.cq_overflows = reactor_->ring().counters().cq_overflows;
    stats_.stray_errors = reactor_->ring().counters().stray_errors;
    stats_.enters = reactor_->ring().counters().enters;
    report_->stats = stats_;
    post(reactor_->ring(), control_ring_fd_, *report_);
}

void Worker::end_if_done() {
    if (!draining_ || !setups_.empty() || !relays_->empty() || !tls_relays_->empty()) return;
    for (const std::unique_ptr<Listener>& listener : listeners_) {
        if (listener->in_flight()) return;
    }
    reactor_->stop();
}

void Worker::check_all_home() {
    CHECK(connections_->live() == 0);
    CHECK(relays_->live() == 0);
    CHECK(tls_relays_->live() == 0);
    CHECK(buffers_->held() == 0);
    CHECK(large_buffers_->held() == 0);
    CHECK(pipes_->lent() == 0);
    CHECK(live_frames() == 0);
    CHECK(reactor_->ring().dial_slots_free() == reactor_->ring().limits().dial_slots);
}

}  // namespace jumpgate
