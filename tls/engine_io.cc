// What wolfSSL reads and writes, and what its errors mean.

#include <algorithm>
#include <cstring>

#include "tls/engine_state.h"
#include "tls/verify.h"

namespace jumpgate::tls {
namespace {

constexpr int kFatal = 2;  // AlertLevel, RFC 8446 6
constexpr int kTls12 = 0x0303;

// What an error means that is not about a certificate.
Failure stream_failure(int error) {
    switch (error) {
        case VERSION_ERROR:
        case UNSUPPORTED_PROTO_VERSION:
            return Failure::UnsupportedVersion;
        case MATCH_SUITE_ERROR:
        case UNSUPPORTED_SUITE:
        case KEY_SHARE_ERROR:
        case ECC_CURVE_ERROR:
        case ECC_CURVETYPE_ERROR:
        case BAD_KEY_SHARE_DATA:
            return Failure::NoCommonCipher;
        case NO_PEER_CERT:
            return Failure::NoCertificate;
        case NOT_CA_ERROR:  // of a chain; `verify` is not asked about these
        case ASN_PATHLEN_SIZE_E:
        case ASN_PATHLEN_INV_E:
            return Failure::BadCertificate;
        case SECURE_RENEGOTIATION_E:
            return Failure::Renegotiation;
        case MEMORY_E:
        case MEMORY_ERROR:
            return Failure::Internal;
        default:
            return Failure::BadRecord;
    }
}

uint8_t alert_of(Failure failure) {
    switch (failure) {
        case Failure::UnsupportedVersion:
            return 70;  // protocol_version
        case Failure::NoCommonCipher:
        case Failure::NoCertificate:  // RFC 5246 7.4.6
            return 40;                // handshake_failure
        case Failure::BadCertificate:
            return 42;  // bad_certificate
        case Failure::BadHello:
            return 50;  // decode_error
        case Failure::UnknownServerName:
            return 112;  // unrecognized_name
        case Failure::Internal:
            return 80;  // internal_error
        default:
            return 10;  // unexpected_message
    }
}

}  // namespace

int Engine::State::receive(WOLFSSL*, char* room, int size, void* state_pointer) {
    auto& state = *static_cast<State*>(state_pointer);
    if (state.is_over_limit()) return WOLFSSL_CBIO_ERR_WANT_READ;
    const auto wanted = static_cast<size_t>(size);
    if (state.setup != nullptr && state.setup->hello_read < state.setup->hello.size()) {
        const auto rest = state.setup->hello.span().subspan(state.setup->hello_read);
        const size_t taken = std::min(wanted, rest.size());
        std::memcpy(room, rest.data(), taken);
        state.setup->hello_read += taken;
        return static_cast<int>(taken);
    }
    if (state.input.empty()) return WOLFSSL_CBIO_ERR_WANT_READ;
    const size_t taken = std::min(wanted, state.input.size());
    std::memcpy(room, state.input.data(), taken);
    state.input = state.input.subspan(taken);
    return static_cast<int>(taken);
}

int Engine::State::send(WOLFSSL*, char* bytes, int size, void* state_pointer) {
    auto& state = *static_cast<State*>(state_pointer);
    state.output.append({reinterpret_cast<const uint8_t*>(bytes), static_cast<size_t>(size)});
    state.sent_bytes += static_cast<uint64_t>(size);
    return size;
}

Step Engine::State::fail(Failure why, const char* text) {
    if (failure == Failure::None) {
        failure = why;
        detail = text;
    }
    return Step::Failed;
}

Step Engine::State::fail(Failure why, int error) {
    const char* words = explanation(why);
    const bool known = *words != '\0';
    return fail(why,
                known ? words : wolfSSL_ERR_reason_error_string(static_cast<unsigned long>(error)));
}

void Engine::State::say(uint8_t description) {
    const std::array<uint8_t, 7> record{21, 3, 3, 0, 2, kFatal, description};
    output.append(record);
    sent_bytes += record.size();
}

Step Engine::State::explain(int result) {
    const int error = wolfSSL_get_error(wolf.get(), result);
    if (failure != Failure::None) return Step::Failed;  // `verify` knows better
    if (error == WOLFSSL_ERROR_WANT_READ || error == WANT_READ) {
        return is_over_limit() ? Step::WantOutput : Step::WantInput;
    }
    if (error == WOLFSSL_ERROR_ZERO_RETURN || error == ZERO_RETURN) {
        peer_closed = true;
        if (established) return Step::Closed;
        return fail(Failure::PeerAlert, "closed before the handshake was over");
    }
    WOLFSSL_ALERT_HISTORY history{};
    wolfSSL_get_alert_history(wolf.get(), &history);
    if (history.last_rx.level == kFatal && error != VERIFY_MAC_ERROR && error != DECRYPT_ERROR) {
        alert = static_cast<uint8_t>(history.last_rx.code);
        return fail(Failure::PeerAlert, error);
    }
    Failure why = stream_failure(error);
    const bool out_of_turn = error == DUPLICATE_MSG_E || error == OUT_OF_ORDER_E;
    if (established && out_of_turn && wolfSSL_GetVersion(wolf.get()) == WOLFSSL_TLSV1_2) {
        why = Failure::Renegotiation;  // a second ClientHello
    } else if (established && why != Failure::Internal) {
        why = Failure::BadRecord;
    } else if (why == Failure::BadRecord && server != nullptr && sent_bytes == 0) {
        why = Failure::BadHello;
    }
    fail(why, error);
    // In the clear, where that is how the peer reads us: at the very start, and in TLS 1.2 until
    // the client's Finished, before which its empty list of certificates comes.
    const bool is_clear = sent_bytes == 0 || (error == NO_PEER_CERT && server != nullptr &&
                                              wolfSSL_version(wolf.get()) == kTls12);
    if (history.last_tx.level != kFatal && is_clear) say(alert_of(why));
    return Step::Failed;
}

}  // namespace jumpgate::tls
