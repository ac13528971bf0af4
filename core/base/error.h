// Error: what went wrong, on whose side, in eight bytes.
//
// Law: an operating error (peer, broker, limit) is a value of this type, never an exception; it is
// cheap enough for attackers to trigger. It owns no text: `text(code)` gives the words.
#pragma once

#include <cstdint>
#include <string_view>
#include <type_traits>

namespace jumpgate {

enum class Side : uint8_t { Downstream, Upstream, Internal };

enum class ErrorCode : uint8_t {
    Eof,           // the peer closed its sending side
    Timeout,       // our deadline passed
    Cancelled,     // we gave the operation up
    Refused,       // ECONNREFUSED
    Reset,         // ECONNRESET, EPIPE
    Unreachable,   // no route, or the peer never answered
    AddressInUse,  // no free port, or the listening address is taken
    OutOfFiles,    // EMFILE, ENFILE: the descriptor table is full
    OutOfBuffers,  // ENOBUFS: the shared buffer ring is empty
    OutOfMemory,   // ENOMEM
    NotPermitted,  // EPERM, EACCES
    NotSupported,  // ENOSYS, EOPNOTSUPP, EINVAL from an older kernel
    System,        // any other errno
};

struct Error {
    ErrorCode code;
    Side side;
    uint16_t detail;  // free for the layer that made it
    int32_t sys;      // the errno, positive; 0 where there was none
};
static_assert(sizeof(Error) == 8 && std::is_trivially_copyable_v<Error>);

// The only translation from errno; `sys` is positive.
Error error_from_errno(int32_t sys, Side side);

std::string_view text(ErrorCode code);
std::string_view text(Side side);

}  // namespace jumpgate
