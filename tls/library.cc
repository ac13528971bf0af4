#include "tls/library.h"

#include <string>

#include "tls/context.h"

namespace jumpgate::tls {

bool start_library() {
    static const bool started = wolfSSL_Init() == WOLFSSL_SUCCESS;
    return started;
}

std::string library_version() {
#if defined(WOLFSSL_AESNI) || defined(WOLFSSL_ARMASM)
    constexpr const char* kAssembly = ", assembly";
#else
    constexpr const char* kAssembly = ", no assembly (slow)";
#endif
    return std::string("wolfSSL ") + wolfSSL_lib_version() + kAssembly;
}

}  // namespace jumpgate::tls
