#include "loadgen/cause.h"

#include <array>

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

std::string_view word(Cause cause) {
    static constexpr std::array<std::string_view, static_cast<size_t>(Cause::kCount)> kWords = {
        "refused",           "reset",        "closed",         "timeout", "ping_timeout",
        "unreachable",       "no_address",   "out_of_files",   "connack", "suback",
        "qos_not_supported", "disconnected", "protocol_error", "other",
    };
    return kWords[static_cast<size_t>(cause)];
}

std::string_view advice(Cause cause) {
    switch (cause) {
        case Cause::Refused:
            return "nothing listens at the target; check --host and --port";
        case Cause::NoAddress:
            return "no free source port towards the target; give more addresses with --ifaddr";
        case Cause::OutOfFiles:
            return "descriptor table full; raise --threads or ulimit -n";
        case Cause::Timeout:
            return "no answer in time; lower --connrate or raise "
                   "--connect-timeout-ms";
        default:
            return {};
    }
}

}  // namespace jumpgate::load
