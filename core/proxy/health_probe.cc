#include "core/proxy/health_probe.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/base/time.h"
#include "core/proxy/health_talk.h"

namespace jumpgate {

static constexpr uint64_t kCancelAgainMs = 10;
static constexpr size_t kFarewellBytesMax = 65'536;
static constexpr Completion kInterrupted{-ECANCELED, 0};

Probe::Probe(Reactor& owner, ProbePlan what, void (*on_done)(Probe&))
    : Timer([](Timer& timer) {
          Probe& probe = static_cast<Probe&>(timer);
          probe.timed_out = true;
          probe.interrupt();
      }),
      reactor(owner),
      plan(std::move(what)),
      done(on_done) {}

void Probe::start_deadline(uint64_t after_ms) {
    timed_out = false;
    reactor.timers().start(*this, after_ms);
}

void Probe::stop() {
    stopping = true;
    interrupt();
}

// A cancel that comes between two links of a dial finds nothing: ask again until it ends.
void Probe::interrupt() {
    if (!op.waiting()) return;
    cancel(reactor.ring(), op);
    reactor.timers().start(*this, kCancelAgainMs);
}

// ---- What went wrong, and where --------------------------------------------------------------

namespace {

// How far a check had come. What is above TCP and TLS is not down, but not ready.
struct Layer {
    std::string_view name;
    BrokerCondition condition;
};
constexpr Layer kTcp{"TCP", BrokerCondition::Down};
constexpr Layer kTls{"TLS", BrokerCondition::Down};
constexpr Layer kMqtt{"MQTT", BrokerCondition::NotReady};
constexpr Layer kHttp{"HTTP", BrokerCondition::NotReady};

// Our own shortage, not the broker's fault.
bool is_ours(int32_t sys) {
    switch (error_from_errno(sys, Side::Internal).code) {
        case ErrorCode::AddressInUse:
        case ErrorCode::OutOfFiles:
        case ErrorCode::OutOfBuffers:
        case ErrorCode::OutOfMemory:
            return true;
        default:
            return false;
    }
}

void fail_with(Probe& p, const Layer& layer, std::string_view words) {
    p.result.outcome = Outcome::TcpFailed;
    p.result.condition = layer.condition;
    p.result.why = fmt::format("{}: {}", layer.name, words);
}

// `done`: of the operation that ended the check; 0: the broker closed the connection.
void fail(Probe& p, const Layer& layer, Completion done) {
    if (p.timed_out) {
        fail_with(p, layer, fmt::format("no answer within {} ms", p.plan.check.timeout_ms));
        p.result.outcome = Outcome::TimedOut;
    } else if (done.result == 0) {
        fail_with(p, layer, "the broker closed the connection without an answer");
    } else if (is_ours(-done.result)) {
        p.result = {};
        p.result.why = fmt::format("could not ask: {} at the proxy", std::strerror(-done.result));
    } else {
        fail_with(p, layer, std::strerror(-done.result));
    }
}

// ---- One operation ---------------------------------------------------------------------------

Task<Completion> receive(Probe& p) {
    for (;;) {
        if (p.interrupted()) co_return kInterrupted;
        recv_into(p.reactor.ring(), p.op, p.socket, p.room);
        Completion done = co_await p.op;
        if (done.result != -EAGAIN && done.result != -EINTR) co_return done;
    }
}

// Sends all of p.sending; 0 or why not.
Task<int32_t> send_out(Probe& p) {
    size_t sent = 0;
    while (sent < p.sending.size()) {
        if (p.interrupted()) co_return -ECANCELED;
        send_all(p.reactor.ring(), p.op, p.socket, p.sending.span().subspan(sent));
        Completion done = co_await p.op;
        if (done.result > 0) sent += static_cast<size_t>(done.result);
        if (sent == p.sending.size()) break;
        if (done.result < 0 && done.result != -EAGAIN && done.result != -EINTR) {
            co_return done.result;
        }
        pause(p.reactor.ring(), p.op);  // the kernel gave up before all was taken
        co_await p.op;
    }
    p.sending = {};
    co_return 0;
}

// ---- The steps -------------------------------------------------------------------------------

uint64_t left_ms(const Probe& p) {
    const uint64_t gone_ms = (monotonic_ns() - p.started_ns) / kNanosPerMilli;
    return gone_ms < p.plan.check.timeout_ms ? p.plan.check.timeout_ms - gone_ms : 1;
}

const Address* source_for(const Probe& p, const Address& to) {
    for (const Address& source : p.plan.sources) {
        if (source.any.sa_family == to.any.sa_family) return &source;
    }
    return nullptr;
}

// Each address gets an equal part of the time that is left: one that swallows what is sent to it
// must not hide another one that answers.
Task<bool> connect_to_broker(Probe& p) {
    Ring& ring = p.reactor.ring();
    const size_t count = p.plan.addresses.size();
    for (size_t i = 0; i < count; ++i) {
        const Address& to = p.plan.addresses[i];
        DialPlan plan;
        plan.to = &to;
        plan.source = source_for(p, to);
        Result<Socket> dialled = dial(ring, p.op, plan);
        if (!dialled) {
            const int32_t sys = dialled.error().sys;
            yield(ring, p.op);  // `done` comes from the reactor, never from within check_broker
            co_await p.op;
            fail(p, kTcp, Completion{-sys, 0});
            co_return false;
        }
        p.socket = *dialled;
        p.start_deadline(std::max<uint64_t>(1, left_ms(p) / (count - i)));
        Completion done = co_await p.op;
        p.stop_deadline();
        if (done.result >= 0) co_return true;
        fail(p, kTcp, done);
        close_socket(ring, p.socket);
        p.socket = {};
        if (p.stopping) break;
    }
    co_return false;
}

// Adds what the engine has read to the answer, as far as that is looked at. False: there will be no
// more of it. Uses up what was lent: p.room is free again.
bool take_decrypted(Probe& p) {
    std::array<uint8_t, 1024> plain;
    for (;;) {
        size_t length = 0;
        const tls::Step step = p.engine->read(plain, length);
        if (step != tls::Step::Done) return step == tls::Step::WantInput;
        if (p.answer.size() < kCheckAnswerBytesMax) {
            p.answer.insert(p.answer.end(), plain.begin(), plain.begin() + length);
        }
    }
}

bool take(Probe& p, size_t count) {
    const std::span<const uint8_t> came = std::span(p.room).first(count);
    if (p.engine == nullptr) {
        p.answer.insert(p.answer.end(), came.begin(), came.end());
        return true;
    }
    p.engine->feed(came);
    return take_decrypted(p);
}

std::string_view without_root(std::string_view name) {
    if (name.ends_with('.')) name.remove_suffix(1);  // no part of a name in SNI (RFC 6066 3)
    return name;
}

Task<bool> shake_hands(Probe& p) {
    p.engine = tls::Engine::connect(p.plan.context, without_root(p.plan.server_name));
    if (p.engine == nullptr) {
        fail(p, kTls, Completion{-ENOMEM, 0});
        co_return false;
    }
    for (;;) {
        const tls::Step step = p.engine->handshake();
        const tls::Bytes output = p.engine->take_output();
        p.sending.append(output.span());
        int32_t sent = co_await send_out(p);  // an alert as well
        const bool open = step != tls::Step::Done || take_decrypted(p);
        if (step == tls::Step::Failed || !open) {
            fail_with(p, kTls, p.engine->detail());
            co_return false;
        }
        if (step == tls::Step::Done) co_return true;
        if (sent < 0) {
            fail(p, kTls, Completion{sent, 0});
            co_return false;
        }
        Completion done = co_await receive(p);
        if (done.result <= 0) {
            fail(p, kTls, done);
            co_return false;
        }
        p.engine->feed(std::span(p.room).first(static_cast<size_t>(done.result)));
    }
}

std::optional<CheckResult> judge(const Probe& p) {
    return p.plan.check.type == CheckType::Http ? judge_http(p.answer, p.plan.check)
                                                : judge_mqtt(p.answer);
}

// Puts `bytes` behind what is to be sent, encrypted where there is TLS.
void say(Probe& p, std::span<const uint8_t> bytes) {
    if (p.engine == nullptr) {
        p.sending.append(bytes);
        return;
    }
    p.engine->write(bytes);
    const tls::Bytes sealed = p.engine->take_output();
    p.sending.append(sealed.span());
}

// True: the broker answered, whatever it said.
Task<bool> ask(Probe& p) {
    const bool http = p.plan.check.type == CheckType::Http;
    const Layer& layer = http ? kHttp : kMqtt;
    say(p, http ? http_question(p.plan.check, p.plan.http_host)
                : mqtt_question(p.plan.check, p.plan.client_id));
    // A send that fails tells less than the answer that may lie in the socket already.
    co_await send_out(p);
    for (;;) {
        Completion done = co_await receive(p);
        if (done.result <= 0) {
            fail(p, layer, done);
            co_return false;
        }
        const bool open = take(p, static_cast<size_t>(done.result));
        std::optional<CheckResult> judged = judge(p);
        if (judged) {
            p.result = *judged;
            co_return true;
        }
        if (open) continue;
        const bool broken = p.engine->failure() != tls::Failure::None;
        if (broken) fail_with(p, kTls, p.engine->detail());
        if (!broken) fail(p, layer, Completion{0, 0});
        co_return false;
    }
}

// True: there is somebody to say goodbye to.
Task<bool> run(Probe& p) {
    bool connected = co_await connect_to_broker(p);
    if (!connected) co_return false;
    p.start_deadline(left_ms(p));
    p.sending.append(p.plan.preamble);
    if (p.plan.context != nullptr) {
        bool secured = co_await shake_hands(p);
        if (!secured) co_return false;
    }
    if (p.plan.check.type != CheckType::Tcp) {
        bool answered = co_await ask(p);
        co_return answered;
    }
    co_await send_out(p);
    p.result.outcome = Outcome::Passed;
    p.result.condition = BrokerCondition::Up;
    co_return p.engine != nullptr;
}

// Waits for the broker's end of it: a socket that is closed with bytes unread, or before a
// DISCONNECT was, resets the connection, and the broker logs that.
Task<Unit> say_goodbye(Probe& p) {
    p.start_deadline(Probe::kFarewellMs);
    const bool accepted = p.result.condition == BrokerCondition::Up && p.result.why.empty();
    if (p.plan.check.type == CheckType::Mqtt && accepted) say(p, mqtt_goodbye());
    if (p.engine != nullptr) {
        p.engine->shut();
        const tls::Bytes notify = p.engine->take_output();
        p.sending.append(notify.span());
    }
    co_await send_out(p);
    for (size_t passed_over = 0; passed_over < kFarewellBytesMax;) {
        Completion done = co_await receive(p);
        if (done.result <= 0) break;
        passed_over += static_cast<size_t>(done.result);
    }
    co_return Unit{};
}

}  // namespace

Detached check_broker(Probe& p) {
    p.started_ns = monotonic_ns();
    bool met = co_await run(p);
    p.result.took_us = static_cast<uint32_t>((monotonic_ns() - p.started_ns) / kNanosPerMicro);
    if (met && !p.stopping) co_await say_goodbye(p);
    if (p.stopping) p.result = {};
    p.stop_deadline();
    if (p.socket.open()) close_socket(p.reactor.ring(), p.socket);
    p.done(p);
}

}  // namespace jumpgate
