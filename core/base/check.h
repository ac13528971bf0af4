// CHECK: stops the process where an invariant is broken, in release builds too.
//
// Law: for programmer errors only. What a peer, a broker or the kernel may do is an Error
// (error.h).
#pragma once

namespace jumpgate {

[[noreturn]] void check_failed(const char* file, int line, const char* condition);

}  // namespace jumpgate

#define CHECK(condition)                                              \
    do {                                                              \
        if (!(condition)) [[unlikely]]                                \
            ::jumpgate::check_failed(__FILE__, __LINE__, #condition); \
    } while (false)
