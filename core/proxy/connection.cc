#include "core/proxy/connection.h"

#include <cerrno>

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

// Who waits for a buffer or for the gate goes on with -EAGAIN when it has come.
static constexpr Completion kGoOn{-EAGAIN, 0};

Connection::Connection(Worker& owner, const Accepted& accepted)
    : SetupDeadline([](Timer& timer) {
          Connection& c = static_cast<Connection&>(static_cast<SetupDeadline&>(timer));
          c.timed_out = true;
          c.interrupt();
      }),
      BufferWaiter([](BufferWaiter& waiter) {
          Connection& c = static_cast<Connection&>(waiter);
          c.op.complete(c.op, kGoOn);
      }),
      GateWaiter([](GateWaiter& waiter) {
          Connection& c = static_cast<Connection&>(waiter);
          c.op.complete(c.op, kGoOn);
      }),
      worker(owner),
      client(accepted.socket),
      peer(accepted.from),
      local(accepted.to),
      port(accepted.port),
      listener(accepted.listener),
      tls(accepted.tls),
      over_limit(accepted.over_limit) {}

void Connection::start_deadline(uint64_t after_ms) {
    timed_out = false;
    worker.reactor().timers().start(static_cast<SetupDeadline&>(*this), after_ms);
}

void Connection::stop_deadline() {
    worker.reactor().timers().stop(static_cast<SetupDeadline&>(*this));
}

void Connection::interrupt() {
    BufferWaiter& for_buffer = *this;
    GateWaiter& for_gate = *this;
    if (for_buffer.linked() || for_gate.linked()) {
        for_buffer.unlink();
        for_gate.unlink();
        op.complete(op, Completion{-ECANCELED, 0});
    } else if (op.waiting()) {
        cancel(worker.reactor().ring(), op);
        // A cancel that comes between two links of a chain finds nothing: ask again until it ends.
        worker.reactor().timers().start(static_cast<SetupDeadline&>(*this), kCancelAgainMs);
    }
}

const tls::Identity* Connection::identity() const {
    return client_engine == nullptr ? nullptr : client_engine->identity();
}

Detached serve(Connection& c) {
    Verdict verdict;
    verdict.pass = true;
    if (c.tls || c.worker.reads_proxy_headers()) verdict = co_await open_stream(c);
    if (verdict.pass) {
        c.enter(Phase::Peek);
        verdict = co_await read_greeting(c);
    }
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

}  // namespace jumpgate
