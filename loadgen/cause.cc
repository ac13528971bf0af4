#include "loadgen/cause.h"

#include <array>

#include "core/base/check.h"

namespace jumpgate::load {

Cause cause_of(const Error& error) {
    switch (error.code) {
        case ErrorCode::Refused:
            return Cause::Refused;
        case ErrorCode::Reset:
            return Cause::Reset;
        case ErrorCode::Eof:
            return Cause::Closed;
        case ErrorCode::Timeout:
        case ErrorCode::Cancelled:
            return Cause::Timeout;  // only a deadline of ours cancels
        case ErrorCode::Unreachable:
            return Cause::Unreachable;
        case ErrorCode::AddressInUse:
            return Cause::NoAddress;
        case ErrorCode::OutOfFiles:
            return Cause::OutOfFiles;
        default:
            return Cause::Other;
    }
}

Cause cause_of(tls::Failure failure) {
    switch (failure) {
        case tls::Failure::NotTls:
            return Cause::NotTls;
        case tls::Failure::UnsupportedVersion:
            return Cause::TlsVersion;
        case tls::Failure::NoCommonCipher:
            return Cause::TlsCipher;
        case tls::Failure::UnknownCa:
            return Cause::UnknownCa;
        case tls::Failure::Expired:
            return Cause::Expired;
        case tls::Failure::NotYetValid:
            return Cause::NotYetValid;
        case tls::Failure::WrongName:
            return Cause::WrongName;
        case tls::Failure::NoCertificate:
        case tls::Failure::BadCertificate:
        case tls::Failure::Revoked:
        case tls::Failure::CrlMissing:
        case tls::Failure::ChainTooLong:
            return Cause::BadCertificate;
        case tls::Failure::PeerAlert:
            return Cause::TlsAlert;
        case tls::Failure::BadRecord:
            return Cause::BadRecord;
        case tls::Failure::Truncated:
            return Cause::Truncated;
        case tls::Failure::BadHello:
        case tls::Failure::UnknownServerName:
        case tls::Failure::Renegotiation:
        case tls::Failure::Internal:
            return Cause::TlsError;
        case tls::Failure::None:
            break;
    }
    CHECK(failure != tls::Failure::None);
    return Cause::TlsError;
}

std::string_view word(Cause cause) {
    static constexpr std::array<std::string_view, static_cast<size_t>(Cause::kCount)> kWords = {
        "refused",
        "reset",
        "closed",
        "timeout",
        "ping_timeout",
        "unreachable",
        "no_address",
        "out_of_files",
        "connack",
        "suback",
        "qos_not_supported",
        "taken_over",
        "storm",
        "churn",
        "disconnected",
        "protocol_error",
        "not_tls",
        "handshake_cut",
        "tls_timeout",
        "tls_version",
        "tls_cipher",
        "unknown_ca",
        "expired",
        "not_yet_valid",
        "wrong_name",
        "bad_certificate",
        "tls_alert",
        "bad_record",
        "truncated",
        "tls_error",
        "other",
    };
    return kWords[static_cast<size_t>(cause)];
}

std::string_view advice(Cause cause) {
    switch (cause) {
        case Cause::Refused:
            return "nothing listens at the target; check --host and --port";
        case Cause::NoAddress:
            return "no free source port towards the target; give more addresses with --ifaddr, "
                   "each of "
                   "this machine";
        case Cause::OutOfFiles:
            return "descriptor table full; raise --threads or ulimit -n";
        case Cause::Timeout:
            return "no answer in time; lower --connrate or raise "
                   "--connect-timeout-ms";
        case Cause::NotTls:
        case Cause::HandshakeCut:
            return "does this port speak TLS? check --port, and the broker's log";
        case Cause::TlsTimeout:
            return "no TLS handshake in time; lower --connrate or raise --connect-timeout-ms";
        case Cause::TlsVersion:
            return "the broker does not speak this version; check --tls-version";
        case Cause::UnknownCa:
            return "no CA of ours signed the broker's certificate; check --cacertfile";
        case Cause::Expired:
        case Cause::NotYetValid:
            return "check the dates of the broker's certificate, and this machine's clock";
        case Cause::WrongName:
            return "the broker's certificate is for another name; check --host, or give --sni";
        case Cause::TlsAlert:
            return "the broker refused; the alert says why, the broker's log more";
        default:
            return {};
    }
}

}  // namespace jumpgate::load
