#include "loadgen/tls_link.h"

#include "core/base/check.h"

namespace jumpgate::load {

bool TlsLink::write(std::span<const uint8_t> plaintext, SpareOutputs& spares) {
    CHECK(!shut_);
    if (engine_->output_bytes() == 0) engine_->reuse(spares.take());
    return engine_->write(plaintext) == tls::Step::Done;
}

void TlsLink::shut() {
    if (shut_ || !engine_->established() || engine_->failure() != tls::Failure::None) return;
    shut_ = true;
    engine_->shut();
}

std::span<const uint8_t> TlsLink::begin_send() {
    CHECK(!sending());
    if (engine_->output_bytes() > 0) sending_ = engine_->take_output();
    return sending_.span();
}

Cause TlsLink::end() const {
    if (engine_->failure() != tls::Failure::None) return failure();
    if (engine_->ended_cleanly()) return Cause::Closed;
    return engine_->established() ? Cause::Truncated : Cause::HandshakeCut;
}

}  // namespace jumpgate::load
