#include "core/proxy/tls_inputs.h"

#include <string.h>

#include <string_view>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "core/base/check.h"
#include "core/proxy/upstream_credentials.h"

namespace jumpgate {

namespace {

// Each text goes in with its length, so that none can imitate the border to the next.
class Digest {
  public:
    Digest() { CHECK(XXH3_128bits_reset(&state_) == XXH_OK); }
    ~Digest() { explicit_bzero(&state_, sizeof state_); }  // the last bytes may be of a key
    Digest(const Digest&) = delete;
    Digest& operator=(const Digest&) = delete;

    void add(uint64_t number) { XXH3_128bits_update(&state_, &number, sizeof number); }
    void add(std::string_view text) {
        add(uint64_t{text.size()});
        XXH3_128bits_update(&state_, text.data(), text.size());
    }
    void add(const PemSource& pem) {
        add(pem.text);
        add(pem.file);
    }
    void add(const PemPair& pair) {
        add(pair.certificate);
        add(pair.key);
    }
    TlsInputs value() const {
        const XXH128_hash_t hash = XXH3_128bits_digest(&state_);
        return {hash.high64, hash.low64};
    }

  private:
    XXH3_state_t state_{};
};

void add(Digest& digest, const SslConfig& ssl) {
    digest.add(ssl.id);
    for (const uint64_t number :
         {static_cast<uint64_t>(ssl.type), uint64_t{ssl.client_depth},
          static_cast<uint64_t>(ssl.min_version), static_cast<uint64_t>(ssl.max_version),
          uint64_t{ssl.enabled}, uint64_t{ssl.pairs.size()}, uint64_t{ssl.snis.size()}}) {
        digest.add(number);
    }
    for (const PemPair& pair : ssl.pairs) digest.add(pair);
    for (const std::string& sni : ssl.snis) digest.add(sni);
    digest.add(ssl.client_ca);
    digest.add(ssl.client_crl);
}

void add(Digest& digest, const UpstreamConfig& upstream) {
    const UpstreamTlsConfig& tls = upstream.tls;
    digest.add(upstream.id);
    digest.add(tls.client_cert_id);
    digest.add(tls.verify ? static_cast<uint64_t>(*tls.verify) + 1 : uint64_t{0});
    digest.add(tls.identity);
    digest.add(tls.ca);
}

}  // namespace

TlsInputs tls_inputs(const Objects& objects) {
    Digest digest;
    digest.add(uint64_t{objects.ssls.size()});
    for (const SslConfig& ssl : objects.ssls) add(digest, ssl);
    for (const UpstreamConfig& upstream : objects.upstreams) {
        if (dials_tls(upstream)) add(digest, upstream);
    }
    return digest.value();
}

}  // namespace jumpgate
