// TlsRelays, the moving half: receive, decipher, encipher, send.
//
// A direction's plaintext goes straight from the receive buffer (or the source's engine) to where
// it is sent from. Backpressure: no receive is armed while more than half of the budget waits.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "core/proxy/relay_tls.h"

namespace jumpgate {

static constexpr size_t kRecordBytesMax = size_t{16} * 1024;
// While a send is in flight, smaller pieces than this wait to share a record: 22 bytes of overhead
// on each byte would break the budget.
static constexpr size_t kPieceBytesMin = 2048;

// Receives in a row after which a direction changes between small and large buffers.
static constexpr uint8_t kStreakMin = 4;

// What waits behind the send in flight.
size_t TlsRelays::gathered_bytes(TlsDirection& d) {
    const tls::Engine* target = d.relay.target(d).engine.get();
    return d.gathering.size() + (target == nullptr ? 0 : target->output_bytes());
}

// ---- In --------------------------------------------------------------------------------------

// One receive at a time: it looks at the socket at every arming, so no reset is missed, and costs
// with TLS what a multishot does (8.5 to 10 us of CPU a message, either way).
void TlsRelays::arm(TlsDirection& d) {
    d.large = d.streams && large_.buffer_bytes() <= budget_bytes_;
    d.receiving = true;
    ++d.relay.in_flight;
    const Socket source = d.relay.source(d).socket;
    recv_once(reactor_.ring(), static_cast<RecvOp&>(d), source, ring_of(d).group());
}

// The operation counts as in flight until the end, so the relay outlives what happens in here.
void TlsRelays::on_recv(TlsDirection& d, Completion done) {
    TlsRelay& relay = d.relay;
    d.receiving = false;
    BufferRing& ring = ring_of(d);
    if (done.has_buffer()) ring.taken();
    if (!relay.closing) received(d, done);
    if (done.has_buffer()) ring.release(done.buffer());
    --relay.in_flight;
    go_on(relay);
}

void TlsRelays::received(TlsDirection& d, Completion done) {
    if (d.ended) return;  // what comes behind the end says nothing
    if (done.result > 0) {
        const auto bytes = static_cast<uint32_t>(done.result);
        track_streak(d, bytes);
        if (!d.discard) take_in(d, {ring_of(d).at(done.buffer()), bytes});
    } else if (done.result == 0) {
        stream_ended(d, d.relay.source(d).engine == nullptr);
    } else if (done.result == -ENOBUFS) {
        stats_.buffer_exhaustions++;
        d.streams = false;  // large ones are few: take a small one, and go on
        if (!ring_of(d).replenish(d)) owner_.out_of_buffers();
    } else {
        sender_reset(d);
    }
}

// Full buffers in a row are a stream: large buffers make fewer receives and sends of it, and full
// records. Receives that would have fit a small buffer are messages.
void TlsRelays::track_streak(TlsDirection& d, uint32_t bytes) {
    const bool full = bytes >= buffers_.buffer_bytes();
    d.streak = full != d.streams ? static_cast<uint8_t>(d.streak + 1) : uint8_t{0};
    if (d.streak < kStreakMin) return;
    d.streams = full;
    d.streak = 0;
}

// ---- Between ---------------------------------------------------------------------------------

void TlsRelays::take_in(TlsDirection& d, std::span<const uint8_t> bytes) {
    tls::Engine* source = d.relay.source(d).engine.get();
    if (source == nullptr) {
        count(d, bytes);
        pass_on(d, bytes);
    } else {
        source->feed(bytes);
        decipher(d);
    }
}

// Plaintext that has come.
void TlsRelays::count(TlsDirection& d, std::span<const uint8_t> plaintext) {
    if (!d.up && d.bytes == 0) {
        count_first_bytes(stats_, d.relay.identity, plaintext, reactor_.now_ns());
    }
    d.bytes += plaintext.size();
    stats_.direction(d.up).bytes += plaintext.size();
}

// Reads all that the source's engine can give now. Deciphers straight into the buffer that a plain
// target is sent next.
void TlsRelays::decipher(TlsDirection& d) {
    tls::Engine& source = *d.relay.source(d).engine;
    const bool into_tls = d.relay.target(d).engine != nullptr;
    tls::Step step = tls::Step::Done;
    while (step == tls::Step::Done && !d.relay.emptying) {
        const std::span<uint8_t> space =
            into_tls ? std::span(scratch_.get(), kRecordBytesMax) : room(d, source.unread());
        size_t length = 0;
        step = source.read(space, length);
        if (step != tls::Step::Done) break;
        count(d, space.first(length));
        if (into_tls) {
            pass_on(d, space.first(length));
        } else {
            d.gathering.commit(length);
        }
    }
    if (d.gathering.empty() && d.gathering.capacity() > 0) spares_.give(std::move(d.gathering));
    if (!d.up && !d.relay.session_kept) keep_session(d.relay);
    if (step == tls::Step::Closed) {
        stream_ended(d, true);
    } else if (step == tls::Step::Failed || step == tls::Step::WantOutput) {
        // WantOutput: a peer that asks for answers without end (key updates) and reads none.
        fail(d.relay, d.up ? RelayEnd::ClientTls : RelayEnd::BrokerTls);
    }
}

// TLS 1.3: the ticket comes some time after the handshake (RFC 8446 4.6.1).
void TlsRelays::keep_session(TlsRelay& relay) {
    tls::SessionRef session = relay.broker.engine->session();
    if (session == nullptr) return;
    relay.session_kept = true;
    owner_.broker_session(relay.identity.node, std::move(session));
}

// Room in `gathering`: `wanted` bytes if it has to be made, at least one.
std::span<uint8_t> TlsRelays::room(TlsDirection& d, size_t wanted) {
    if (d.gathering.capacity() == 0) {
        d.gathering = spares_.take(wanted);
    } else if (d.gathering.room().empty()) {
        const size_t more = std::max({wanted, d.gathering.size(), size_t{4096}});
        d.gathering.reserve(d.gathering.size() + more);
    }
    return d.gathering.room();
}

// Towards a TLS target.
void TlsRelays::pass_on(TlsDirection& d, std::span<const uint8_t> plaintext) {
    if (d.sending && plaintext.size() < kPieceBytesMin) {
        if (d.gathering.capacity() == 0) d.gathering = spares_.take(plaintext.size());
        d.gathering.append(plaintext);
        return;
    }
    encipher_gathered(d);
    encipher(d, plaintext);
}

void TlsRelays::encipher_gathered(TlsDirection& d) {
    if (d.gathering.empty()) return;
    encipher(d, d.gathering.span());
    spares_.give(std::move(d.gathering));
}

void TlsRelays::encipher(TlsDirection& d, std::span<const uint8_t> plaintext) {
    tls::Engine& target = *d.relay.target(d).engine;
    if (target.output_bytes() == 0) {
        const size_t records = plaintext.size() / kRecordBytesMax + 1;
        const size_t overhead_bytes = records * tls::Engine::kRecordOverheadBytesMax;
        target.reuse(spares_.take(plaintext.size() + overhead_bytes));
    }
    if (target.write(plaintext) == tls::Step::Done) return;
    fail(d.relay, d.up ? RelayEnd::BrokerTls : RelayEnd::ClientTls);
}

// ---- Out -------------------------------------------------------------------------------------

void TlsRelays::pump(TlsDirection& d) {
    if (d.discard || d.finished) {
        drop_unsent(d);  // the engine's answers to what it still reads
        return;
    }
    if (d.sending) return;
    if (d.outgoing.empty()) load(d);
    if (d.outgoing.empty()) return;
    d.sending = true;
    ++d.relay.in_flight;
    send_all(reactor_.ring(), static_cast<SendOp&>(d), d.relay.target(d).socket,
             d.outgoing.span().subspan(d.out_bytes));
}

// What waits becomes what is sent.
void TlsRelays::load(TlsDirection& d) {
    tls::Engine* target = d.relay.target(d).engine.get();
    if (target == nullptr) {
        std::swap(d.outgoing, d.gathering);
        return;
    }
    encipher_gathered(d);
    if (target->output_bytes() > 0) d.outgoing = target->take_output();
}

void TlsRelays::on_send(TlsDirection& d, Completion done) {
    TlsRelay& relay = d.relay;
    d.sending = false;
    if (d.shutting) {
        shut(d, done);
    } else if (d.pausing) {
        d.pausing = false;
    } else {
        sent(d, done);
    }
    --relay.in_flight;
    go_on(relay);
}

// A short send: relay_copy.cc, settle.
void TlsRelays::sent(TlsDirection& d, Completion done) {
    d.out_bytes += static_cast<size_t>(std::max(done.result, 0));
    if (d.out_bytes == d.outgoing.size()) {
        spares_.give(std::move(d.outgoing));
        d.out_bytes = 0;
    } else if (d.relay.closing) {
        return;
    } else if (done.result > 0 || done.result == -EAGAIN || done.result == -EINTR) {
        d.sending = d.pausing = true;
        ++d.relay.in_flight;
        pause(reactor_.ring(), static_cast<SendOp&>(d));
    } else {
        receiver_lost(d);
    }
}

void TlsRelays::shut(TlsDirection& d, Completion done) {
    // A descriptor installed for the half-close must not outlive the relay.
    const bool shut = shut_send_finish(reactor_.ring(), done);
    d.shutting = false;
    if (shut || d.relay.closing) return;
    d.sending = d.shutting = true;
    ++d.relay.in_flight;
    shut_send_slowly(reactor_.ring(), static_cast<SendOp&>(d), d.relay.target(d).socket);
}

}  // namespace jumpgate
