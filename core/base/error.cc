#include "core/base/error.h"

#include <cerrno>

namespace jumpgate {

static ErrorCode code_of(int32_t sys) {
    switch (sys) {
        case ECANCELED:
            return ErrorCode::Cancelled;
        case ETIME:
            return ErrorCode::Timeout;
        case ECONNREFUSED:
            return ErrorCode::Refused;
        case ECONNRESET:
        case EPIPE:
        case ECONNABORTED:
            return ErrorCode::Reset;
        case EHOSTUNREACH:
        case ENETUNREACH:
        case ENETDOWN:
        case EHOSTDOWN:
        case ETIMEDOUT:
            return ErrorCode::Unreachable;
        case EADDRINUSE:
        case EADDRNOTAVAIL:
            return ErrorCode::AddressInUse;
        case EMFILE:
        case ENFILE:
            return ErrorCode::OutOfFiles;
        case ENOBUFS:
            return ErrorCode::OutOfBuffers;
        case ENOMEM:
            return ErrorCode::OutOfMemory;
        case EPERM:
        case EACCES:
            return ErrorCode::NotPermitted;
        case ENOSYS:
        case EOPNOTSUPP:
        case EINVAL:
            return ErrorCode::NotSupported;
        default:
            return ErrorCode::System;
    }
}

Error error_from_errno(int32_t sys, Side side) { return Error{code_of(sys), side, 0, sys}; }

std::string_view text(ErrorCode code) {
    switch (code) {
        case ErrorCode::Eof:
            return "closed by peer";
        case ErrorCode::Timeout:
            return "timed out";
        case ErrorCode::Cancelled:
            return "cancelled";
        case ErrorCode::Refused:
            return "connection refused";
        case ErrorCode::Reset:
            return "connection reset";
        case ErrorCode::Unreachable:
            return "unreachable";
        case ErrorCode::AddressInUse:
            return "no free address or port";
        case ErrorCode::OutOfFiles:
            return "out of descriptors";
        case ErrorCode::OutOfBuffers:
            return "out of buffers";
        case ErrorCode::OutOfMemory:
            return "out of memory";
        case ErrorCode::NotPermitted:
            return "not permitted";
        case ErrorCode::NotSupported:
            return "not supported";
        case ErrorCode::System:
            return "system error";
    }
    return "unknown";
}

std::string_view text(Side side) {
    switch (side) {
        case Side::Downstream:
            return "downstream";
        case Side::Upstream:
            return "upstream";
        case Side::Internal:
            return "internal";
    }
    return "unknown";
}

}  // namespace jumpgate
