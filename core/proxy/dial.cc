// Dial: from a CONNECT to its stream route, and to a connected broker that has it.
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
    bool tls = false;           // the handshake failed
    int32_t sys = 0;            // why not, where it has not
};

static const Broker& broker_of(const Connection& c) {
    return c.routing->snapshot().brokers[c.node];
}

static bool is_tls(const Connection& c) { return broker_of(c).tls; }

// What goes out as soon as the connection stands: the PROXY header if one is due, then the greeting
// or, to a TLS broker, the ClientHello. Lies in c.sending unless it is the greeting alone.
static std::span<const uint8_t> first_bytes(Connection& c) {
    const std::span<const uint8_t> greeting = c.greeting.bytes(c.worker.buffers());
    c.sending = {};
    write_proxy_header(c, c.sending);
    if (is_tls(c)) {
        c.broker_engine->handshake();
        tls::Bytes hello = c.broker_engine->take_output();
        c.sending.append(hello.span());
    } else if (c.sending.empty()) {
        return greeting;
    } else {
        c.sending.append(greeting);
    }
    return c.sending.span();
}

// To a verified TLS broker. All or nothing: who has seen some of it may have seen the CONNECT.
static Task<Attempt> send_secured_greeting(Connection& c) {
    Attempt attempt;
    c.handshake_began_us = c.worker.now_us();
    bool verified = co_await shake_hands_with_broker(c);
    if (!verified) {
        attempt.tls = !c.interrupted();
        attempt.sys = c.timed_out ? ETIMEDOUT : EPROTO;
        co_return attempt;
    }
    c.worker.broker_handshake_done(c);
    const tls::Step sealed = c.broker_engine->write(c.greeting.bytes(c.worker.buffers()));
    if (sealed != tls::Step::Done) {
        attempt.tls = true;
        attempt.sys = EPROTO;
        co_return attempt;
    }
    attempt.connect_sent = true;
    attempt.whole = co_await send_output(c, c.broker, *c.broker_engine);
    attempt.sys = c.timed_out ? ETIMEDOUT : EPIPE;
    co_return attempt;
}

// Opens the connection that start_dial has queued and sends what the first send left over: with
// small socket buffers the kernel may give up a send before all is taken (relay_copy.cc, settle).
static Task<Attempt> greet_broker(Connection& c, std::span<const uint8_t> first) {
    Attempt attempt;
    Completion done = co_await c.op;
    const bool standing = done.result >= 0 || done.result == -EAGAIN || done.result == -EINTR;
    size_t sent = done.result > 0 ? static_cast<size_t>(done.result) : 0;
    if (standing) {
        size_t more = co_await send_whole(c, c.broker, first.subspan(sent));
        sent += more;
    }
    const bool whole = sent == first.size();
    if (whole && is_tls(c)) {
        attempt = co_await send_secured_greeting(c);
        co_return attempt;
    }
    const size_t greeting_bytes = c.greeting.bytes(c.worker.buffers()).size();
    attempt.whole = whole;
    // HTTP: no request may reach two servers, so the first byte decides.
    const size_t decisive_bytes = c.http ? 1 : c.connect.packet_length;
    attempt.connect_sent = !is_tls(c) && sent + greeting_bytes >= first.size() + decisive_bytes;
    attempt.sys = c.timed_out ? ETIMEDOUT : standing ? EPIPE : -done.result;
    co_return attempt;
}

// Dials the node that was picked: false where there was no descriptor to do it with.
static bool start_attempt(Connection& c, std::span<const uint8_t>& first) {
    Worker& worker = c.worker;
    c.broker_engine.reset();
    if (is_tls(c)) {
        c.broker_engine = worker.make_broker_engine(c);
        if (c.broker_engine == nullptr) return false;
    }
    first = first_bytes(c);
    Result<Socket> dialled = worker.start_dial(c, first);
    if (!dialled) return false;
    c.broker = *dialled;
    return true;
}

// No broker took the client: in the words of the last attempt.
static Verdict gave_up(Connection& c, Attempt last) {
    if (c.attempts > 0) c.enter(Phase::Dial);  // it failed there, not for want of a node
    if (last.tls) return failed(c, Refusal::BrokerTls, broker_fault(*c.broker_engine).words, 0);
    if (is_local(last.sys)) {
        return failed(c, Refusal::ServerBusy, "out of ports, descriptors or memory", last.sys);
    }
    const bool none = c.attempts == 0;
    return failed(c, Refusal::NoBroker,
                  none ? "every broker is down or drained" : "no broker could be reached",
                  last.sys);
}

// Another address of the same broker, or another broker, with an address; false: there is none, or
// enough were tried. A broker counts once, however many of its addresses are dead: they must not
// keep the client from the next one, so no further address is tried after `addresses_until_us`.
static bool pick(Connection& c, const UpstreamPlan& plan, uint64_t addresses_until_us) {
    c.enter(Phase::Route);
    const bool begun = c.attempts > 0;
    const bool patient = begun && c.worker.now_us() < addresses_until_us;
    if (patient && c.addresses_tried < broker_of(c).addresses.size()) return true;
    if (c.attempts >= plan.dial_attempts_max) return false;
    if (begun) c.tried[c.tried_count++] = c.node;
    while (c.tried_count < c.tried.size() && c.worker.pick_node(c)) {
        if (!broker_of(c).addresses.empty()) return true;
        c.tried[c.tried_count++] = c.node;  // its name was never resolved
    }
    return false;
}

static Verdict no_route(const Connection& c) {
    if (c.level_only) {
        return failed(c, Refusal::UnsupportedVersion,
                      "the stream routes for this client take other versions of MQTT", 0);
    }
    return failed(c, Refusal::NoRoute, "no stream route is for this client", 0);
}

// Finds the stream route; what it takes to know where the client connected to, and to say so.
static Task<bool> find_route(Connection& c) {
    Worker& worker = c.worker;
    const bool tells = worker.config().proxy_protocol.send != SendProxy::Off;
    if (tells || worker.snapshot().routes_by_server_addr) co_await learn_local_address(c);
    worker.route(c);
    co_return c.route != nullptr;
}

Task<Verdict> dial_broker(Connection& c) {
    Worker& worker = c.worker;
    bool routed = co_await find_route(c);
    if (!routed) co_return no_route(c);
    const UpstreamPlan& plan = c.routing->snapshot().upstreams[c.route->upstream];
    const uint64_t addresses_until_us =
        worker.now_us() + uint64_t{worker.config().setup_timeout_ms} * 1'000;
    Attempt attempt;
    while (!c.stopping && pick(c, plan, addresses_until_us)) {
        c.enter(Phase::Dial);
        std::span<const uint8_t> first;
        const uint64_t started_us = worker.now_us();
        if (!start_attempt(c, first)) {
            co_return failed(c, Refusal::ServerBusy, "out of descriptors or memory", ENFILE);
        }
        c.start_deadline(plan.dial_timeout_ms);
        attempt = co_await greet_broker(c, first);
        c.stop_deadline();
        c.sending = {};
        if (attempt.whole) {
            worker.dial_succeeded(c, worker.now_us() - started_us);
            Verdict verdict;
            verdict.pass = true;
            co_return verdict;
        }
        close_socket(worker.reactor().ring(), c.broker);
        c.broker = {};
        c.wire.clear(worker.buffers());
        if (attempt.connect_sent) {
            co_return failed(c, Refusal::NoBroker, "the broker stopped reading", attempt.sys);
        }
        if (c.stopping) break;
        if (c.addresses_tried++ == 0) ++c.attempts;
        if (attempt.tls) {
            worker.broker_handshake_failed(c);
        } else {
            worker.dial_failed(c, attempt.sys, is_local(attempt.sys));
        }
    }
    co_return gave_up(c, attempt);
}

}  // namespace jumpgate
