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

Task<Verdict> dial_broker(Connection& c) {
    Worker& worker = c.worker;
    const std::span<const uint8_t> bytes = c.greeting.bytes(worker.buffers());
    worker.set_route_hash(c);
    int32_t sys = 0;
    while (c.attempts < worker.config().dial_attempts_max && !c.stopping) {
        c.enter(Phase::Route);
        std::optional<uint16_t> node = worker.pick_node(c);
        if (!node) break;
        c.enter(Phase::Dial);
        c.node = *node;
        Result<Socket> dialled = worker.start_dial(c, bytes);
        if (!dialled) {
            co_return failed(c, Refusal::TooManyConnections, "out of descriptors", ENFILE);
        }
        c.broker = *dialled;
        c.start_deadline(worker.config().dial_timeout_ms);
        Completion done = co_await c.op;
        c.stop_deadline();
        if (done.result >= 0 && static_cast<size_t>(done.result) == bytes.size()) {
            worker.dial_succeeded(c.node);
            Verdict verdict;
            verdict.pass = true;
            co_return verdict;
        }
        close_socket(worker.reactor().ring(), c.broker);
        c.broker = {};
        if (done.result >= static_cast<int32_t>(c.connect.packet_length)) {
            co_return failed(c, Refusal::NoBroker, "the broker stopped reading", EPIPE);
        }
        sys = c.timed_out ? ETIMEDOUT : (done.result < 0 ? -done.result : EPIPE);
        if (c.stopping) break;
        c.tried[c.attempts++] = c.node;
        worker.dial_failed(c.node, sys, is_local(sys));
    }
    co_return failed(
        c, Refusal::NoBroker,
        c.attempts == 0 ? "every broker is down or drained" : "no broker could be reached", sys);
}

}  // namespace jumpgate
