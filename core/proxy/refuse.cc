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

static constexpr std::string_view kHttpRefusal =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

// What is still to be said: a CONNACK where one is due, over TLS with a close_notify behind it.
// Lies in c.answer or c.sending.
static std::span<const uint8_t> last_words(Connection& c, const Verdict& verdict) {
    std::span<const uint8_t> answer;
    if (c.http) {
        answer = {reinterpret_cast<const uint8_t*>(kHttpRefusal.data()), kHttpRefusal.size()};
    } else if (verdict.answer) {
        answer = connack(verdict.reason, verdict.level, c.answer);
    }
    tls::Engine* engine = c.client_engine.get();
    if (engine == nullptr || !engine->established()) return answer;
    if (!answer.empty()) engine->write(answer);
    engine->shut();
    c.sending = engine->take_output();
    return c.sending.span();
}

// FIN, so that the answer is read before the reset that a close with unread bytes may send.
static Task<Unit> end_sending(Connection& c) {
    Ring& ring = c.worker.reactor().ring();
    shut_send(ring, c.op, c.client);
    Completion shut = co_await c.op;
    if (!shut_send_finish(ring, shut)) {
        shut_send_slowly(ring, c.op, c.client);
        co_await c.op;
    }
    co_return Unit{};
}

Task<Unit> refuse(Connection& c, Verdict verdict) {
    Worker& worker = c.worker;
    Ring& ring = worker.reactor().ring();
    worker.refused(c, verdict);
    const std::span<const uint8_t> words = last_words(c, verdict);
    c.greeting.clear(worker.buffers());
    c.wire.clear(worker.buffers());
    // A failed handshake has sent its alert, which must arrive just as well.
    const bool alerted = verdict.refusal == Refusal::HandshakeFailed;
    if (c.stopping || (words.empty() && !alerted)) co_return Unit{};

    c.enter(Phase::Drain);
    c.start_deadline(kLingerMs);
    size_t sent = co_await send_whole(c, c.client, words);
    bool open = sent == words.size();
    if (open) co_await end_sending(c);
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
