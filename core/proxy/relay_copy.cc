// Relays, the copying half: receive into shared buffers, send straight from them.
//
// Backpressure is the byte budget of a receive: it ends by itself when the budget is used and is
// armed again when at most half of the budget waits to be sent.
#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/proxy/relay.h"

namespace jumpgate {

// Pieces of one gathered send; the kernel's own fast path holds 8, 64 is what pays on loopback.
static constexpr size_t kGatherMax = 64;

// A multishot receive that has emptied the socket waits for the next event. A reset that lay behind
// the data when it was armed is no event any more, and the receive would wait for ever. So the
// first time that it finds the socket empty, the socket is asked for its error.
void Relays::arm(Direction& d) {
    d.doubtful = true;
    d.looking = false;
    d.receiving = true;
    ++d.relay.in_flight;
    Ring& ring = reactor_.ring();
    RecvOp& op = d;
    const Socket source = d.relay.source(d);
    if (ring.capabilities().socket_options) {
        const uint32_t budget_bytes = config_.relay_budget_bytes - d.unsent_bytes();
        recv_many(ring, op, source, buffers_.group(), budget_bytes);
    } else {
        recv_once(ring, op, source, buffers_.group());  // looks at the socket at every arming
    }
}

void Relays::on_recv(Direction& d, Completion done) {
    if (d.splice != nullptr) {
        on_splice_op(d, done, true);
        return;
    }
    Relay& relay = d.relay;
    if (!done.more()) {
        d.receiving = false;
        --relay.in_flight;
    }
    if (done.has_buffer()) buffers_.taken();
    const bool keep = done.result > 0 && !relay.closing && !d.discard;
    if (done.has_buffer() && !keep) buffers_.release(done.buffer());
    if (relay.closing) {
        join(relay);
        return;
    }
    received(d, done);
}

void Relays::received(Direction& d, Completion done) {
    if (done.result > 0) {
        if (done.more() && d.doubtful && !done.nonempty()) {
            d.doubtful = false;
            ask_error(d);
        }
        const auto bytes = static_cast<uint32_t>(done.result);
        if (!d.up && d.bytes == 0 && !d.discard) {
            count_first_bytes(stats_, d.relay.identity, {buffers_.at(done.buffer()), bytes},
                              reactor_.now_ns());
        }
        d.bytes += bytes;
        stats_.direction(d.up).bytes += bytes;
        if (!d.discard) {
            d.queue.push(buffers_, done.buffer(), bytes);
            track_streak(d, bytes);
        }
        advance(d);
    } else if (done.result == 0) {
        d.ended = true;
        advance(d);
    } else if (done.result == -ENOBUFS) {
        stats_.buffer_exhaustions++;
        if (buffers_.replenish(d)) {
            advance(d);
        } else {
            out_of_buffers();
        }
    } else if (done.result == -ECANCELED && d.looking) {
        d.looking = false;
        advance(d);
    } else {
        sender_reset(d);
    }
}

// The error of the socket that `d` receives from was taken, by a send or by asking, so an armed
// receive may never hear of it. A new one takes what lies before the reset, and then finds the end.
void Relays::look_anew(Direction& d) {
    if (!d.receiving || d.splice != nullptr || d.looking) return;
    d.looking = true;
    cancel(reactor_.ring(), static_cast<RecvOp&>(d));
}

void Relays::ask_error(Direction& d) {
    d.ask_again = d.asking;
    if (d.asking) return;
    d.asking = true;
    d.sender_error = 0;
    ++d.relay.in_flight;
    take_error(reactor_.ring(), static_cast<ErrorOp&>(d), d.relay.source(d), d.sender_error);
}

void Relays::on_error(Direction& d, Completion done) {
    d.asking = false;
    --d.relay.in_flight;
    if (d.relay.closing) {
        join(d.relay);
    } else if (done.result >= 0 && d.sender_error != 0) {
        d.reset = true;
        expect_end(d.relay);
        look_anew(d);
        advance(d);
    } else if (d.ask_again) {
        ask_error(d);
    }
}

// A run of full buffers is a stream: it is worth a pipe. Messages end in a part-filled buffer.
void Relays::track_streak(Direction& d, uint32_t bytes) {
    if (config_.splice != SpliceMode::Auto) return;
    if (bytes < buffers_.buffer_bytes()) {
        d.streak_bytes = 0;
        return;
    }
    d.streak_bytes += bytes;
    const uint64_t enough = uint64_t{config_.splice_min_bytes}
                            << std::min<unsigned>(d.splice_refusals, 8);
    if (d.streak_bytes >= enough && reactor_.ring().capabilities().fd_install) d.promote = true;
}

// Space for a gathered send that stays valid until it is submitted, which happens once per turn.
Relays::Gather& Relays::next_gather() {
    const uint64_t turn = reactor_.ring().counters().enters;
    if (turn != gathers_turn_) {
        gathers_turn_ = turn;
        gathers_used_ = 0;
    }
    if (gathers_used_ == gathers_.size()) gathers_.push_back(std::make_unique<Gather>());
    return *gathers_[gathers_used_++];
}

void Relays::pump(Direction& d) {
    if (d.sending || d.unsent_bytes() == 0) return;
    SendOp& op = d;
    const Socket target = d.relay.target(d);
    if (d.spill != nullptr) {
        send_all(reactor_.ring(), op, target, {d.spill->bytes.get(), d.spill->length});
    } else if (d.queue.segments() == 1) {
        iovec only{};
        d.queue.gather(buffers_, {&only, 1});
        send_all(reactor_.ring(), op, target, {static_cast<uint8_t*>(only.iov_base), only.iov_len});
    } else {
        reactor_.ring().reserve(1);  // no submission may come between the space and its SQE
        Gather& gather = next_gather();
        static_assert(std::tuple_size_v<decltype(gather.segments)> == kGatherMax);
        gather.message.msg_iov = gather.segments.data();
        gather.message.msg_iovlen = d.queue.gather(buffers_, gather.segments);
        send_gathered(reactor_.ring(), op, target, gather.message);
    }
    d.sending = true;
    ++d.relay.in_flight;
    backlog_.push_back(d);
}

// Bytes that the send in flight was to carry.
static uint32_t offered_bytes(Direction& d, BufferRing& buffers) {
    if (d.spill != nullptr) return d.spill->length;
    return d.queue.in_flight_bytes(buffers);
}

void Relays::on_send(Direction& d, Completion done) {
    if (d.splice != nullptr) {
        on_splice_op(d, done, false);
        return;
    }
    Relay& relay = d.relay;
    static_cast<BacklogLink&>(d).unlink();
    Sent sent = Sent::Whole;
    if (!d.pausing && !d.shutting) sent = settle(d, done);
    d.sending = d.pausing = false;
    --relay.in_flight;
    if (relay.closing) {
        // A descriptor installed for the half-close must not outlive the relay.
        if (d.shutting) shut_send_finish(reactor_.ring(), done);
        join(relay);
    } else if (d.shutting) {
        d.shutting = shut_send_finish(reactor_.ring(), done) ? false : true;
        if (!d.shutting) return;
        d.sending = true;
        ++relay.in_flight;
        shut_send_slowly(reactor_.ring(), static_cast<SendOp&>(d), relay.target(d));
    } else if (sent == Sent::Whole) {
        advance(d);
    } else if (sent == Sent::Short) {  // a moment later; a receiver that is gone says so then
        d.sending = d.pausing = true;
        ++relay.in_flight;
        pause(reactor_.ring(), static_cast<SendOp&>(d));
    } else {
        receiver_lost(d);
    }
}

// Takes what went out of the queue. Buffers that come back wake those who wait for some, this very
// relay among them; to all of them the send is still in flight.
// A short send is a cancel of ours, a receiver that is gone, or a kernel that gave up waiting: a
// socket that polls writable but takes nothing, as small send buffers do at times, ends the send
// with -EAGAIN after 128 tries (APOLL_MAX_RETRY, io_uring/poll.c) or hands it to a kernel worker,
// where a cancel is an -EINTR.
Relays::Sent Relays::settle(Direction& d, Completion done) {
    const auto sent_bytes = static_cast<uint32_t>(std::max(done.result, 0));
    const bool whole = done.result >= 0 && sent_bytes == offered_bytes(d, buffers_);
    const bool interrupted = done.result == -ECANCELED || done.result == -EINTR;
    const bool cancelled = d.spilling && (done.result >= 0 || interrupted);
    d.spilling = false;
    if (d.spill == nullptr) {
        d.queue.sent(buffers_, sent_bytes);
    } else if (d.spill->length == sent_bytes) {
        d.spill.reset();
    } else {
        d.spill->length -= sent_bytes;
        std::memmove(d.spill->bytes.get(), d.spill->bytes.get() + sent_bytes, d.spill->length);
    }
    if (whole) return Sent::Whole;
    if (cancelled) {
        spill(d);
        return Sent::Whole;
    }
    const bool again = done.result > 0 || done.result == -EAGAIN || interrupted;
    return again ? Sent::Short : Sent::Nothing;
}

// A send that takes longer than this while others wait for buffers is stuck.
static constexpr uint64_t kStuckMs = 5;

void Relays::out_of_buffers() {
    ReliefTimer& timer = *this;
    if (!timer.running()) reactor_.timers().start(timer, kStuckMs);
}

// The oldest sends are stuck behind peers that do not read. Each is cancelled and its bytes move to
// memory of its own, also what came after an earlier move; its budget still bounds it. Again and
// again while somebody waits: a send may get stuck later.
void Relays::relieve(Timer& timer) {
    Relays& self = static_cast<Relays&>(static_cast<ReliefTimer&>(timer));
    if (!self.buffers_.starved()) return;
    self.reactor_.timers().start(timer, kStuckMs);
    const uint32_t wanted = std::max(self.buffers_.count() / 4, 1U);
    uint32_t freed = 0;
    Direction* d = self.backlog_.front();
    for (; d != nullptr && freed < wanted; d = self.backlog_.after(*d)) {
        if (d->queue.empty() || d->shutting) continue;
        freed += d->queue.segments();
        if (d->spilling) continue;
        d->spilling = true;
        cancel(self.reactor_.ring(), static_cast<SendOp&>(*d));
    }
}

void Relays::spill(Direction& d) {
    if (d.queue.empty()) return;
    stats_.spills++;
    const uint32_t before = d.spill == nullptr ? 0 : d.spill->length;
    auto moved = std::make_unique<Spill>();
    moved->length = before + d.queue.bytes();
    moved->bytes = std::make_unique_for_overwrite<uint8_t[]>(moved->length);
    if (before > 0) std::memcpy(moved->bytes.get(), d.spill->bytes.get(), before);
    d.spill = std::move(moved);
    d.queue.copy_out(buffers_, d.spill->bytes.get() + before);
}

}  // namespace jumpgate
