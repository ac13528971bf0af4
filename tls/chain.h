// Chain: whether the certificates that a peer shows lead to a CA of the operator's, now.
//
// Law: wolfSSL keeps each intermediate CA that it has verified for all later connections of the
// context, without its dates. What counts here is what the peer showed in this very handshake,
// whose signatures and dates wolfSSL has just checked, and the operator's CAs; and no
// intermediate that a revocation list names, or whose issuer's list is not there.
#pragma once

#include <span>

#include "tls/failure.h"
#include "tls/library.h"

namespace jumpgate::tls {

// None, UnknownCa, ChainTooLong, Revoked, CrlMissing or BadCertificate. `shown`: the leaf, then
// what came behind it, as wolfSSL has accepted it; an issuer stands behind what it issued (RFC
// 5246 7.4.2), though not at once. What belongs to no chain is passed over. At most `depth_max`
// intermediates may stand between the leaf and the operator's CA, as OpenSSL counts
// (SSL_CTX_set_verify_depth(3)).
Failure chain_failure(WOLFSSL_CERT_MANAGER* authorities, std::span<const WOLFSSL_BUFFER_INFO> shown,
                      uint32_t depth_max);

}  // namespace jumpgate::tls
