#include "loadgen/broker_tls.h"

#include <fmt/format.h>

#include <iterator>

namespace jumpgate::broker {

using tls::Failure;
using tls::Step;

TlsSession::TlsSession(const tls::ServerContextRef& context, Client& client, TlsCounters& counters)
    : client_(client), counters_(counters), engine_(tls::Engine::accept(context)) {
    if (!engine_) fail(Failure::Internal);
}

// ---- Receiving ---------------------------------------------------------------------------------

void TlsSession::receive(std::span<const uint8_t> ciphertext, std::span<uint8_t> room) {
    if (failed_) return;
    engine_->feed(ciphertext);
    Step step = Step::Done;
    if (!engine_->established()) {
        step = engine_->handshake();
        if (step == Step::Done) settle();
    }
    while (step == Step::Done && !client_.ended()) {
        size_t length = 0;
        step = engine_->read(room, length);
        if (step == Step::Done) client_.receive(room.first(length));
    }
    if (step == Step::Failed) return fail(engine_->failure());
    // It asks for answers (key updates) and does not take them.
    if (step == Step::WantOutput) return fail(Failure::BadRecord);
    // Nobody speaks MQTT in one direction: without a DISCONNECT before it, the client is lost.
    if (step == Step::Closed) client_.lost();
    if (engine_->output_bytes() > 0) client_.wake();
}

void TlsSession::settle() {
    (engine_->resumed() ? counters_.handshakes_resumed : counters_.handshakes_full)++;
    if (engine_->identity() != nullptr) counters_.client_certificates++;
    engine_->forget_identity();
}

// ---- Sending -----------------------------------------------------------------------------------

std::span<const uint8_t> TlsSession::seal() {
    if (!engine_) return {};
    const std::span<const uint8_t> plaintext = client_.start_sending();
    if (!plaintext.empty() && engine_->write(plaintext) != Step::Done) fail(Failure::Internal);
    client_.copied();
    if (client_.ended() && !shut_) {
        shut_ = true;
        if (!failed_ && engine_->established()) engine_->shut();
    }
    sealed_ = engine_->take_output();
    return sealed_.span();
}

void TlsSession::sent() {
    sealed_ = {};
    client_.sent();
}

// ---- Ending ------------------------------------------------------------------------------------

// Once: what comes later of a failed connection is none of ours.
void TlsSession::fail(Failure cause) {
    if (failed_) return;
    failed_ = true;
    const bool handshaken = engine_ && engine_->established();
    if (!handshaken) client_.refused();
    (handshaken ? counters_.connections_failed : counters_.handshakes_failed)
        .at(static_cast<size_t>(cause))++;
    client_.lost();
}

// Who has said DISCONNECT, or was told to go, may leave without close_notify: nothing is cut off.
void TlsSession::stream_ended() {
    if (client_.ended() || engine_->ended_cleanly()) return;
    fail(Failure::Truncated);
}

void TlsSession::timed_out() {
    if (failed_ || engine_->established()) return;
    counters_.handshakes_timed_out++;
}

// ---- Statistics --------------------------------------------------------------------------------

static void append_causes(std::string& out, const char* name, const TlsCounters::Causes& causes) {
    fmt::format_to(std::back_inserter(out), ",\"{}\":{{", name);
    const char* comma = "";
    for (size_t i = 0; i < causes.size(); ++i) {
        if (causes[i] == 0) continue;
        fmt::format_to(std::back_inserter(out), "{}\"{}\":{}", comma,
                       tls::text(static_cast<Failure>(i)), causes[i]);
        comma = ",";
    }
    out += '}';
}

std::string TlsCounters::json() const {
    std::string out = fmt::format(
        "{{\"handshakes_full\":{},\"handshakes_resumed\":{},\"handshakes_timed_out\":{},"
        "\"client_certificates\":{}",
        handshakes_full, handshakes_resumed, handshakes_timed_out, client_certificates);
    append_causes(out, "handshakes_failed", handshakes_failed);
    append_causes(out, "connections_failed", connections_failed);
    out += '}';
    return out;
}

}  // namespace jumpgate::broker
