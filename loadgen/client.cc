#include "loadgen/client.h"

#include "core/base/time.h"
#include "loadgen/crew.h"
#include "mqtt/encode.h"

namespace jumpgate::load {

// What a simulated device costs beyond its socket.
static_assert(sizeof(Client) <= 256);

Client::Client(Crew& crew, uint32_t index, SendLog* log, Delivery* heard)
    : ReceiveOp{{&Client::on_receive}},
      SendOp{{&Client::on_send}},
      Timer(&Client::on_timer),
      BufferWaiter(&Client::on_buffers),
      crew_(crew),
      log_(log),
      heard_(heard),
      index_(index),
      role_(crew.options().plan.role(index)) {}

uint32_t Client::number() const { return crew_.options().plan.number(index_); }

// Calls visit(account, log of the publisher) for each publisher that this subscriber is to hear.
template <class Visit>
void Client::for_each_heard(Visit visit) {
    if (heard_ == nullptr) return;
    const Plan& plan = crew_.options().plan;
    const uint32_t cell = plan.cell_of_subscriber(number());
    for (uint32_t slot = 0; slot < plan.publishers_in(cell); ++slot) {
        visit(heard_[slot], crew_.send_log(plan.publisher(cell, slot)));
    }
}

// ---- Receiving -------------------------------------------------------------------------------

void Client::arm_receive() {
    recv_many(crew_.ring(), static_cast<ReceiveOp&>(*this), socket_, crew_.buffers().group(), 0);
    receiving_ = true;
    ++operations_;
}

void Client::on_receive(Op& op, Completion done) {
    Client& self = static_cast<Client&>(static_cast<ReceiveOp&>(op));
    Crew& crew = self.crew_;
    crew.touch();
    if (!done.more()) {
        self.receiving_ = false;
        --self.operations_;
    }
    if (done.has_buffer()) {
        BufferRing& buffers = crew.buffers();
        buffers.taken();
        if (done.result > 0) {
            const mqtt::Bytes bytes(buffers.at(done.buffer()), static_cast<size_t>(done.result));
            crew.recorder().add(Count::BytesReceived, bytes.size());
            // What still comes while the connection is being closed is of no interest.
            if (!self.tls_) {
                self.consume(bytes);
            } else if (self.is_open()) {
                self.consume_sealed(bytes);
            }
        }
        buffers.release(done.buffer());
    }
    if (self.state_ == State::Closing) {
        self.join();
    } else if (!self.is_open()) {
        return;  // what came ended the connection, and no operation was left to wait for
    } else if (done.result == 0) {
        self.lose(self.tls_ ? self.tls_->end() : Cause::Closed);
    } else if (done.result == -ENOBUFS) {
        if (crew.buffers().replenish(self)) self.arm_receive();
    } else if (done.result < 0) {
        self.lose(cause_of(error_from_errno(-done.result, Side::Upstream)));
    } else if (!self.receiving_) {
        self.arm_receive();
    }
}

void Client::on_buffers(BufferWaiter& waiter) {
    Client& self = static_cast<Client&>(waiter);
    if (self.is_open() && !self.receiving_) self.arm_receive();
}

// ---- Sending ---------------------------------------------------------------------------------

void Client::mark_dirty() {
    if (!dirty_) crew_.mark_dirty(*this);
    dirty_ = true;
}

// Where the next packet is put; it leaves with all others of this turn.
Chunk& Client::out() {
    if (filling_ == nullptr) filling_ = crew_.chunks().take();
    mark_dirty();
    spoke_ = true;
    return *filling_;
}

// What is to be sent now stays where it is until end_send(); empty: nothing.
std::span<const uint8_t> Client::begin_send() {
    if (tls_) return begin_sealed_send();
    sending_ = std::exchange(filling_, nullptr);
    return sending_ != nullptr ? std::span<const uint8_t>(*sending_) : std::span<const uint8_t>();
}

// Returns how much was to be sent.
size_t Client::end_send() {
    if (tls_) return tls_->end_send(crew_.tls().spares());
    const size_t wanted = sending_->size();
    crew_.chunks().give(std::exchange(sending_, nullptr));
    return wanted;
}

void Client::flush() {
    dirty_ = false;
    if (!is_open() || sending()) return;
    const std::span<const uint8_t> bytes = begin_send();
    if (bytes.empty()) return;
    send_all(crew_.ring(), static_cast<SendOp&>(*this), socket_, bytes);
    ++operations_;
}

void Client::on_send(Op& op, Completion done) {
    Client& self = static_cast<Client&>(static_cast<SendOp&>(op));
    Crew& crew = self.crew_;
    crew.touch();
    --self.operations_;
    const size_t wanted = self.end_send();
    if (done.result > 0) crew.recorder().add(Count::BytesSent, static_cast<uint64_t>(done.result));
    if (self.state_ == State::Closing) {
        self.join();
    } else if (done.result < 0) {
        self.lose(cause_of(error_from_errno(-done.result, Side::Upstream)));
    } else if (static_cast<size_t>(done.result) < wanted) {
        self.lose(Cause::Reset);  // MSG_WAITALL: only an end of the connection cuts a send short
    } else if (self.filling_ != nullptr || (self.tls_ && self.tls_->wants_send())) {
        self.flush();
    } else if (self.state_ == State::Leaving) {
        self.abort();
    }
    if (!self.live() || !publishes(self.role_)) return;
    if (crew.options().qos == 0 && !self.sending()) self.answered();  // by no more than its end
    self.publish(Reason::Unblocked);
}

// ---- Time ------------------------------------------------------------------------------------

void Client::on_timer(Timer& timer) {
    Client& self = static_cast<Client&>(timer);
    self.crew_.touch();
    switch (self.state_) {
        case State::Connecting:
            // Ends the coroutine's operation with ECANCELED, and with it the attempt.
            if (self.set_up_op_->waiting()) cancel(self.crew_.ring(), *self.set_up_op_);
            return;
        case State::Subscribing:
            self.lose(Cause::Timeout);
            return;
        case State::Live:
            if (self.ping_waits_) {
                self.lose(Cause::PingTimeout);
            } else {
                self.keep_alive();
            }
            return;
        case State::Waiting:
            self.connect();
            return;
        default:
            return;
    }
}

// Looks twice per keep alive interval, so that no interval passes in silence (MQTT-3.1.2-23).
void Client::keep_alive() {
    if (!spoke_) {
        ping();
        return;
    }
    spoke_ = false;
    if (keepalive_s_ > 0) {
        crew_.timers().start(*this, uint64_t{keepalive_s_} * 500);
    } else {
        crew_.timers().stop(*this);
    }
}

void Client::ping() {
    if (!live() || ping_waits_) return;
    Chunk& to = out();
    to.insert(to.end(), mqtt::kPingreq.begin(), mqtt::kPingreq.end());
    ping_waits_ = true;
    crew_.recorder().add(Count::PingsSent);
    crew_.timers().start(*this, crew_.options().ping_timeout_ms);
}

// ---- Ending ----------------------------------------------------------------------------------

void Client::subscription_stands() {
    for_each_heard([](Delivery& delivery, const SendLog& from) { delivery.subscriber_back(from); });
}

void Client::lose(Cause cause) {
    if (!is_open()) return;
    if (live()) {
        note_lost(cause);
    } else if (state_ == State::Subscribing && !crew_.leaving()) {
        crew_.recorder().setup_failed(cause);
    }
    abort();
}

// A connection that stood ends before the run does. REQUIRES live().
void Client::note_lost(Cause cause) {
    window_opens();
    if (usurper_) return;
    crew_.recorder().connection_lost(cause);
    if (log_ != nullptr) log_->broke();
    const Options& options = crew_.options();
    for_each_heard([&options](Delivery& delivery, const SendLog& from) {
        delivery.subscriber_broke(from, !options.clean, options.plan.shared);
    });
}

void Client::drop() {
    if (live()) lose(Cause::Storm);
}

void Client::depart() {
    if (!live()) return;
    note_lost(Cause::Churn);
    leave();
}

void Client::abort() {
    if (state_ == State::Connecting) {
        if (set_up_op_->waiting()) cancel(crew_.ring(), *set_up_op_);
        return;
    }
    if (!is_open()) return;
    if (live() || state_ == State::Leaving) crew_.went_down();
    if (crew_.options().clean) give_up_unanswered();
    close();
}

// Terminate: whatever is in flight ends.
void Client::close() {
    state_ = State::Closing;
    crew_.timers().stop(*this);
    BufferWaiter::unlink();
    if (placed_) crew_.broker_names().left(broker_);
    placed_ = false;
    if (tls_) send_last_words();
    // One by one, which the kernel finds by hash; of a socket it finds them by looking through all
    // that wait, so that a fleet that leaves would take the square of its size.
    if (receiving_) cancel(crew_.ring(), static_cast<ReceiveOp&>(*this));
    if (sending()) cancel(crew_.ring(), static_cast<SendOp&>(*this));
    join();
}

// The last operation has ended: release.
void Client::join() {
    if (operations_ > 0) return;
    if (socket_.open()) close_socket(crew_.ring(), socket_);
    socket_ = {};
    crew_.chunks().give(filling_);
    crew_.chunks().give(partial_);
    filling_ = partial_ = nullptr;
    if (tls_) crew_.tls().keep_session(index_, *tls_);
    tls_.reset();
    retry_or_go();
}

void Client::leave() {
    switch (state_) {
        case State::Idle:
        case State::Waiting:
            crew_.timers().stop(*this);
            state_ = State::Gone;
            return;
        case State::Live: {
            window_opens();
            Chunk& to = out();
            const size_t at = to.size();
            const mqtt::DisconnectView goodbye;
            const uint8_t level = crew_.options().version;
            to.resize(at + mqtt::encode_disconnect({}, goodbye, level));
            mqtt::encode_disconnect(std::span(to).subspan(at), goodbye, level);
            crew_.timers().stop(*this);
            state_ = State::Leaving;
            return;
        }
        default:
            abort();
    }
}

}  // namespace jumpgate::load
