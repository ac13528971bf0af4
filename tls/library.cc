#include "tls/library.h"

#include "tls/context.h"

namespace jumpgate::tls {

bool start_library() {
    static const bool started = wolfSSL_Init() == WOLFSSL_SUCCESS;
    return started;
}

std::string_view library_version() { return wolfSSL_lib_version(); }

bool library_has_assembly() {
#if defined(WOLFSSL_AESNI) || defined(WOLFSSL_ARMASM)
    return true;
#else
    return false;
#endif
}

}  // namespace jumpgate::tls
