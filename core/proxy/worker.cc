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
    started_ns_ = monotonic_ns();
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
    if (shared_.access_log) access_log_ = std::make_unique<LogQueue>(kAccessLinesMax);
    adopt();
    for (const ListenerSocket& socket : listener_sockets_) {
        const auto index = static_cast<uint8_t>(listeners_.size());
        listeners_.push_back(std::make_unique<Listener>(*this, socket.fd, index, socket.tls));
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
    routing_.clear();
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
    ListenerStats& listener = stats_.listener(accepted.listener);
    listener.accepted++;
    listener.connections++;
    const uint32_t open = shared_.connections.fetch_add(1, std::memory_order_relaxed) + 1;
    accepted.over_limit = open > shared_.connections_max;
    Connection* c = connections_->create(*this, accepted);
    CHECK(c != nullptr);  // one per accept slot
    setups_.push_back(*c);
    stats_.setups++;
    serve(*c);
}

void Worker::start_relay(Connection& c) {
    RelayIdentity identity;
    identity.peer = c.peer;
    identity.node = c.node;
    identity.level = c.connect.level;
    identity.set_client_id(c.connect.client_id);
    identity.route = c.route->slot;
    identity.listener = c.listener;
    shared_.board.routed[c.route->slot].fetch_add(1, std::memory_order_relaxed);
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
    const uint8_t listener = c.listener;
    c.stop_deadline();
    static_cast<ConnectionLink&>(c).unlink();
    if (!relayed) leave_node(c);
    if (c.routing != nullptr) --c.routing->users;
    connections_->destroy(&c);
    stats_.setups--;
    if (!relayed) stats_.listener(listener).connections--;
    let_go();
    if (!relayed) connection_gone();
}

void Worker::relay_ended(const EndedRelay& relay) {
    shared_.board.clients[relay.identity.node].fetch_sub(1, std::memory_order_relaxed);
    shared_.board.routed[relay.identity.route].fetch_sub(1, std::memory_order_relaxed);
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

void Worker::send_errand(Ring& from, Errand& errand) {
    CHECK(!errand.out);
    errand.out = true;
    errand.worker = this;
    errand.complete = [](Op& op, Completion) {
        Errand& self = static_cast<Errand&>(op);
        Worker& worker = *self.worker;
        self.run(self, worker);
        self.complete = [](Op& back, Completion) {
            Errand& answered = static_cast<Errand&>(back);
            answered.out = false;
            answered.done(answered);
        };
        post(worker.reactor_->ring(), worker.control_ring_fd_, self);
    };
    post(from, ring_fd_, errand);
}

void Worker::report() {
    stats_.handshakes_held_back = gate_->held_back();
    stats_.cq_overflows = reactor_->ring().counters().cq_overflows;
    stats_.stray_errors = reactor_->ring().counters().stray_errors;
    stats_.enters = reactor_->ring().counters().enters;
    for (uint16_t slot = 0; slot < stats_.nodes.size(); ++slot) {
        const uint32_t pardon = shared_.board.pardons[slot].load(std::memory_order_relaxed);
        stats_.nodes[slot].down = health_.down(slot, now_ms(), pardon);  // its time may be over
    }
    report_->stats = stats_;
    report_->busy_ns = thread_cpu_ns();
    report_->life_ns = monotonic_ns() - started_ns_;
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
