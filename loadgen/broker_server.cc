#include "loadgen/broker_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <ctime>

#include "core/base/time.h"
#include "core/io/mailbox.h"

namespace jumpgate::broker {

static constexpr uint64_t kTurnMs = 100;          // longest wait: how old the broker's clock can be
static constexpr uint64_t kStandstillMs = 1'000;  // a turn that took longer was none of ours
static constexpr int kSlowReceiveBytes = 16'384;
static constexpr uint64_t kFarewellMs = 1'000;  // for the clients to take their last packets

// The port is taken here, so that a wrong address is an error of the caller's, before any thread.
Result<std::unique_ptr<Server>> Server::start(const ServerOptions& options) {
    SocketOptions socket;
    // What the kernel takes for us is not slow: it should not be much.
    if (options.faults.slow_read_bytes_per_s != 0) socket.receive_bytes = kSlowReceiveBytes;
    Result<int> listener = listen_tcp(options.listen, socket);
    if (!listener) return listener.error();
    std::unique_ptr<Server> server(new Server(options, *listener));
    server->thread_ = std::thread([&self = *server] { self.main(); });
    server->ready_.wait();
    if (!server->opened_) return server->opened_.error();
    return server;
}

Server::Server(const ServerOptions& options, int listener)
    : options_(options),
      listener_(listener),
      accept_op_{{[](Op& op, Completion done) {
                     AcceptOp& self = static_cast<AcceptOp&>(op);
                     self.server->accepted(done);
                 }},
                 this},
      stop_op_{{[](Op& op, Completion) { static_cast<StopOp&>(op).server->stopping_ = true; }},
               this},
      stats_timer_([](Timer& timer) { static_cast<StatsTimer&>(timer).server->print_stats(); }),
      connections_(options.limits.connections_max),
      plaintext_room_(options.tls ? TlsSession::kRoomBytes : 0) {
    stats_timer_.server = this;
    options_.listen = local_address(listener);  // port 0 has become one
    if (options_.name.empty()) options_.name = options_.listen.to_string();
    // A tenth of a second each, so that it trickles.
    if (const uint32_t rate = options_.faults.slow_read_bytes_per_s; rate != 0) {
        options_.buffer_bytes = std::clamp(rate / 10, 256U, options_.buffer_bytes);
    }
}

Server::~Server() { thread_.join(); }

void Server::stop(Ring& from) { post(from, ring_fd_, stop_op_); }

// ---- The thread --------------------------------------------------------------------------------

void Server::main() {
    opened_ = open();
    if (!opened_) {
        close_fd(listener_);
        ready_.count_down();
        return;
    }
    ring_fd_ = ring().fd();
    turn_began_ms_ = monotonic_ns() / kNanosPerMilli;
    arm_accept();
    if (options_.stats_interval_s > 0) {
        timers().start(stats_timer_, options_.stats_interval_s * 1000ULL);
    }
    ready_.count_down();
    while (!stopping_) {
        turn();
        stall();
    }
    wind_down();
}

// On the thread itself: a ring belongs to the thread that opened it (IORING_SETUP_SINGLE_ISSUER).
Status Server::open() {
    RingLimits ring_limits;
    ring_limits.accept_slots = options_.limits.connections_max;
    Result<std::unique_ptr<Reactor>> reactor = Reactor::open(ring_limits);
    if (!reactor) return reactor.error();
    reactor_ = std::move(*reactor);
    Result<std::unique_ptr<BufferRing>> buffers =
        BufferRing::open(ring(), 0, options_.buffers, options_.buffer_bytes);
    if (!buffers) return buffers.error();
    buffers_ = std::move(*buffers);
    broker_ = std::make_unique<Broker>(options_.limits, timers(), options_.name);
    if (options_.faults.any()) {
        faults_ = std::make_unique<Faults>(options_.faults);
        broker_->faults = faults_.get();
        stalls_ = Stalls(options_.faults.stall, monotonic_ns());
    }
    return Unit{};
}

void Server::turn() {
    reactor_->turn(stalls_.wait_ns(reactor_->now_ns(), kTurnMs * kNanosPerMilli));
    turn_began_ms_ = monotonic_ns() / kNanosPerMilli;
    flush();
}

// Misbehaviour: nothing is read and nothing is sent; the kernel goes on as it does for any process
// that stands still (IORING_SETUP_DEFER_TASKRUN: completions wait for our next turn).
void Server::stall() {
    const uint64_t end_ns = stalls_.begin(reactor_->now_ns());
    if (end_ns == 0) return;
    faults_->counters.stalls++;
    const timespec end{static_cast<time_t>(end_ns / kNanosPerSecond),
                       static_cast<long>(end_ns % kNanosPerSecond)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, nullptr) == EINTR) {
    }
}

bool Server::stood_still() const {
    return monotonic_ns() / kNanosPerMilli - turn_began_ms_ > kStandstillMs;
}

// All that a turn has written leaves in one send per connection, submitted by the next turn.
void Server::flush() {
    while (Outlet* outlet = broker_->ready.pop_front()) static_cast<Connection*>(outlet)->flush();
}

// Clients get a second to take what was written to them; then all that is left is cut off. Nothing
// is freed before its last completion, so that the checks at the end mean something.
void Server::wind_down() {
    broker_->silence();
    timers().stop(stats_timer_);
    if (accept_armed_) cancel(ring(), accept_op_);
    IntrusiveList<Connection, Member> leaving;
    while (Connection* connection = members_.pop_front()) {
        leaving.push_back(*connection);
        connection->end(mqtt::ReasonCode::ServerShuttingDown);
    }
    flush();
    const uint64_t deadline_ms = broker_->now_ms() + kFarewellMs;
    while (connections_.live() > 0 && broker_->now_ms() < deadline_ms) turn();
    while (Connection* connection = leaving.pop_front()) connection->terminate();
    while (Connection* connection = members_.pop_front()) connection->terminate();
    while (connections_.live() > 0 || accept_armed_) turn();
    close_fd(listener_);
    if (options_.stats_interval_s > 0 || faults_) print_stats();
    broker_.reset();
    CHECK(Message::live() == 0);
    CHECK(buffers_->held() == 0);
    buffers_.reset();
    reactor_.reset();
}

// ---- Connections -------------------------------------------------------------------------------

void Server::arm_accept() {
    accept_armed_ = true;
    accept(ring(), accept_op_, listener_, accepted_from_);
}

void Server::accepted(Completion done) {
    accept_armed_ = done.more();
    // The client that found the table full has been closed by the kernel.
    if (done.result == -ENFILE) broker_->counters.connections_refused++;
    if (done.result >= 0) {
        Connection* connection = connections_.create(*this, Socket{done.result});
        CHECK(connection != nullptr);  // there are as many slots as connections
        members_.push_back(*connection);
        broker_->counters.connections_total++;
    }
    if (accept_armed_ || stopping_) return;
    // All slots taken: the next one that is given back arms it again.
    if (connections_.live() < connections_.limit()) arm_accept();
}

// The close is queued already: an accept that is queued now finds the slot empty.
void Server::release(Connection& connection) {
    static_cast<Member&>(connection).unlink();
    connections_.destroy(&connection);
    if (!accept_armed_ && !stopping_) arm_accept();
}

// One line, one call: lines of several brokers do not mix.
void Server::print_stats() {
    const Counters& c = broker_->counters;
    std::string more = options_.tls ? ",\"tls\":" + tls_counters.json() : "";
    if (faults_) more += ",\"faults\":" + faults_->counters.json();
    fmt::print(
        "{{\"broker\":{},\"name\":\"{}\",\"address\":\"{}\",\"connections\":{},\"sessions\":{},"
        "\"subscriptions\":{},\"retained\":{},\"messages_in\":{},\"messages_out\":{},"
        "\"acks_in\":{},\"bytes_in\":{},\"bytes_out\":{},\"dropped_queue_full\":{},"
        "\"dropped_expired\":{},\"dropped_too_large\":{},\"retained_refused\":{},\"wills\":{},"
        "\"takeovers\":{},\"keep_alive_timeouts\":{},\"connections_total\":{},"
        "\"connections_refused\":{}{}}}\n",
        options_.number, broker_->name(), options_.listen.to_string(), connections_.live(),
        broker_->sessions(), broker_->subscriptions(), broker_->retained(), c.messages_in,
        c.messages_out, c.acks_in, c.bytes_in, c.bytes_out, c.dropped_queue_full, c.dropped_expired,
        c.dropped_too_large, c.retained_refused, c.wills, c.takeovers, c.keep_alive_timeouts,
        c.connections_total, c.connections_refused, more);
    std::fflush(stdout);
    if (!stopping_) timers().start(stats_timer_, options_.stats_interval_s * 1000ULL);
}

}  // namespace jumpgate::broker
