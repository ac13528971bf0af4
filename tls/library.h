// Library: wolfSSL as a whole, and what owns its objects.
//
// Law: the one door to wolfSSL's headers, whose order matters; it is started before its first use
// and never stopped: contexts may outlive main().
#pragma once

#include <wolfssl/options.h>  // before all others of wolfSSL
//
#include <wolfssl/error-ssl.h>
#include <wolfssl/ssl.h>
#include <wolfssl/wolfcrypt/asn.h>
#include <wolfssl/wolfcrypt/error-crypt.h>
#include <wolfssl/wolfcrypt/sha256.h>

#include <memory>

namespace jumpgate::tls {

// Starts wolfSSL once for the process; any thread, any number of times. False: it cannot run.
bool start_library();

struct FreeContext {
    void operator()(WOLFSSL_CTX* context) const { wolfSSL_CTX_free(context); }
};
struct FreeConnection {
    void operator()(WOLFSSL* connection) const { wolfSSL_free(connection); }
};
using WolfContext = std::unique_ptr<WOLFSSL_CTX, FreeContext>;
using WolfConnection = std::unique_ptr<WOLFSSL, FreeConnection>;

}  // namespace jumpgate::tls
