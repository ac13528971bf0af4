// How a client's bytes go through TLS: its handshake, what it receives and sends, and its last
// words. Without TLS nothing of this runs.
#include "core/base/time.h"
#include "loadgen/client.h"
#include "loadgen/crew.h"

namespace jumpgate::load {

using tls::Step;

// ---- Set-up ------------------------------------------------------------------------------------

// What a fault of the connection means there.
static Cause in_handshake(Cause cause) {
    if (cause == Cause::Timeout) return Cause::TlsTimeout;
    return cause == Cause::Reset ? Cause::HandshakeCut : cause;
}

// The handshake, with the CONNECT right behind it: in TLS 1.3 both leave in one segment. No
// sooner: until the broker is verified, it is told nothing.
Task<std::optional<Cause>> Client::secure(WaitOp& op) {
    Crew& crew = crew_;
    const uint64_t began_ns = crew.now_ns();
    tls_ = crew.tls().open(index_);
    if (!tls_) co_return Cause::TlsError;
    std::optional<Cause> end = go_on_with_handshake();
    while (!end && !tls_->engine().established()) {
        const std::optional<Cause> unsent = co_await send_output(op);
        if (unsent) co_return in_handshake(*unsent);
        recv_once(crew.ring(), op, socket_, crew.buffers().group());
        const Completion got = co_await op;
        crew.touch();
        if (got.result == -ENOBUFS && crew.buffers().replenish(*this)) continue;
        end = take_received(got);
        if (end) end = in_handshake(*end);
    }
    if (!end) end = handshake_done(began_ns);
    const std::optional<Cause> unsent = co_await send_output(op);  // with `end`, the alert
    co_return end ? end : unsent;
}

std::optional<Cause> Client::go_on_with_handshake() {
    const Step step = tls_->engine().handshake();
    if (step == Step::Done || step == Step::WantInput) return std::nullopt;
    return step == Step::Closed ? Cause::HandshakeCut : tls_failed();
}

std::optional<Cause> Client::handshake_done(uint64_t began_ns) {
    tls::Engine& engine = tls_->engine();
    Recorder& recorder = crew_.recorder();
    Histogram& times = engine.resumed() ? recorder.tls_resumed : recorder.tls_full;
    times.record((crew_.now_ns() - began_ns) / kNanosPerMicro);
    recorder.add(engine.resumed() ? Count::TlsResumed : Count::TlsFull);
    recorder.add(engine.version() == "TLSv1.3" ? Count::Tls13 : Count::Tls12);
    if (tls_->offered()) recorder.add(Count::TlsOffered);
    engine.forget_identity();

    Chunk* connect_packet = crew_.chunks().take();
    append_connect(*connect_packet);
    const bool sealed = tls_->write(*connect_packet, crew_.tls().spares());
    crew_.chunks().give(connect_packet);
    return sealed ? std::nullopt : std::optional(tls_failed());
}

// Sends what the engine has to say, if anything.
Task<std::optional<Cause>> Client::send_output(WaitOp& op) {
    if (!tls_->wants_send()) co_return std::nullopt;
    const std::span<const uint8_t> bytes = tls_->begin_send();
    const size_t wanted = bytes.size();
    send_all(crew_.ring(), op, socket_, bytes);
    const Completion sent = co_await op;
    crew_.touch();
    tls_->end_send(crew_.tls().spares());
    if (sent.result < 0) co_return cause_of(error_from_errno(-sent.result, Side::Upstream));
    crew_.recorder().add(Count::BytesSent, static_cast<uint64_t>(sent.result));
    if (static_cast<size_t>(sent.result) < wanted) co_return Cause::Reset;
    co_return std::nullopt;
}

// Of the set-up: plaintext goes behind what is in partial_.
std::optional<Cause> Client::take_sealed(mqtt::Bytes ciphertext) {
    tls::Engine& engine = tls_->engine();
    engine.feed(ciphertext);
    if (!engine.established()) {
        const std::optional<Cause> end = go_on_with_handshake();
        if (end || !engine.established()) return end;
    }
    const std::span<uint8_t> room = crew_.tls().plaintext();
    size_t length = 0;
    Step step = engine.read(room, length);
    while (step == Step::Done) {
        partial_->insert(partial_->end(), room.begin(),
                         room.begin() + static_cast<ptrdiff_t>(length));
        step = engine.read(room, length);
    }
    if (step == Step::WantInput) return std::nullopt;
    return step == Step::Closed ? Cause::Closed : tls_failed();
}

// ---- A connection that stands ------------------------------------------------------------------

void Client::consume_sealed(mqtt::Bytes ciphertext) {
    tls_->engine().feed(ciphertext);
    const std::span<uint8_t> room = crew_.tls().plaintext();
    while (is_open()) {  // a packet may end the connection, and with it the engine
        size_t length = 0;
        const Step step = tls_->engine().read(room, length);
        if (step == Step::Done) {
            consume(room.first(length));
            continue;
        }
        if (step == Step::Closed) lose(Cause::Closed);
        if (step == Step::Failed) lose(tls_failed());
        // A flood of requests for new keys, and a peer that does not take the answers.
        if (step == Step::WantOutput) lose(Cause::TlsError);
        break;
    }
    if (is_open() && tls_->wants_send()) mark_dirty();  // it answers a key update
}

std::span<const uint8_t> Client::begin_sealed_send() {
    if (filling_ != nullptr) {
        const bool sealed = tls_->write(*filling_, crew_.tls().spares());
        crew_.chunks().give(filling_);
        filling_ = nullptr;
        if (!sealed) {
            lose(tls_failed());
            return {};
        }
    }
    if (state_ == State::Leaving) tls_->shut();
    return tls_->begin_send();
}

// ---- Ends --------------------------------------------------------------------------------------

Cause Client::tls_failed() {
    const tls::Engine& engine = tls_->engine();
    if (engine.failure() == tls::Failure::PeerAlert) crew_.recorder().alerted(engine.alert());
    return tls_->failure();
}

// close_notify or an alert, queued ahead of the cancel that follows: it leaves at once or never.
void Client::send_last_words() {
    if (tls_->sending()) return;
    tls_->shut();
    if (!tls_->wants_send()) return;
    send_all(crew_.ring(), static_cast<SendOp&>(*this), socket_, tls_->begin_send());
    ++operations_;
}

}  // namespace jumpgate::load
