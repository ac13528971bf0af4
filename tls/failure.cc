#include "tls/failure.h"

#include <array>

namespace jumpgate::tls {
namespace {

constexpr std::array<std::string_view, kFailures> kTexts = {
    "none",
    "not_tls",
    "bad_hello",
    "unsupported_version",
    "no_common_cipher",
    "unknown_server_name",
    "no_certificate",
    "unknown_ca",
    "expired",
    "not_yet_valid",
    "revoked",
    "crl_missing",
    "chain_too_long",
    "wrong_name",
    "bad_certificate",
    "bad_record",
    "truncated",
    "peer_alert",
    "renegotiation",
    "internal",
};
static_assert(kTexts[kFailures - 1] == "internal");

}  // namespace

std::string_view text(Failure failure) {
    const auto index = static_cast<size_t>(failure);
    return index < kTexts.size() ? kTexts[index] : "internal";
}

const char* explanation(Failure failure) {
    switch (failure) {
        case Failure::UnsupportedVersion:
            return "no TLS version in common";
        case Failure::NoCommonCipher:
            return "no cipher suite, curve or signature algorithm in common";
        case Failure::NoCertificate:
            return "no certificate was shown";
        case Failure::UnknownCa:
            return "the certificate is of a CA that is not trusted here";
        case Failure::Expired:
            return "the certificate, or one of its CAs, has expired";
        case Failure::NotYetValid:
            return "the certificate, or one of its CAs, is not valid yet";
        case Failure::Revoked:
            return "the certificate is revoked";
        case Failure::CrlMissing:
            return "there is no revocation list of the certificate's CA, or it is outdated";
        case Failure::ChainTooLong:
            return "more CAs stand between the certificate and a trusted one than are allowed here";
        case Failure::WrongName:
            return "the certificate is for another host";
        case Failure::PeerAlert:
            return "the other side refused with an alert";
        default:
            return "";
    }
}

std::string_view alert_text(uint8_t alert) {
    switch (alert) {
        case 0:
            return "close_notify";
        case 10:
            return "unexpected_message";
        case 20:
            return "bad_record_mac";
        case 21:
            return "decryption_failed";  // RFC 5246, reserved since
        case 22:
            return "record_overflow";
        case 40:
            return "handshake_failure";
        case 42:
            return "bad_certificate";
        case 43:
            return "unsupported_certificate";
        case 44:
            return "certificate_revoked";
        case 45:
            return "certificate_expired";
        case 46:
            return "certificate_unknown";
        case 47:
            return "illegal_parameter";
        case 48:
            return "unknown_ca";
        case 49:
            return "access_denied";
        case 50:
            return "decode_error";
        case 51:
            return "decrypt_error";
        case 70:
            return "protocol_version";
        case 71:
            return "insufficient_security";
        case 80:
            return "internal_error";
        case 86:
            return "inappropriate_fallback";
        case 90:
            return "user_canceled";
        case 100:
            return "no_renegotiation";  // RFC 5246
        case 109:
            return "missing_extension";
        case 110:
            return "unsupported_extension";
        case 112:
            return "unrecognized_name";
        case 113:
            return "bad_certificate_status_response";
        case 115:
            return "unknown_psk_identity";
        case 116:
            return "certificate_required";
        case 120:
            return "no_application_protocol";
        default:
            return "unknown_alert";
    }
}

}  // namespace jumpgate::tls
