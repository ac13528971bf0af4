// Handshake: TLS with the client, and with the broker.
//
// Law: each step of a handshake waits its turn at the gate. A broker hears not one byte of
// the greeting, and so no password, before its certificate was verified.
#include <cerrno>

#include "core/proxy/connection.h"
#include "core/proxy/worker.h"

namespace jumpgate {

static Verdict failed(const Connection& c) {
    const tls::Engine& engine = *c.client_engine;
    Verdict verdict;
    const bool not_tls = engine.failure() == tls::Failure::NotTls;
    verdict.refusal = not_tls ? Refusal::NotTls : Refusal::HandshakeFailed;
    verdict.words = engine.detail();
    return verdict;
}

// Lends what came to the engine and lets it work; whatever follows the handshake is read at once.
static tls::Step advance(Connection& c) {
    BufferRing& buffers = c.worker.buffers();
    c.client_engine->feed(c.wire.bytes(buffers));
    tls::Step step = c.client_engine->handshake();
    if (step == tls::Step::Done) {
        const tls::Step rest = read_plaintext(c);
        if (rest == tls::Step::Failed) step = rest;
        c.ended = rest == tls::Step::Closed;
    }
    c.wire.clear(buffers);
    return step;
}

// A fatal alert, unrecognized_name, as it goes out before any key is agreed (RFC 8446 5.1, 6).
static constexpr std::array<uint8_t, 7> kNoCertificateAlert = {0x15, 3, 3, 0, 2, 2, 112};

// The certificates come by the Admin API, and none has come yet: no name has one.
static Task<Verdict> refuse_handshake(Connection& c) {
    constexpr uint8_t kHandshakeRecord = 0x16;  // RFC 8446 5.1
    const bool tls = c.wire.bytes(c.worker.buffers())[0] == kHandshakeRecord;
    c.wire.clear(c.worker.buffers());
    Verdict verdict;
    verdict.refusal = tls ? Refusal::HandshakeFailed : Refusal::NotTls;
    verdict.cause = tls ? tls::Failure::UnknownServerName : tls::Failure::NotTls;
    verdict.words = tls ? "there is no certificate to show yet; put one to /apisix/admin/ssls"
                        : "the bytes are no TLS record";
    c.worker.handshake_failed(verdict.cause);
    if (tls) co_await send_whole(c, c.client, kNoCertificateAlert);
    co_return verdict;
}

Task<Verdict> shake_hands(Connection& c) {
    Verdict verdict;
    if (c.worker.credentials().server == nullptr) {
        verdict = co_await refuse_handshake(c);
        co_return verdict;
    }
    c.client_engine = tls::Engine::accept(c.worker.credentials().server);
    if (c.client_engine == nullptr) {
        verdict.refusal = Refusal::ServerBusy;
        verdict.words = "out of memory for a TLS handshake";
        co_return verdict;
    }
    c.handshake_began_us = c.worker.now_us();
    for (bool begun = false;; begun = true) {
        bool go = co_await pass_gate(c, begun);
        if (!go) co_return lost(c, Completion{-ECANCELED, 0});
        const tls::Step step = advance(c);
        if (step == tls::Step::Done) {
            c.worker.handshake_done(c);  // what it has to say yet goes out with the next wait
            verdict.pass = true;
            co_return verdict;
        }
        bool sent = co_await send_output(c, c.client, *c.client_engine);
        if (step == tls::Step::Failed || step == tls::Step::Closed) {
            c.worker.handshake_failed(c.client_engine->failure());
            co_return failed(c);
        }
        if (!sent) co_return lost(c, Completion{-EPIPE, 0});
        Completion done = co_await receive(c, c.client, c.wire);
        if (done.result <= 0) co_return lost(c, done);
    }
}

// Nothing may be there to read: a broker that speaks MQTT before it was spoken to is none. Session
// tickets are taken in passing.
static bool is_silent(tls::Engine& engine) {
    std::array<uint8_t, 256> room;
    size_t length = 0;
    return engine.read(room, length) == tls::Step::WantInput;
}

BrokerFault broker_fault(const tls::Engine& engine) {
    if (engine.failure() != tls::Failure::None) return {engine.failure(), engine.detail()};
    if (engine.established()) return {tls::Failure::None, "the broker spoke before it was asked"};
    return {tls::Failure::Truncated,
            "the broker closed the connection during the handshake; does it speak TLS there?"};
}

Task<bool> shake_hands_with_broker(Connection& c) {
    BufferRing& buffers = c.worker.buffers();
    tls::Engine& engine = *c.broker_engine;
    for (;;) {
        Completion done = co_await receive(c, c.broker, c.wire);
        if (done.result <= 0) co_return false;
        bool go = co_await pass_gate(c, true);
        if (!go) co_return false;
        engine.feed(c.wire.bytes(buffers));
        const tls::Step step = engine.handshake();
        const bool silent = step != tls::Step::Done || is_silent(engine);
        c.wire.clear(buffers);
        if (step == tls::Step::Done) co_return silent;
        bool sent = co_await send_output(c, c.broker, engine);
        if (step != tls::Step::WantInput || !sent) co_return false;
    }
}

}  // namespace jumpgate
