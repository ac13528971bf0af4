// Dial: from a CONNECT to a connected broker that has it.
//
// Law: the broker gets the greeting byte for byte. Another node is tried only while no broker can
// have seen a whole CONNECT: two brokers must never both own the session.
#include <cerrno>

#include "core/proxy/connection.h"
#include "core/proxy/worker.h"

namespace jumpgate {

// Our own shortage, not the broker's fault: its health is not touched.
static bool is_local(int32_t sys) {
    switch (sys) {
        case EADDRNOTAVAIL:
        case EADDRINUSE:
        case EMFILE:
        case ENFILE:
        case ENOBUFS:
        case ENOMEM:
            return true;
        default:
            return false;
    }
}

static Verdict failed(const Connection& c, Refusal refusal, std::string_view words, int32_t sys) {
    Verdict verdict;
    verdict.refusal = c.stopping ? Refusal::ShuttingDown : refusal;
    verdict.reason = reason_of(verdict.refusal);
    verdict.level = c.connect.level;
    verdict.answer = true;
    verdict.words = words;
    verdict.sys = sys;
    return verdict;
}

// How one attempt ended. Trivially copyable (g++ 12 rule 1).
struct Attempt {
    bool whole = false;         // the broker has all of the greeting
    bool connect_sent = false;  // it may have seen the whole CONNECT
    int32_t sys = 0;            // why not, where it has not
};

// Opens the connection that start_dial has queued and sends what the first send left over: with
// small socket buffers the kernel may give up a send before all is taken (relay_copy.cc, settle).
static Task<Attempt> send_greeting(Connection& c) {
    Ring& ring = c.worker.reactor().ring();
    const std::span<const uint8_t> bytes = c.greeting.bytes(c.worker.buffers());
    Completion done = co_await c.op;
    size_t sent = done.result > 0 ? static_cast<size_t>(done.result) : 0;
    while (sent < bytes.size() && !c.timed_out && !c.stopping) {
        if (done.result < 0 && done.result != -EAGAIN && done.result != -EINTR) break;
        pause(ring, c.op);
        co_await c.op;
        send_all(ring, c.op, c.broker, bytes.subspan(sent));
        done = co_await c.op;
        if (done.result > 0) sent += static_cast<size_t>(done.result);
    }
    Attempt attempt;
    attempt.whole = sent == bytes.size();
    attempt.connect_sent = sent >= c.connect.packet_length;
    attempt.sys = c.timed_out ? ETIMEDOUT : done.result < 0 ? -done.result : EPIPE;
    co_return attempt;
}

Task<Verdict> dial_broker(Connection& c) {
    Worker& worker = c.worker;
    worker.set_route_hash(c);
    int32_t sys = 0;
    while (c.attempts < worker.config().dial_attempts_max && !c.stopping) {
        c.enter(Phase::Route);
        std::optional<uint16_t> node = worker.pick_node(c);
        if (!node) break;
        c.enter(Phase::Dial);
        c.node = *node;
        Result<Socket> dialled = worker.start_dial(c);
        if (!dialled) {
            co_return failed(c, Refusal::ServerBusy, "out of descriptors", dialled.error().sys);
        }
        c.broker = *dialled;
        c.start_deadline(worker.config().dial_timeout_ms);
        Attempt attempt = co_await send_greeting(c);
        c.stop_deadline();
        if (attempt.whole) {
            worker.dial_succeeded(c.node);
            Verdict verdict;
            verdict.pass = true;
            co_return verdict;
        }
        close_socket(worker.reactor().ring(), c.broker);
        c.broker = {};
        sys = attempt.sys;
        if (attempt.connect_sent) {
            co_return failed(c, Refusal::NoBroker, "the broker stopped reading", sys);
        }
        if (c.stopping) break;
        c.tried[c.attempts++] = c.node;
        worker.dial_failed(c.node, sys, is_local(sys));
    }
    if (c.attempts > 0) c.enter(Phase::Dial);  // it failed there, not for want of a node
    if (is_local(sys)) {
        co_return failed(c, Refusal::ServerBusy, "out of ports, descriptors or memory", sys);
    }
    const bool none = c.attempts == 0;
    co_return failed(c, Refusal::NoBroker,
                     none ? "every broker is down or drained" : "no broker could be reached", sys);
}

}  // namespace jumpgate
