// Relays, the splicing half: splice(2) through a pooled pipe, from the reactor's thread.
//
// A direction that streams borrows a pipe and two temporary descriptors, and gives all back when
// the stream rests. Law: the pipe is emptied before it is filled again (EAGAIN from a fill cannot
// tell an empty socket from a full pipe); whatever fails before the first byte leaves the direction
// copying, as if nothing had been tried.
#include <poll.h>

#include <array>
#include <cerrno>
#include <span>

#include "core/proxy/relay.h"

namespace jumpgate {

// A fill below this is a message, not a stream; three in a row end the splice.
static constexpr int64_t kSmallFillBytes = 4096;
static constexpr unsigned kSmallFillsMax = 3;
// A pipe at rest goes back to the pool.
static constexpr uint64_t kIdleMs = 1000;
// Fills before other connections get their turn: 16 x 1 MiB.
static constexpr unsigned kFillsPerTurn = 16;

struct Splice : Timer {
    explicit Splice(Direction& d) : Timer(&Relays::splice_idle), direction(d) {}

    Direction& direction;
    Pipe* pipe = nullptr;
    int source_fd = -1;
    int target_fd = -1;
    unsigned small_fills = 0;
    bool started = false;  // both descriptors are there
    bool failed = false;   // one could not be installed
    bool resting = false;  // idle too long: back to copying
    bool full = false;     // waits until the target can take more
};

void SpliceDeleter::operator()(Splice* splice) const { delete splice; }

void Relays::start_splice(Direction& d) {
    Result<Pipe*> pipe = pipes_.borrow();
    if (!pipe) {
        refuse_splice(d);
        return;
    }
    d.splice.reset(new Splice(d));
    d.splice->pipe = *pipe;
    d.receiving = d.sending = true;
    d.relay.in_flight = static_cast<uint16_t>(d.relay.in_flight + 2);
    install_fd(reactor_.ring(), static_cast<RecvOp&>(d), d.relay.source(d));
    install_fd(reactor_.ring(), static_cast<SendOp&>(d), d.relay.target(d));
}

// No pipe, no descriptor, or no use: copy on, and ask for twice the streak before the next try.
void Relays::refuse_splice(Direction& d) {
    stats_.direction(d.up).splice_fallbacks++;
    d.promote = false;
    d.streak_bytes = 0;
    if (d.splice_refusals < UINT8_MAX) ++d.splice_refusals;
    advance(d);
}

// Completions of a splicing direction: first the two installs, then polls.
void Relays::on_splice_op(Direction& d, Completion done, bool recv_side) {
    Relay& relay = d.relay;
    Splice& splice = *d.splice;
    if (recv_side) {
        d.receiving = false;
    } else {
        d.sending = false;
    }
    --relay.in_flight;
    int& fd = recv_side ? splice.source_fd : splice.target_fd;
    if (fd < 0) {
        if (done.result >= 0) fd = done.result;
        splice.failed = splice.failed || done.result < 0;
    }
    if (relay.closing) {
        join(relay);
    } else if (d.receiving || d.sending) {
        return;  // the other one is still to come
    } else if (splice.failed) {
        stop_splice(d);
        refuse_splice(d);
    } else if (splice.resting && splice.pipe->held_bytes == 0) {
        stop_splice(d);
        advance(d);
    } else {
        if (!splice.started) stats_.direction(d.up).splice_promotions++;
        splice.started = true;
        splice_pump(d);
    }
}

void Relays::splice_pump(Direction& d) {
    for (unsigned round = 0; round < kFillsPerTurn; ++round) {
        if (!splice_fill(d)) return;
        if (!splice_drain(d)) return;
        if (d.splice->small_fills >= kSmallFillsMax) {
            stop_splice(d);
            advance(d);
            return;
        }
    }
    d.receiving = true;
    ++d.relay.in_flight;
    poll_once(reactor_.ring(), static_cast<RecvOp&>(d), d.relay.source(d), POLLIN | POLLRDHUP);
}

// --splice always: the broker's first bytes go through the pipe, which cannot be looked into.
void Relays::look_at_first(Direction& d) {
    std::array<uint8_t, 16> first;
    const size_t length = peek(d.splice->source_fd, first);
    if (length == 0) return;
    count_first_bytes(stats_, d.relay.identity, std::span(first).first(length), reactor_.now_ns());
}

// True: the pipe holds something. False: waiting, or the direction is no longer spliced.
bool Relays::splice_fill(Direction& d) {
    Splice& splice = *d.splice;
    if (splice.pipe->held_bytes > 0) return true;
    if (d.discard) {
        stop_splice(d);
        advance(d);
        return false;
    }
    if (!d.up && d.bytes == 0) look_at_first(d);
    const int64_t moved = splice_in(splice.source_fd, *splice.pipe);
    if (moved > 0) {
        reactor_.timers().stop(splice);
        d.bytes += static_cast<uint64_t>(moved);
        stats_.direction(d.up).bytes += static_cast<uint64_t>(moved);
        stats_.direction(d.up).bytes_spliced += static_cast<uint64_t>(moved);
        const bool small = moved < kSmallFillBytes && config_.splice == SpliceMode::Auto;
        splice.small_fills = small ? splice.small_fills + 1 : 0;
        return true;
    }
    if (moved == -EAGAIN || moved == -EINTR) {
        d.receiving = true;
        ++d.relay.in_flight;
        if (config_.splice == SpliceMode::Auto) reactor_.timers().start(splice, kIdleMs);
        poll_once(reactor_.ring(), static_cast<RecvOp&>(d), d.relay.source(d), POLLIN | POLLRDHUP);
        return false;
    }
    stop_splice(d);
    if (moved == 0) {
        d.ended = true;
        advance(d);
    } else if (moved == -EINVAL) {
        refuse_splice(d);  // this socket cannot be spliced: copy
    } else {
        sender_reset(d);
    }
    return false;
}

// True: the pipe is empty again.
bool Relays::splice_drain(Direction& d) {
    Splice& splice = *d.splice;
    while (splice.pipe->held_bytes > 0) {
        const int64_t moved = splice_out(*splice.pipe, splice.target_fd);
        if (moved > 0) {
            splice.full = false;
            continue;
        }
        if (moved == -EAGAIN && splice.full) {
            leave_pipe(d);
            return false;
        }
        if (moved == -EAGAIN || moved == -EINTR) {
            reactor_.timers().stop(splice);  // a slow reader is no idle stream
            splice.full = true;
            d.sending = true;
            ++d.relay.in_flight;
            poll_once(reactor_.ring(), static_cast<SendOp&>(d), d.relay.target(d), POLLOUT);
            return false;
        }
        receiver_lost(d);
        return false;
    }
    return true;
}

// The target polls writable and takes nothing from a pipe, as small send buffers do at times (seen
// on 6.18): polling on would spin. The pipe's bytes go out as a copy, and so does what follows.
void Relays::leave_pipe(Direction& d) {
    auto moved = std::make_unique<Spill>();
    moved->length = d.splice->pipe->held_bytes;
    moved->bytes = std::make_unique_for_overwrite<uint8_t[]>(moved->length);
    read_out(*d.splice->pipe, moved->bytes.get());
    stop_splice(d);
    d.spill = std::move(moved);
    refuse_splice(d);
}

// Gives pipe and descriptors back. A pipe that still holds bytes (the receiver is gone) is closed.
void Relays::stop_splice(Direction& d) {
    Splice& splice = *d.splice;
    CHECK(!d.receiving && !d.sending);
    reactor_.timers().stop(splice);
    if (splice.source_fd >= 0) close_fd(splice.source_fd);
    if (splice.target_fd >= 0) close_fd(splice.target_fd);
    if (splice.started) stats_.direction(d.up).splice_demotions++;
    pipes_.give_back(splice.pipe);
    d.splice.reset();
    d.streak_bytes = 0;
    d.promote = false;
}

void Relays::splice_idle(Timer& timer) {
    Splice& splice = static_cast<Splice&>(timer);
    splice.resting = true;
    Relays& relays = splice.direction.relay.relays;
    cancel(relays.reactor_.ring(), static_cast<RecvOp&>(splice.direction));
}

}  // namespace jumpgate
