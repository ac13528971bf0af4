// Refuse: turn a client away, in its own version of MQTT, and see that the answer arrives.
//
// A close with unread bytes in the socket sends a reset, which may destroy the CONNACK before the
// client has read it; so: answer, FIN, read and drop for a moment, close.
#include <cerrno>

#include "core/proxy/connection.h"
#include "core/proxy/worker.h"

namespace jumpgate {

static constexpr uint64_t kLingerMs = 1000;
static constexpr uint32_t kLingerBytesMax = 1U << 20U;

Task<Unit> refuse(Connection& c, Verdict verdict) {
    Worker& worker = c.worker;
    Ring& ring = worker.reactor().ring();
    worker.refused(c, verdict);
    c.greeting.clear(worker.buffers());
    if (!verdict.answer || c.stopping) co_return Unit{};
    const std::span<const uint8_t> answer = connack(verdict.reason, verdict.level, c.answer);
    if (answer.empty()) co_return Unit{};

    c.enter(Phase::Drain);
    c.start_deadline(kLingerMs);
    send_all(ring, c.op, c.client, answer);
    Completion sent = co_await c.op;
    bool open = sent.result == static_cast<int32_t>(answer.size());
    if (open) {
        shut_send(ring, c.op, c.client);
        Completion shut = co_await c.op;
        if (!shut_send_finish(ring, shut)) {
            shut_send_slowly(ring, c.op, c.client);
            co_await c.op;
        }
    }
    uint32_t dropped = 0;
    while (open && dropped < kLingerBytesMax && !c.timed_out && !c.stopping) {
        recv_once(ring, c.op, c.client, worker.buffers().group());
        Completion done = co_await c.op;
        if (done.has_buffer()) {
            worker.buffers().taken();
            worker.buffers().release(done.buffer());
        }
        if (done.result == -ENOBUFS && !worker.buffers().replenish(c)) {
            worker.out_of_buffers();
            co_await c.op;  // -EAGAIN when there are buffers again
        }
        open = done.result > 0 || done.result == -ENOBUFS;
        if (done.result > 0) dropped += static_cast<uint32_t>(done.result);
    }
    c.stop_deadline();
    co_return Unit{};
}

}  // namespace jumpgate
