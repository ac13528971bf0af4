#include "tls/chain.h"

#include <algorithm>
#include <string_view>

#include "tls/verify.h"

namespace jumpgate::tls {
namespace {

// A certificate with the CA that wolfSSL takes for its issuer: the lookup of its own verification,
// without the signature (VERIFY_NAME).
struct Shown {
    DecodedCert decoded;
    bool ok;
    Shown(const WOLFSSL_BUFFER_INFO& der, WOLFSSL_CERT_MANAGER* authorities) {
        wc_InitDecodedCert(&decoded, der.buffer, der.length, nullptr);
        ok = wc_ParseCert(&decoded, CERT_TYPE, VERIFY_NAME, authorities) == 0;
    }
    ~Shown() { wc_FreeDecodedCert(&decoded); }
    Shown(const Shown&) = delete;
    Shown& operator=(const Shown&) = delete;
};

// By name and key: a renewed certificate of the same CA is as good, an unsigned claim to be it
// would have failed wolfSSL's check of the signature.
bool is_of(const WOLFSSL_BUFFER_INFO& der, const Signer& authority) {
    DecodedCert decoded;
    wc_InitDecodedCert(&decoded, der.buffer, der.length, nullptr);
    const bool same = wc_ParseCert(&decoded, CERT_TYPE, NO_VERIFY, nullptr) == 0 &&
                      decoded.isCA != 0 &&
                      std::ranges::equal(decoded.subjectHash, authority.subjectNameHash) &&
                      std::ranges::equal(std::span(decoded.publicKey, decoded.pubKeySize),
                                         std::span(authority.publicKey, authority.pubKeySize));
    wc_FreeDecodedCert(&decoded);
    return same;
}

}  // namespace

Failure chain_failure(WOLFSSL_CERT_MANAGER* authorities, std::span<const WOLFSSL_BUFFER_INFO> shown,
                      uint32_t depth_max) {
    for (uint32_t depth = 0;; ++depth) {
        const Shown certificate(shown.front(), authorities);
        const Signer* issuer = certificate.decoded.ca;
        if (!certificate.ok || issuer == nullptr) return Failure::UnknownCa;
        if (issuer->type != WOLFSSL_CHAIN_CA) return Failure::None;  // the operator's
        if (depth == depth_max) return Failure::ChainTooLong;
        // Only onwards: wolfSSL checks from the end, and lets a certificate pass unsigned whose
        // issuer it has not met by then (WOLFSSL_ALT_CERT_CHAINS).
        shown = shown.subspan(1);
        while (!shown.empty() && !is_of(shown.front(), *issuer)) shown = shown.subspan(1);
        if (shown.empty()) return Failure::UnknownCa;
        const WOLFSSL_BUFFER_INFO& next = shown.front();
        const int listed =
            wolfSSL_CertManagerCheckCRL(authorities, next.buffer, static_cast<int>(next.length));
        if (listed != WOLFSSL_SUCCESS) return certificate_failure(listed);
    }
}

}  // namespace jumpgate::tls
