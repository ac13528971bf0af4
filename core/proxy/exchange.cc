// Exchange: one receive, one send, one turn at the gate; what the phases of a setup are made of.
//
// Law: one operation at a time, on c.op; a wait that a deadline or a stop has cut short says so by
// its result, and no new operation is started after that.
#include <cerrno>

#include "core/proxy/connection.h"
#include "core/proxy/worker.h"

namespace jumpgate {

static constexpr Completion kInterrupted{-ECANCELED, 0};

Task<Completion> receive(Connection& c, Socket from, Greeting& into) {
    Worker& worker = c.worker;
    Ring& ring = worker.reactor().ring();
    BufferRing& buffers = worker.buffers();
    into.keep(buffers);
    for (;;) {
        if (c.interrupted()) co_return kInterrupted;
        if (c.introduced) {
            recv_once(ring, c.op, from, buffers.group());
        } else {
            recv_first(ring, c.op, from, buffers.group(), c.peer);
        }
        Completion done = co_await c.op;
        if (done.has_buffer()) buffers.taken();
        if (done.result > 0) {
            c.introduced = true;
            into.receive(buffers, done.buffer(), static_cast<uint32_t>(done.result));
            co_return done;
        }
        if (done.result == -ENOBUFS) {
            c.introduced = true;  // its link came before the receive
            worker.stats().buffer_exhaustions++;
            if (buffers.replenish(c)) continue;
            worker.out_of_buffers();
            done = co_await c.op;  // -EAGAIN when there are some
        }
        if (done.result != -EAGAIN) co_return done;
    }
}

Task<size_t> send_whole(Connection& c, Socket to, std::span<const uint8_t> bytes) {
    Ring& ring = c.worker.reactor().ring();
    size_t sent = 0;
    while (sent < bytes.size() && !c.interrupted()) {
        send_all(ring, c.op, to, bytes.subspan(sent));
        Completion done = co_await c.op;
        if (done.result > 0) sent += static_cast<size_t>(done.result);
        if (sent == bytes.size()) break;
        if (done.result < 0 && done.result != -EAGAIN && done.result != -EINTR) break;
        pause(ring, c.op);  // small socket buffers: the kernel gave up before all was taken
        co_await c.op;
    }
    co_return sent;
}

Task<bool> send_output(Connection& c, Socket to, tls::Engine& engine) {
    if (engine.output_bytes() == 0) co_return true;
    c.sending = engine.take_output();
    const std::span<const uint8_t> bytes = c.sending.span();
    size_t sent = co_await send_whole(c, to, bytes);
    const bool whole = sent == c.sending.size();
    c.sending = {};
    co_return whole;
}

Task<bool> pass_gate(Connection& c, bool begun) {
    if (!c.worker.gate().pass(c, begun)) {
        // A fleet that comes back all at once waits here, and relays need the buffers meanwhile.
        c.wire.keep(c.worker.buffers());
        co_await c.op;
    }
    co_return !c.interrupted();
}

tls::Step read_plaintext(Connection& c) {
    std::array<uint8_t, 4096> room;
    for (;;) {
        size_t length = 0;
        const tls::Step step = c.client_engine->read(room, length);
        if (step != tls::Step::Done) return step;
        c.greeting.append(c.worker.buffers(), std::span(room).first(length));
    }
}

Task<Completion> receive_plaintext(Connection& c) {
    BufferRing& buffers = c.worker.buffers();
    const size_t before = c.greeting.bytes(buffers).size();
    for (;;) {
        bool sent = co_await send_output(c, c.client, *c.client_engine);
        if (!sent) co_return Completion{-EPIPE, 0};
        if (c.ended) co_return Completion{0, 0};
        Completion done = co_await receive(c, c.client, c.wire);
        if (done.result == 0) c.worker.stats().tls_truncations++;  // an end without close_notify
        if (done.result <= 0) co_return done;
        c.client_engine->feed(c.wire.bytes(buffers));
        const tls::Step step = read_plaintext(c);
        c.wire.clear(buffers);
        const size_t now = c.greeting.bytes(buffers).size();
        if (now > before) co_return Completion{static_cast<int32_t>(now - before), 0};
        if (step == tls::Step::Failed) {  // before a CONNECT, a bad record is one of its causes
            c.worker.handshake_failed(c.client_engine->failure());
            co_return Completion{-EPROTO, 0};
        }
        c.ended = step == tls::Step::Closed;
        // A client that asks for answers (key updates) without end and reads none.
        if (step == tls::Step::WantOutput) co_return Completion{-EPROTO, 0};
    }
}

}  // namespace jumpgate
