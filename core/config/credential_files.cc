#include "core/config/credential_files.h"

#include <algorithm>

namespace jumpgate {

std::vector<std::string> credential_files(const Config& config, const Objects& objects) {
    std::vector<std::string> files;
    const auto add = [&files](const std::string& path) {
        if (!path.empty()) files.push_back(path);
    };
    for (const CertificateFiles& pair : config.tls.certificates) {
        add(pair.certificate);
        add(pair.key);
    }
    for (const std::string* path :
         {&config.tls.client_ca_file, &config.tls.client_crl_file, &config.tls.ticket_keys_file,
          &config.upstream_tls.ca_file, &config.upstream_tls.certificate_file,
          &config.upstream_tls.key_file})
        add(*path);
    const auto add_pem = [&add](const Origin& origin, const PemSource& pem) {
        if (!pem.file.empty()) add(located(origin, pem.file));
    };
    for (const SslConfig& ssl : objects.ssls) {
        for (const PemPair& pair : ssl.pairs) {
            add_pem(ssl.origin, pair.certificate);
            add_pem(ssl.origin, pair.key);
        }
        add_pem(ssl.origin, ssl.client_ca);
        add_pem(ssl.origin, ssl.client_crl);
    }
    for (const UpstreamConfig& upstream : objects.upstreams) {
        add_pem(upstream.origin, upstream.tls.identity.certificate);
        add_pem(upstream.origin, upstream.tls.identity.key);
        add_pem(upstream.origin, upstream.tls.ca);
    }
    std::ranges::sort(files);
    const auto repeated = std::ranges::unique(files);
    files.erase(repeated.begin(), repeated.end());
    return files;
}

}  // namespace jumpgate
