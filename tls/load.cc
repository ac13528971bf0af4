#include "tls/load.h"

#include <cstring>

#include "tls/algorithms.h"

namespace jumpgate::tls {
namespace {

constexpr int kRsaBitsMin = 2048;  // as Debian's OpenSSL (security level 2)

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

Problem problem(const Pem& pem, std::string_view what) {
    return {pem.label + ": " + std::string(what)};
}

std::vector<uint8_t> to_der(std::string_view block) {
    DerBuffer* der = nullptr;
    std::vector<uint8_t> bytes;
    const auto length = static_cast<long>(block.size());
    if (wc_PemToDer(bytes_of(block), length, CERT_TYPE, &der, nullptr, nullptr, nullptr) == 0)
        bytes.assign(der->buffer, der->buffer + der->length);
    wc_FreeDer(&der);
    return bytes;
}

// A certificate among the CAs that could never sign anything is a mistake to be told of.
bool may_be_authority(const std::vector<uint8_t>& der) {
    DecodedCert certificate;
    wc_InitDecodedCert(&certificate, der.data(), static_cast<word32>(der.size()), nullptr);
    const bool parsed = wc_ParseCert(&certificate, CERT_TYPE, NO_VERIFY, nullptr) == 0;
    const bool may = !parsed || certificate.isCA || certificate.selfSigned;
    wc_FreeDecodedCert(&certificate);
    return may;
}

// One of the operator's CAs that a list of its own issuer revokes is no longer one. wolfSSL asks
// the lists about leaves alone, or (CHECKALL) wants one for each CA up to the root; an operator who
// trusts an intermediate need not have the root's.
std::optional<Problem> drop_revoked(WOLFSSL_CTX* context, const Pem& ca) {
    WOLFSSL_CERT_MANAGER* authorities = wolfSSL_CTX_GetCertManager(context);
    std::vector<std::vector<uint8_t>> kept;
    bool any = false;
    for (const std::string_view block : pem_blocks(ca.text, "CERTIFICATE")) {
        std::vector<uint8_t> der = to_der(block);
        const int listed =
            wolfSSL_CertManagerCheckCRL(authorities, der.data(), static_cast<int>(der.size()));
        if (listed == CRL_CERT_REVOKED) {
            any = true;
        } else {
            kept.push_back(std::move(der));
        }
    }
    if (!any) return std::nullopt;
    size_t loaded = 0;
    if (wolfSSL_CTX_UnloadCAs(context) != WOLFSSL_SUCCESS)
        return problem(ca, "holds a revoked CA that cannot be taken out");
    for (const std::vector<uint8_t>& der : kept) {
        const int result = wolfSSL_CTX_load_verify_buffer(
            context, der.data(), static_cast<long>(der.size()), WOLFSSL_FILETYPE_ASN1);
        if (result == WOLFSSL_SUCCESS) ++loaded;  // else out of date, as before
    }
    if (loaded == 0) return problem(ca, "holds no CA certificate that is not revoked");
    return std::nullopt;
}

std::optional<Problem> load_key(WOLFSSL_CTX* context, const Pair& pair) {
    const auto blocks = pem_blocks(pair.key.text, "PRIVATE KEY");
    if (blocks.empty()) return problem(pair.key, "holds no private key in PEM");
    const std::string_view key = blocks.front();
    if (key.find("ENCRYPTED") != key.npos)
        return problem(pair.key,
                       "is encrypted with a pass phrase; take it off: openssl pkey -in FILE");
    const int loaded = wolfSSL_CTX_use_PrivateKey_buffer(
        context, bytes_of(key), static_cast<long>(key.size()), WOLFSSL_FILETYPE_PEM);
    if (loaded != WOLFSSL_SUCCESS)
        return problem(pair.key, "holds no private key that can be read (RSA, ECDSA or Ed25519)");
    if (wolfSSL_CTX_check_private_key(context) != WOLFSSL_SUCCESS)
        return problem(pair.key, "is not the key of " + pair.certificate.label);
    return std::nullopt;
}

WOLFSSL_METHOD* choose_method(const Rules& rules, Version low, Version high) {
    const bool server = rules.side == Side::Server;
    if (high == Version::Tls12)
        return server ? wolfTLSv1_2_server_method() : wolfTLSv1_2_client_method();
    if (low == Version::Tls13)
        return server ? wolfTLSv1_3_server_method() : wolfTLSv1_3_client_method();
    return server ? wolfSSLv23_server_method() : wolfSSLv23_client_method();
}

bool use_curves(WOLFSSL_CTX* context, std::vector<int> curves) {
    for (const int curve : curves) {
        if (wolfSSL_CTX_UseSupportedCurve(context, static_cast<word16>(curve)) != WOLFSSL_SUCCESS)
            return false;
    }
    return wolfSSL_CTX_set_groups(context, curves.data(), static_cast<int>(curves.size())) ==
           WOLFSSL_SUCCESS;
}

}  // namespace

std::vector<std::string_view> pem_blocks(std::string_view text, std::string_view type) {
    static constexpr std::string_view kBegin = "-----BEGIN ";
    static constexpr std::string_view kEnd = "-----END ";
    static constexpr std::string_view kDashes = "-----";
    std::vector<std::string_view> blocks;
    while (true) {
        const size_t begin = text.find(kBegin);
        if (begin == text.npos) return blocks;
        text.remove_prefix(begin);
        const size_t label_end = text.find(kDashes, kBegin.size());
        if (label_end == text.npos) return blocks;
        const std::string_view label = text.substr(kBegin.size(), label_end - kBegin.size());
        const size_t end = text.find(kEnd, label_end);
        if (end == text.npos) return blocks;
        const size_t close = text.find(kDashes, end + kEnd.size());
        if (close == text.npos) return blocks;
        const size_t length = close + kDashes.size();
        if (label.ends_with(type)) blocks.push_back(text.substr(0, length));
        text.remove_prefix(length);
    }
}

std::vector<uint8_t> first_certificate(const Pem& pem) {
    const auto blocks = pem_blocks(pem.text, "CERTIFICATE");
    return blocks.empty() ? std::vector<uint8_t>() : to_der(blocks.front());
}

std::variant<WolfContext, Problem> make_wolf_context(const Rules& rules) {
    if (!start_library()) return Problem{"wolfSSL cannot be started"};
    auto ciphers = read_ciphers(rules.ciphers);
    if (auto* wrong = std::get_if<Problem>(&ciphers)) return *wrong;
    const CipherList& list = std::get<CipherList>(ciphers);
    auto curves = read_curves(rules.curves);
    if (auto* wrong = std::get_if<Problem>(&curves)) return *wrong;

    // A version without a cipher suite would be agreed on and then fail: it is left out.
    const bool tls12 = rules.min_version == Version::Tls12 && list.has_tls12;
    const bool tls13 = rules.max_version == Version::Tls13 && list.has_tls13;
    if (!tls12 && !tls13)
        return Problem{"no cipher suite of the list belongs to an allowed TLS version"};
    WolfContext context(wolfSSL_CTX_new(choose_method(
        rules, tls12 ? Version::Tls12 : Version::Tls13, tls13 ? Version::Tls13 : Version::Tls12)));
    if (context == nullptr) return Problem{"out of memory for a TLS context"};
    const bool set =
        wolfSSL_CTX_set_cipher_list(context.get(), list.names.c_str()) == WOLFSSL_SUCCESS &&
        wolfSSL_CTX_SetMinRsaKey_Sz(context.get(), kRsaBitsMin) == WOLFSSL_SUCCESS &&
        use_curves(context.get(), std::get<std::vector<int>>(curves));
    if (!set) return Problem{"wolfSSL refuses the cipher suites or curves"};
    // TLS 1.3 without a fresh key exchange would have no forward secrecy.
    wolfSSL_CTX_only_dhe_psk(context.get());
    wolfSSL_CTX_set_session_cache_mode(context.get(), WOLFSSL_SESS_CACHE_OFF);
    return context;
}

std::optional<Problem> load_pair(WOLFSSL_CTX* context, const Pair& pair) {
    const auto blocks = pem_blocks(pair.certificate.text, "CERTIFICATE");
    if (blocks.empty()) return problem(pair.certificate, "holds no certificate in PEM");
    std::string chain;
    for (const std::string_view block : blocks) (chain += block) += '\n';
    const int loaded = wolfSSL_CTX_use_certificate_chain_buffer_format(
        context, bytes_of(chain), static_cast<long>(chain.size()), WOLFSSL_FILETYPE_PEM);
    if (loaded != WOLFSSL_SUCCESS)
        return problem(pair.certificate, "holds a certificate that cannot be read");
    return load_key(context, pair);
}

std::optional<Problem> load_authorities(WOLFSSL_CTX* context, const Pem& ca) {
    const auto blocks = pem_blocks(ca.text, "CERTIFICATE");
    if (blocks.empty()) return problem(ca, "holds no CA certificate in PEM");
    size_t loaded = 0;
    for (const std::string_view block : blocks) {
        const std::vector<uint8_t> der = to_der(block);
        if (der.empty()) return problem(ca, "holds a certificate that cannot be read");
        if (!may_be_authority(der))
            return problem(ca, "holds a certificate that is no CA's (CA:TRUE is missing)");
        const int result = wolfSSL_CTX_load_verify_buffer(
            context, der.data(), static_cast<long>(der.size()), WOLFSSL_FILETYPE_ASN1);
        // Old CAs stay in such files for years: they verify nothing and do no harm.
        if (result == ASN_AFTER_DATE_E || result == ASN_BEFORE_DATE_E) continue;
        if (result != WOLFSSL_SUCCESS)
            return problem(ca,
                           std::string("holds a certificate that cannot be used: ") +
                               wolfSSL_ERR_reason_error_string(static_cast<unsigned long>(result)));
        ++loaded;
    }
    if (loaded == 0) return problem(ca, "holds no CA certificate that is valid today");
    return std::nullopt;
}

std::optional<Problem> load_revocations(WOLFSSL_CTX* context, const Pem& crl, const Pem& ca) {
    const auto blocks = pem_blocks(crl.text, "X509 CRL");
    if (blocks.empty()) return problem(crl, "holds no CRL in PEM");
    if (wolfSSL_CTX_EnableCRL(context, WOLFSSL_CRL_CHECK) != WOLFSSL_SUCCESS)
        return problem(crl, "revocation checks cannot be switched on");
    for (const std::string_view block : blocks) {
        const int result = wolfSSL_CTX_LoadCRLBuffer(
            context, bytes_of(block), static_cast<long>(block.size()), WOLFSSL_FILETYPE_PEM);
        if (result == ASN_CRL_NO_SIGNER_E)
            return problem(crl, "is of none of the CAs in " +
                                    (ca.empty() ? std::string("the system's list") : ca.label));
        if (result == ASN_AFTER_DATE_E || result == CRL_CERT_DATE_ERR)
            return problem(crl, "is out of date: fetch a new one from the CA");
        if (result != WOLFSSL_SUCCESS) return problem(crl, "holds a CRL that cannot be read");
    }
    return drop_revoked(context, ca);
}

}  // namespace jumpgate::tls
