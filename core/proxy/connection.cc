#include "core/proxy/connection.h"

#include <cerrno>
#include <variant>

#include "core/proxy/worker.h"

namespace jumpgate {

std::string_view text(Phase phase) {
    switch (phase) {
        case Phase::Accept:
            return "accept";
        case Phase::Handshake:
            return "handshake";
        case Phase::Peek:
            return "peek";
        case Phase::Route:
            return "route";
        case Phase::Dial:
            return "dial";
        case Phase::Relay:
            return "relay";
        case Phase::Drain:
            return "drain";
    }
    return "unknown";
}

static constexpr uint64_t kCancelAgainMs = 10;

Connection::Connection(Worker& owner, Socket accepted, const Address& accepted_from, bool too_many)
    : SetupDeadline([](Timer& timer) {
          Connection& c = static_cast<Connection&>(static_cast<SetupDeadline&>(timer));
          c.timed_out = true;
          c.interrupt();
      }),
      BufferWaiter([](BufferWaiter& waiter) {
          Connection& c = static_cast<Connection&>(waiter);
          c.op.complete(c.op, Completion{-EAGAIN, 0});
      }),
      worker(owner),
      client(accepted),
      peer(accepted_from),
      over_limit(too_many) {}

void Connection::start_deadline(uint64_t after_ms) {
    timed_out = false;
    worker.reactor().timers().start(static_cast<SetupDeadline&>(*this), after_ms);
}

void Connection::stop_deadline() {
    worker.reactor().timers().stop(static_cast<SetupDeadline&>(*this));
}

void Connection::interrupt() {
    BufferWaiter& waiter = *this;
    if (waiter.linked()) {
        waiter.unlink();
        op.complete(op, Completion{-ECANCELED, 0});
    } else if (op.waiting()) {
        cancel(worker.reactor().ring(), op);
        // A cancel that comes between two links of a chain finds nothing: ask again until it ends.
        worker.reactor().timers().start(static_cast<SetupDeadline&>(*this), kCancelAgainMs);
    }
}

Detached serve(Connection& c) {
    c.enter(Phase::Peek);
    Verdict verdict = co_await read_greeting(c);
    if (verdict.pass) {
        c.enter(Phase::Route);
        verdict = co_await dial_broker(c);
    }
    if (verdict.pass) {
        c.enter(Phase::Relay);
        c.worker.start_relay(c);
    } else {
        co_await refuse(c, verdict);
        close_socket(c.worker.reactor().ring(), c.client);
    }
    c.worker.release(c);
}

// Why a receive brought nothing.
static Verdict lost(const Connection& c, Completion done) {
    Verdict verdict;
    if (c.stopping) {
        verdict.refusal = Refusal::ShuttingDown;
    } else if (c.timed_out) {
        verdict.refusal = Refusal::SetupTimeout;
        verdict.words = "no complete CONNECT within --setup-timeout-ms";
    } else {
        verdict.words = "closed before its CONNECT was complete";
        verdict.sys = done.result < 0 ? -done.result : 0;
    }
    return verdict;
}

static Verdict refusal_of(const mqtt::Invalid& invalid, uint8_t first_byte) {
    Verdict verdict;
    verdict.refusal = classify(invalid, first_byte);
    verdict.reason = invalid.reason;
    verdict.level = invalid.level;
    verdict.answer = invalid.answer;
    verdict.words = invalid.text;
    if (verdict.refusal == Refusal::TlsHello) verdict.words = "a TLS ClientHello on a plain port";
    if (verdict.refusal == Refusal::HttpRequest) verdict.words = "an HTTP request on an MQTT port";
    return verdict;
}

static Verdict refusal_of(Refusal refusal, uint8_t level, std::string_view words) {
    Verdict verdict;
    verdict.refusal = refusal;
    verdict.reason = reason_of(refusal);
    verdict.level = level;
    verdict.answer = true;
    verdict.words = words;
    return verdict;
}

// Judges what has come so far: nothing while more is needed.
static std::optional<Verdict> consider(Connection& c) {
    const std::span<const uint8_t> bytes = c.greeting.bytes(c.worker.buffers());
    const mqtt::ConnectResult result = mqtt::parse_connect(bytes);
    const uint32_t size_max = c.worker.config().connect_size_max_bytes;
    if (const auto* invalid = std::get_if<mqtt::Invalid>(&result)) {
        return refusal_of(*invalid, bytes[0]);
    }
    if (const auto* more = std::get_if<mqtt::NeedMore>(&result)) {
        // Without the level the answer could not be in the client's version: it is near.
        if (more->total <= size_max || more->level == 0) return std::nullopt;
        return refusal_of(Refusal::TooLarge, more->level, "CONNECT over --connect-size-max");
    }
    c.connect = std::get<mqtt::ConnectView>(result);
    if (c.connect.packet_length > size_max) {
        return refusal_of(Refusal::TooLarge, c.connect.level, "CONNECT over --connect-size-max");
    }
    if (c.over_limit) {
        return refusal_of(Refusal::TooManyConnections, c.connect.level, "over --connections-max");
    }
    Verdict verdict;
    verdict.pass = true;
    return verdict;
}

Task<Verdict> read_greeting(Connection& c) {
    Worker& worker = c.worker;
    Ring& ring = worker.reactor().ring();
    BufferRing& buffers = worker.buffers();
    c.start_deadline(worker.config().setup_timeout_ms);
    recv_first(ring, c.op, c.client, buffers.group(), c.peer);
    for (;;) {
        Completion done = co_await c.op;
        if (done.has_buffer()) buffers.taken();
        if (done.result > 0) {
            c.greeting.receive(buffers, done.buffer(), static_cast<uint32_t>(done.result));
            std::optional<Verdict> verdict = consider(c);
            if (verdict) {
                c.stop_deadline();
                co_return *verdict;
            }
            c.greeting.keep(buffers);
        } else if (done.result == -ENOBUFS) {
            worker.stats().buffer_exhaustions++;
            if (!buffers.replenish(c)) {
                worker.out_of_buffers();
                continue;  // completes with -EAGAIN when there are some
            }
        } else if (done.result != -EAGAIN) {
            c.stop_deadline();
            co_return lost(c, done);
        }
        if (c.timed_out || c.stopping) co_return lost(c, done);
        recv_once(ring, c.op, c.client, buffers.group());
    }
}

}  // namespace jumpgate
