#include "loadgen/broker_connection.h"

#include <algorithm>
#include <cerrno>

#include "core/base/time.h"
#include "loadgen/broker_server.h"

namespace jumpgate::broker {

static constexpr uint64_t kConnectTimeoutMs = 10'000;  // from accept to a whole CONNECT
static constexpr uint64_t kFarewellMs = 1'000;         // to take the last packets from us

// The wheel's time is that of the last turn's end: too old to tell when a packet came.
static uint64_t clock_ms() { return monotonic_ns() / kNanosPerMilli; }

Connection::Connection(Server& server, Socket socket)
    : Client(server.broker()),
      ReceiveOp{{&Connection::on_receive}},
      SendOp{{&Connection::on_send}},
      Timer(&Connection::on_timer),
      BufferWaiter(&Connection::on_buffers),
      server_(server),
      socket_(socket),
      heard_ms_(clock_ms()) {
    server_.timers().start(*this, kConnectTimeoutMs);
    if (server_.faults() != nullptr) {
        pauses_ = std::make_unique<Pauses>(*this, &Connection::on_pace);
    }
    arm();
}

// ---- Receiving ---------------------------------------------------------------------------------

void Connection::arm() {
    receive_armed_ = true;
    if (pauses_ && server_.faults()->options().slow_read_bytes_per_s != 0) {
        recv_once(server_.ring(), static_cast<ReceiveOp&>(*this), socket_,
                  server_.buffers().group());
        return;
    }
    recv_many(server_.ring(), static_cast<ReceiveOp&>(*this), socket_, server_.buffers().group(),
              0);
}

void Connection::on_receive(Op& op, Completion done) {
    static_cast<Connection&>(static_cast<ReceiveOp&>(op)).received(done);
}

void Connection::received(Completion done) {
    receive_armed_ = done.more();
    // The buffer goes back at once: what must wait was copied into an outlet or a message.
    if (done.has_buffer()) {
        BufferRing& buffers = server_.buffers();
        buffers.taken();
        if (done.result > 0 && !ended()) {
            hear({buffers.at(done.buffer()), static_cast<size_t>(done.result)});
        }
        buffers.release(done.buffer());
    }
    if (terminating_) return join();
    const bool starved = done.result == -ENOBUFS;
    if (done.result <= 0 && !starved) {
        if (tls_) tls_->stream_ended();
        return terminate();
    }
    if (receive_armed_) return;
    const auto bytes_read = static_cast<uint64_t>(std::max(done.result, 0));
    // A multishot may end for reasons of the kernel's own, such as a full completion queue.
    if (!starved || server_.buffers().replenish(*this)) rearm(starved ? 0 : bytes_read);
}

// At once, or after the time that the bytes should have taken.
void Connection::rearm(uint64_t bytes_read) {
    const uint64_t rate = pauses_ ? server_.faults()->options().slow_read_bytes_per_s : 0;
    if (rate == 0) return arm();
    server_.timers().start(pauses_->reading, bytes_read * 1'000 / rate + 1);
}

void Connection::hear(std::span<const uint8_t> bytes) {
    heard_ms_ = clock_ms();
    const bool was_connected = connected();
    if (server_.tls()) {
        // Not before: who only looks whether the port is open costs no engine and fails nothing.
        if (!tls_) tls_ = std::make_unique<TlsSession>(server_.tls(), *this, server_.tls_counters);
        tls_->receive(bytes, server_.plaintext_room());
    } else {
        receive(bytes);
    }
    if (!was_connected && connected()) watch();
    if (!was_connected && pauses_ && (connected() || ended())) delay_connack();
}

void Connection::delay_connack() {
    const uint32_t delay_ms = server_.faults()->options().connack_delay_ms;
    if (delay_ms == 0) return;
    server_.faults()->counters.connacks_delayed++;
    server_.timers().start(pauses_->sending, delay_ms + 1);  // this millisecond has begun already
}

void Connection::on_pace(Timer& timer) {
    Pause& pause = static_cast<Pause&>(timer);
    Connection& self = pause.connection;
    if (&pause == &self.pauses_->reading) return self.arm();
    self.flush();
}

void Connection::on_buffers(BufferWaiter& waiter) { static_cast<Connection&>(waiter).arm(); }

// ---- Sending -----------------------------------------------------------------------------------

std::span<const uint8_t> Connection::next_to_send() {
    if (tls_) return tls_->seal();
    return empty() ? std::span<const uint8_t>() : start_sending();
}

void Connection::flush() {
    if (terminating_ || send_in_flight_) return;        // the send's completion comes back here
    if (pauses_ && pauses_->sending.running()) return;  // its end does too
    const std::span<const uint8_t> bytes = next_to_send();
    if (!bytes.empty()) {
        send_in_flight_ = true;
        send_all(server_.ring(), static_cast<SendOp&>(*this), socket_, bytes);
        // Who is told why it has to go must take it soon.
        if (ended()) {
            farewell_sent_ = true;
            server_.timers().start(*this, kFarewellMs);
        }
        return;
    }
    // An alert or close_notify lets the peer close. To close before it does, with bytes of it
    // unread, would be a reset, and the peer might never see why (RFC 1122 4.2.2.13).
    const bool peer_closes = tls_ && farewell_sent_;
    if (ended() && !peer_closes) terminate();
}

void Connection::on_send(Op& op, Completion done) {
    static_cast<Connection&>(static_cast<SendOp&>(op)).sent_all(done);
}

void Connection::sent_all(Completion done) {
    send_in_flight_ = false;
    // MSG_WAITALL: fewer bytes mean that the connection has ended.
    const size_t size = tls_ ? tls_->sealed_bytes() : sending_size();
    const bool whole = done.result == static_cast<int64_t>(size);
    if (tls_) {
        tls_->sent();
    } else {
        sent();
    }
    if (terminating_) return join();
    if (!whole) return terminate();
    pump();
    flush();
}

// ---- Time --------------------------------------------------------------------------------------

// From now on the timer watches over the keep alive; it is not touched by each packet.
void Connection::watch() {
    server_.timers().stop(*this);
    if (silence_max_ms() != 0) server_.timers().start(*this, silence_max_ms());
}

void Connection::on_timer(Timer& timer) {
    Connection& self = static_cast<Connection&>(timer);
    if (self.ended()) return self.terminate();
    if (!self.connected()) {
        self.refused();
        if (self.tls_) self.tls_->timed_out();
        return self.terminate();
    }
    if (self.server_.stood_still()) self.heard_ms_ = clock_ms();
    const uint64_t silent_ms = clock_ms() - self.heard_ms_;
    if (silent_ms < self.silence_max_ms()) {
        self.server_.timers().start(self, self.silence_max_ms() - silent_ms);
        return;
    }
    self.server_.broker().counters.keep_alive_timeouts++;
    self.end(mqtt::ReasonCode::KeepAliveTimeout);
}

// ---- Ending ------------------------------------------------------------------------------------

// The will is published here where no DISCONNECT came before; then join() waits for the kernel.
void Connection::terminate() {
    if (terminating_) return;
    terminating_ = true;
    lost();
    static_cast<Outlet&>(*this).unlink();
    static_cast<BufferWaiter&>(*this).unlink();
    server_.timers().stop(*this);
    if (pauses_) {
        server_.timers().stop(pauses_->reading);
        server_.timers().stop(pauses_->sending);
    }
    // One by one: cancel_all() looks through all operations of the ring.
    if (receive_armed_) cancel(server_.ring(), static_cast<ReceiveOp&>(*this));
    if (send_in_flight_) cancel(server_.ring(), static_cast<SendOp&>(*this));
    join();
}

void Connection::join() {
    if (receive_armed_ || send_in_flight_) return;
    close_socket(server_.ring(), socket_);
    server_.release(*this);
}

}  // namespace jumpgate::broker
