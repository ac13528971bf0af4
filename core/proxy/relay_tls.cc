#include "core/proxy/relay_tls.h"

#include <algorithm>
#include <utility>

#include "core/base/sample.h"

namespace jumpgate {

TlsDirection::TlsDirection(TlsRelay& owner, bool towards_broker)
    : RecvOp{{[](Op& op, Completion done) {
          TlsDirection& d = static_cast<TlsDirection&>(static_cast<RecvOp&>(op));
          d.relay.relays.on_recv(d, done);
      }}},
      SendOp{{[](Op& op, Completion done) {
          TlsDirection& d = static_cast<TlsDirection&>(static_cast<SendOp&>(op));
          d.relay.relays.on_send(d, done);
      }}},
      BufferWaiter([](BufferWaiter& waiter) {
          TlsDirection& d = static_cast<TlsDirection&>(waiter);
          d.relay.relays.advance(d.relay);
      }),
      relay(owner),
      up(towards_broker) {}

TlsRelay::TlsRelay(TlsRelays& owner, TlsLeg client_leg, TlsLeg broker_leg)
    : HalfCloseTimer([](Timer& timer) {
          TlsRelay& relay = static_cast<TlsRelay&>(static_cast<HalfCloseTimer&>(timer));
          relay.relays.stats_.half_close_timeouts++;
          relay.relays.close(relay, relay.emptying ? relay.end : RelayEnd::HalfCloseTimeout);
      }),
      relays(owner),
      client(std::move(client_leg)),
      broker(std::move(broker_leg)),
      up(*this, true),
      down(*this, false) {}

// A record's plaintext (RFC 8446 5.1): what an engine gives at once, and the best piece to take.
static constexpr size_t kScratchBytes = size_t{16} * 1024;

TlsRelays::TlsRelays(Reactor& reactor, BufferRing& buffers, BufferRing& large, const Config& config,
                     Stats& stats, RelayOwner& owner)
    : reactor_(reactor),
      buffers_(buffers),
      large_(large),
      config_(config),
      stats_(stats),
      owner_(owner),
      budget_bytes_(std::min(config.relay_budget_bytes, kBudgetBytesMax)),
      scratch_(std::make_unique_for_overwrite<uint8_t[]>(kScratchBytes)),
      relays_(reactor.ring().limits().dial_slots) {}

TlsRelays::~TlsRelays() { CHECK(live_.empty()); }

void TlsRelays::start(TlsLeg client, TlsLeg broker, const RelayIdentity& identity,
                      uint64_t greeted_bytes) {
    CHECK(client.engine != nullptr || broker.engine != nullptr);
    TlsRelay* relay = relays_.create(*this, std::move(client), std::move(broker));
    CHECK(relay != nullptr);  // a relay has a dial slot, and there are as many relays as slots
    relay->identity = identity;
    relay->up.bytes = greeted_bytes;
    stats_.up.bytes += greeted_bytes;
    live_.push_back(*relay);
    count_begin(stats_, relay->identity, reactor_.now_ns());
    for (TlsDirection* d : {&relay->up, &relay->down}) {
        if (relay->source(*d).engine != nullptr && !d->ended) decipher(*d);
    }
    advance(*relay);
}

// The one place that decides what a relay does next. Both directions: what one reads may make its
// engine answer (key updates, alerts), which the other one sends.
void TlsRelays::advance(TlsRelay& relay) {
    if (relay.closing) return;
    ++relay.in_flight;  // whatever closes the relay in here, it is not freed before the end
    pump(relay.up);
    pump(relay.down);
    proceed(relay.up);
    proceed(relay.down);
    --relay.in_flight;
    if (relay.closing) join(relay);
}

// The end of each completion.
void TlsRelays::go_on(TlsRelay& relay) {
    if (relay.closing) {
        join(relay);
    } else {
        advance(relay);
    }
}

void TlsRelays::proceed(TlsDirection& d) {
    if (d.relay.closing || d.finished) return;
    if (d.ended) {
        if (!d.sending) finish(d);
        return;
    }
    const bool waiting_for_buffers = static_cast<BufferWaiter&>(d).linked();
    if (d.receiving || waiting_for_buffers) return;
    if (gathered_bytes(d) <= budget_bytes_ / 2) arm(d);
}

// The sender of `d` will send no more. Cleanly: a plain sender's FIN or close_notify, which goes on
// as close_notify and FIN. Else TLS was cut off, by its peer or by somebody between (RFC 8446 6.1),
// and the far side shall not take it for an orderly end: it gets a FIN alone.
void TlsRelays::stream_ended(TlsDirection& d, bool cleanly) {
    TlsRelay& relay = d.relay;
    d.ended = true;
    const TlsDirection& back = relay.opposite(d);
    // Nothing is cut short where we said goodbye first, or where the receiver of `back` is lost,
    // whose send took the error: the end of the stream is then no FIN.
    if (!cleanly && !d.discard && !back.finished && !back.discard) {
        stats_.tls_truncations++;
        if (relay.end == RelayEnd::Closed) {
            relay.end = d.up ? RelayEnd::ClientTruncated : RelayEnd::BrokerTruncated;
        }
    }
    tls::Engine* target = relay.target(d).engine.get();
    if (!cleanly || target == nullptr || d.discard) return;
    encipher_gathered(d);
    target->shut();
}

// The side that `d` receives from is gone: deliver what it sent, then end the far side.
void TlsRelays::sender_reset(TlsDirection& d) {
    d.ended = d.reset = true;
    expect_end(d.relay);
}

// The side that `d` sends to takes nothing any more. What it said before it went still has to
// reach the other side (relay.cc).
void TlsRelays::receiver_lost(TlsDirection& d) {
    d.discard = true;
    drop_unsent(d);
    if (d.relay.opposite(d).finished) {
        close(d.relay, d.up ? RelayEnd::BrokerReset : RelayEnd::ClientReset);
    } else {
        expect_end(d.relay);
    }
}

// TLS is over on one leg. What was deciphered before still goes out, and so does the alert, if the
// peer takes it in time; nothing else is taken in.
void TlsRelays::fail(TlsRelay& relay, RelayEnd end) {
    if (relay.emptying) return;
    stats_.tls_errors++;
    empty_out(relay, end);
}

// Nothing more is taken in; what there is to be sent goes out, then the relay ends.
void TlsRelays::empty_out(TlsRelay& relay, RelayEnd end) {
    relay.emptying = true;
    relay.end = end;
    relay.up.ended = relay.down.ended = true;
    expect_end(relay);
}

// All bytes of `d` are out. Pass on the end of the stream, or end the relay if that was the last.
void TlsRelays::finish(TlsDirection& d) {
    d.finished = true;
    TlsRelay& relay = d.relay;
    if (d.reset) {
        close(relay, d.up ? RelayEnd::ClientReset : RelayEnd::BrokerReset);
    } else if (d.up && relay.down.discard && !relay.emptying) {
        // The client was lost as a receiver first, and that send took the error: this was no FIN.
        close(relay, RelayEnd::ClientReset);
    } else if (relay.opposite(d).finished || d.discard) {
        close(relay, relay.end);
    } else {
        d.sending = d.shutting = true;
        ++relay.in_flight;
        shut_send(reactor_.ring(), static_cast<SendOp&>(d), relay.target(d).socket);
        expect_end(relay);
    }
}

// From the first end on, the rest has --half-close-timeout-s to follow.
void TlsRelays::expect_end(TlsRelay& relay) {
    HalfCloseTimer& timer = relay;
    if (timer.running()) return;
    reactor_.timers().start(timer, uint64_t{config_.half_close_timeout_s} * 1000);
}

void TlsRelays::close(TlsRelay& relay, RelayEnd end) {
    if (relay.closing) return;
    relay.closing = true;
    relay.end = end;
    reactor_.timers().stop(static_cast<HalfCloseTimer&>(relay));
    for (TlsDirection* d : {&relay.up, &relay.down}) {
        static_cast<BufferWaiter&>(*d).unlink();
        if (d->receiving) cancel(reactor_.ring(), static_cast<RecvOp&>(*d));
        if (d->sending) cancel(reactor_.ring(), static_cast<SendOp&>(*d));
    }
    join(relay);
}

void TlsRelays::join(TlsRelay& relay) {
    if (relay.in_flight == 0) release(relay);
}

void TlsRelays::drop_unsent(TlsDirection& d) {
    spares_.give(std::move(d.outgoing));
    spares_.give(std::move(d.gathering));
    d.out_bytes = 0;
    tls::Engine* target = d.relay.target(d).engine.get();
    if (target != nullptr && target->output_bytes() > 0) spares_.give(target->take_output());
}

void TlsRelays::release(TlsRelay& relay) {
    EndedRelay ended{relay.identity, relay.end, relay.up.bytes, relay.down.bytes};
    ended.tls = relay.client.engine != nullptr;
    const bool is_clients = relay.end == RelayEnd::ClientTls;
    if (is_clients || relay.end == RelayEnd::BrokerTls) {
        const tls::Engine& engine = is_clients ? *relay.client.engine : *relay.broker.engine;
        ended.tls_failure = engine.failure();
        ended.tls_alert = engine.alert();
    }
    drop_unsent(relay.up);
    drop_unsent(relay.down);
    close_socket(reactor_.ring(), relay.client.socket);
    close_socket(reactor_.ring(), relay.broker.socket);
    static_cast<RelayLink&>(relay).unlink();
    relays_.destroy(&relay);
    count_end(stats_, ended);
    owner_.relay_ended(ended);
}

void TlsRelays::close_all() {
    // A relay with nothing in flight leaves the list at once, one that waits stays: walk a copy.
    std::vector<TlsRelay*> open;
    for (TlsRelay* relay = live_.front(); relay != nullptr; relay = live_.after(*relay)) {
        open.push_back(relay);
    }
    for (TlsRelay* relay : open) close(*relay, RelayEnd::Stopped);
}

// An orderly end to both sides, in the middle of whatever they were saying.
void TlsRelays::evict(TlsRelay& relay) {
    for (TlsDirection* d : {&relay.up, &relay.down}) {
        tls::Engine* target = relay.target(*d).engine.get();
        if (target == nullptr || d->ended || d->discard) continue;
        encipher_gathered(*d);
        target->shut();
    }
    if (!relay.emptying) empty_out(relay, RelayEnd::Evicted);
    advance(relay);
}

size_t TlsRelays::close_some(uint16_t node, size_t count, Rng& rng) {
    const std::vector<TlsRelay*> chosen = sample(live_, count, rng, [node](const TlsRelay& relay) {
        return relay.identity.node == node && !relay.closing && !relay.emptying;
    });
    for (TlsRelay* relay : chosen) evict(*relay);
    return chosen.size();
}

void TlsRelays::find(std::string_view client_id, size_t max, std::vector<FoundRelay>& out) {
    TlsRelay* relay = live_.front();
    for (; relay != nullptr && out.size() < max; relay = live_.after(*relay)) {
        if (!relay->identity.is_called(client_id)) continue;
        const bool tls = relay->client.engine != nullptr;
        out.push_back({relay->identity, relay->up.bytes, relay->down.bytes, tls});
    }
}

}  // namespace jumpgate
