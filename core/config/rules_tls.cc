#include "core/config/rules_tls.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/config/rules.h"

namespace jumpgate {

namespace {

constexpr size_t kCertificatesMax = 256;
constexpr size_t kCidrsMax = 256;

using Rule = std::optional<std::string>;

struct Given {
    const char* flag;
    bool is_given;
};

// The first of `flags` that is given, as the line of a broken rule: its name, then `message`.
template <size_t N>
Rule first_given(const Given (&flags)[N], std::string_view message) {
    const Given* found = std::ranges::find(flags, true, &Given::is_given);
    if (found == std::end(flags)) return std::nullopt;
    return fmt::format("--{}: {}", found->flag, message);
}

bool listens_for_tls(const Config& config) {
    return std::ranges::any_of(config.listen, &ListenAddress::tls);
}

// "1 time", "2 times"
std::string times(size_t count) { return fmt::format("{} time{}", count, count == 1 ? "" : "s"); }

Rule broken_certificates(const Config& config) {
    const std::vector<CertificateFiles>& pairs = config.tls.certificates;
    const auto has_certificate = [](const CertificateFiles& p) { return !p.certificate.empty(); };
    const auto has_key = [](const CertificateFiles& p) { return !p.key.empty(); };
    const auto certificates = static_cast<size_t>(std::ranges::count_if(pairs, has_certificate));
    const auto keys = static_cast<size_t>(std::ranges::count_if(pairs, has_key));
    if (certificates != keys)
        return fmt::format(
            "--tls-cert: given {}, --tls-key {}; allowed: one --tls-key for each --tls-cert, in "
            "the same order",
            times(certificates), times(keys));
    if (pairs.size() > kCertificatesMax)
        return fmt::format("--tls-cert: given {} times; allowed: 1 to {}", pairs.size(),
                           kCertificatesMax);
    if (pairs.empty() && listens_for_tls(config) && !takes_objects(config))
        return "--tls-listen: there is no certificate to show; give --tls-cert FILE and --tls-key "
               "FILE";
    return std::nullopt;
}

// Flags that do nothing without --tls-listen. Numbers are left out: they protect nobody.
Rule broken_without_listener(const Config& config) {
    if (listens_for_tls(config)) return std::nullopt;
    const DownstreamTls& tls = config.tls;
    const Given flags[] = {
        {"tls-cert", !tls.certificates.empty()},
        {"tls-strict-sni", tls.strict_sni},
        {"tls-client-ca", !tls.client_ca_file.empty()},
        {"tls-client-auth", tls.client_auth != ClientAuth::None},
        {"tls-client-crl", !tls.client_crl_file.empty()},
        {"require-client-id-matches", tls.client_id_matches != IdMatch::Off},
        {"tls-min-version", tls.min_version != TlsVersion::Tls12},
        {"tls-ciphers", !tls.ciphers.empty()},
        {"tls-curves", !tls.curves.empty()},
        {"tls-ticket-keys", !tls.ticket_keys_file.empty()},
    };
    if (Rule rule = first_given(flags,
                                "no client connects with TLS; give --tls-listen ADDR:PORT "
                                "as well, or leave it away"))
        return rule;
    if (config.proxy_protocol.send == SendProxy::V2Tls)
        return "--send-proxy: v2-tls tells brokers of TLS that no client has; give --tls-listen "
               "ADDR:PORT, or --send-proxy v2";
    return std::nullopt;
}

Rule broken_client_auth(const Config& config) {
    const DownstreamTls& tls = config.tls;
    const bool asks = tls.client_auth != ClientAuth::None;
    if (asks && tls.client_ca_file.empty())
        return fmt::format(
            "--tls-client-auth: {} needs CAs to verify clients with; give --tls-client-ca FILE",
            tls.client_auth == ClientAuth::Required ? "required" : "optional");
    if (!tls.client_crl_file.empty() && tls.client_ca_file.empty())
        return "--tls-client-crl: revokes what no CA vouches for; give --tls-client-ca FILE and "
               "--tls-client-auth";
    const Given flags[] = {
        {"tls-client-ca", !tls.client_ca_file.empty()},
        {"require-client-id-matches", tls.client_id_matches != IdMatch::Off},
        {"hash-key cert_cn", config.hash_key == HashKey::CertCn},
    };
    if (asks || (takes_objects(config) && tls.client_ca_file.empty())) return std::nullopt;
    return first_given(flags,
                       "no client is asked for a certificate; give --tls-client-auth "
                       "optional or required");
}

Rule broken_upstream(const Config& config) {
    const UpstreamTls& tls = config.upstream_tls;
    for (const BrokerAddress& broker : config.brokers)
        if (!broker.sni.empty() && !broker.tls)
            return fmt::format(
                "--broker: {} has an sni but no tls; write HOST:PORT,tls,sni=NAME, or leave sni "
                "away",
                text(HostPort{broker.host, broker.port}));
    const Given flags[] = {
        {"upstream-ca", !tls.ca_file.empty()},
        {"upstream-cert", !tls.certificate_file.empty()},
        {"upstream-key", !tls.key_file.empty()},
        {"upstream-verify", tls.verify != UpstreamVerify::Full},
    };
    if (!takes_objects(config) && std::ranges::none_of(config.brokers, &BrokerAddress::tls))
        return first_given(flags,
                           "no broker is reached over TLS; write --broker HOST:PORT,tls, or "
                           "leave it away");
    if (!tls.certificate_file.empty() && tls.key_file.empty())
        return "--upstream-cert: has no private key; give --upstream-key FILE";
    if (!tls.key_file.empty() && tls.certificate_file.empty())
        return "--upstream-key: has no certificate; give --upstream-cert FILE";
    return std::nullopt;
}

Rule broken_proxy_protocol(const Config& config) {
    const size_t count = config.proxy_protocol.from.size();
    if (count <= kCidrsMax) return std::nullopt;
    return fmt::format("--proxy-protocol-from: {} networks; allowed: up to {}", count, kCidrsMax);
}

}  // namespace

std::optional<std::string> broken_tls_rule(const Config& config) {
    for (auto* rule : {broken_certificates, broken_without_listener, broken_client_auth,
                       broken_upstream, broken_proxy_protocol})
        if (Rule broken = rule(config)) return broken;
    return std::nullopt;
}

}  // namespace jumpgate
