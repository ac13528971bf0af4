#include "core/proxy/relay.h"

#include "core/base/sample.h"

namespace jumpgate {

Direction::Direction(Relay& owner, bool towards_broker)
    : RecvOp{{[](Op& op, Completion done) {
          Direction& d = static_cast<Direction&>(static_cast<RecvOp&>(op));
          d.relay.relays.on_recv(d, done);
      }}},
      SendOp{{[](Op& op, Completion done) {
          Direction& d = static_cast<Direction&>(static_cast<SendOp&>(op));
          d.relay.relays.on_send(d, done);
      }}},
      ErrorOp{{[](Op& op, Completion done) {
          Direction& d = static_cast<Direction&>(static_cast<ErrorOp&>(op));
          d.relay.relays.on_error(d, done);
      }}},
      BufferWaiter([](BufferWaiter& waiter) {
          Direction& d = static_cast<Direction&>(waiter);
          d.relay.relays.advance(d);
      }),
      relay(owner),
      up(towards_broker) {}

Relay::Relay(Relays& engine, Socket client_socket, Socket broker_socket)
    : HalfCloseTimer([](Timer& timer) {
          Relay& relay = static_cast<Relay&>(static_cast<HalfCloseTimer&>(timer));
          relay.relays.stats_.half_close_timeouts++;
          relay.relays.close(relay, RelayEnd::HalfCloseTimeout);
      }),
      relays(engine),
      client(client_socket),
      broker(broker_socket),
      up(*this, true),
      down(*this, false) {}

Relays::Relays(Reactor& reactor, BufferRing& buffers, PipePool& pipes, const Config& config,
               Stats& stats, RelayOwner& owner)
    : ReliefTimer(&Relays::relieve),
      reactor_(reactor),
      buffers_(buffers),
      pipes_(pipes),
      config_(config),
      stats_(stats),
      owner_(owner),
      relays_(reactor.ring().limits().dial_slots) {}

Relays::~Relays() {
    reactor_.timers().stop(*this);
    CHECK(live_.empty() && backlog_.empty());
}

void Relays::start(Socket client, Socket broker, const RelayIdentity& identity,
                   uint64_t greeted_bytes) {
    Relay* relay = relays_.create(*this, client, broker);
    CHECK(relay != nullptr);  // a relay has a dial slot, and there are as many relays as slots
    relay->identity = identity;
    relay->up.bytes = greeted_bytes;
    stats_.up.bytes += greeted_bytes;
    live_.push_back(*relay);
    count_begin(stats_, relay->identity, reactor_.now_ns());
    const bool splice_at_once =
        config_.splice == SpliceMode::Always && reactor_.ring().capabilities().fd_install;
    relay->up.promote = relay->down.promote = splice_at_once;
    advance(relay->up);
    advance(relay->down);
}

// The one place that decides what a direction does next; called after each of its completions.
void Relays::advance(Direction& d) {
    if (d.relay.closing || d.splice != nullptr || d.finished) return;
    pump(d);
    if (d.sending) {
        if (d.ended || d.promote) return;  // both wait until all is out
    } else if (d.ended) {
        finish(d);
        return;
    }
    const bool waiting_for_buffers = static_cast<BufferWaiter&>(d).linked();
    if (d.receiving || waiting_for_buffers) return;
    if (d.promote) {
        start_splice(d);
    } else if (d.unsent_bytes() <= config_.relay_budget_bytes / 2) {
        arm(d);
    }
}

// The side that `d` sends to takes nothing any more. What it said before it went still has to
// reach the other side, so the relay goes on until that is done: a reset of ours now could destroy
// the broker's last packet in the client's hands.
void Relays::receiver_lost(Direction& d) {
    d.discard = true;
    d.spill.reset();  // first: buffers that come back may wake this very direction
    d.queue.clear(buffers_);
    Direction& back = d.relay.opposite(d);
    if (back.finished) {
        close(d.relay, d.up ? RelayEnd::BrokerReset : RelayEnd::ClientReset);
        return;
    }
    expect_end(d.relay);
    if (d.splice != nullptr) stop_splice(d);
    look_anew(back);
    advance(d);
}

// The side that `d` receives from is gone: deliver what it sent, then end the far side.
void Relays::sender_reset(Direction& d) {
    d.ended = d.reset = true;
    expect_end(d.relay);
    advance(d);
}

// All bytes of `d` are out. Pass on the end of the stream, or end the relay if that was the last.
void Relays::finish(Direction& d) {
    d.finished = true;
    Relay& relay = d.relay;
    if (d.reset) {
        close(relay, d.up ? RelayEnd::ClientReset : RelayEnd::BrokerReset);
    } else if (d.up && relay.down.discard) {
        // The client was lost as a receiver first, and that send took the error: this was no FIN.
        close(relay, RelayEnd::ClientReset);
    } else if (relay.opposite(d).finished || d.discard) {
        close(relay, RelayEnd::Closed);
    } else {
        d.sending = d.shutting = true;
        ++relay.in_flight;
        shut_send(reactor_.ring(), static_cast<SendOp&>(d), relay.target(d));
        expect_end(relay);
    }
}

// From the first end on, the rest has --half-close-timeout-s to follow.
void Relays::expect_end(Relay& relay) {
    HalfCloseTimer& timer = relay;
    if (timer.running()) return;
    reactor_.timers().start(timer, uint64_t{config_.half_close_timeout_s} * 1000);
}

void Relays::close(Relay& relay, RelayEnd end) {
    if (relay.closing) return;
    relay.closing = true;
    relay.end = end;
    reactor_.timers().stop(static_cast<HalfCloseTimer&>(relay));
    for (Direction* d : {&relay.up, &relay.down}) {
        static_cast<BufferWaiter&>(*d).unlink();
        if (d->receiving) cancel(reactor_.ring(), static_cast<RecvOp&>(*d));
        if (d->sending) cancel(reactor_.ring(), static_cast<SendOp&>(*d));
    }
    join(relay);
}

void Relays::join(Relay& relay) {
    if (relay.in_flight == 0) release(relay);
}

void Relays::release_direction(Direction& d) {
    d.queue.clear(buffers_);
    static_cast<BacklogLink&>(d).unlink();
    if (d.splice != nullptr) stop_splice(d);
}

void Relays::release(Relay& relay) {
    release_direction(relay.up);
    release_direction(relay.down);
    close_socket(reactor_.ring(), relay.client);
    close_socket(reactor_.ring(), relay.broker);
    static_cast<RelayLink&>(relay).unlink();
    const EndedRelay ended{relay.identity, relay.end, relay.up.bytes, relay.down.bytes};
    count_end(stats_, ended);
    relays_.destroy(&relay);
    owner_.relay_ended(ended);
}

void Relays::close_all() {
    // A relay with nothing in flight leaves the list at once, one that waits stays: walk a copy.
    std::vector<Relay*> open;
    for (Relay* relay = live_.front(); relay != nullptr; relay = live_.after(*relay)) {
        open.push_back(relay);
    }
    for (Relay* relay : open) close(*relay, RelayEnd::Stopped);
}

size_t Relays::close_some(uint16_t node, size_t count, Rng& rng) {
    const std::vector<Relay*> chosen = sample(live_, count, rng, [node](const Relay& relay) {
        return relay.identity.node == node && !relay.closing;
    });
    for (Relay* relay : chosen) close(*relay, RelayEnd::Evicted);
    return chosen.size();
}

void Relays::find(std::string_view client_id, size_t max, std::vector<FoundRelay>& out) {
    Relay* relay = live_.front();
    for (; relay != nullptr && out.size() < max; relay = live_.after(*relay)) {
        if (!relay->identity.is_called(client_id)) continue;
        out.push_back({relay->identity, relay->up.bytes, relay->down.bytes, false});
    }
}

}  // namespace jumpgate
