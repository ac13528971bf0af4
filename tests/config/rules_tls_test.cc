#include "core/config/rules_tls.h"

#include <gtest/gtest.h>

#include "core/config/rules.h"

namespace jumpgate {
namespace {

Config plain() {
    Config config;
    config.listen = {{"", 1883}};
    config.brokers = {{"b1", 1883}, {"b2", 1883}};
    return config;
}

// Everything that TLS can do, on both legs.
Config secure() {
    Config config = plain();
    config.listen.push_back({"", 8883, true});
    config.tls.certificates = {{"a.crt", "a.key"}, {"b.crt", "b.key"}};
    config.tls.strict_sni = true;
    config.tls.client_ca_file = "ca.crt";
    config.tls.client_auth = ClientAuth::Optional;
    config.tls.client_crl_file = "crl.pem";
    config.tls.min_version = TlsVersion::Tls13;
    config.tls.ciphers = "TLS_AES_128_GCM_SHA256";
    config.tls.curves = "P-256";
    config.tls.ticket_keys_file = "tickets.key";
    config.tls.client_id_matches = IdMatch::CertCn;
    config.hash_key = HashKey::CertCn;
    config.brokers[1] = {"b2", 8883, 1, true, "b.example.test"};
    config.upstream_tls = {"ca.crt", "proxy.crt", "proxy.key", UpstreamVerify::Ca};
    config.proxy_protocol = {{"10.0.0.0/8"}, SendProxy::V2Tls};
    return config;
}

struct Case {
    void (*spoil)(Config&);
    std::string line;
};

void expect_lines(Config (*start)(), const std::vector<Case>& cases) {
    for (const Case& c : cases) {
        Config config = start();
        c.spoil(config);
        EXPECT_EQ(broken_tls_rule(config).value_or("passes"), c.line);
        EXPECT_EQ(broken_tls_rule(config).value_or("passes"), c.line);
    }
}

TEST(BrokenTlsRule, PassesSoundConfigs) {
    expect_lines(plain, {{[](Config&) {}, "passes"}});
    expect_lines(secure,
                 {
                     {[](Config&) {}, "passes"},
                     {[](Config& c) { c.tls.client_auth = ClientAuth::Required; }, "passes"},
                     {[](Config& c) { c.tls.client_crl_file.clear(); }, "passes"},
                     {[](Config& c) { c.listen.erase(c.listen.begin()); }, "passes"},
                     {[](Config& c) { c.brokers[1].sni.clear(); }, "passes"},
                     {[](Config& c) { c.upstream_tls = {}; }, "passes"},
                     {[](Config& c) {
                          c.tls.certificates.resize(256, {"x", "y"});
                      },
                      "passes"},
                     {[](Config& c) { c.proxy_protocol.send = SendProxy::V1; }, "passes"},
                 });
    expect_lines(plain, {
                            {[](Config& c) { c.proxy_protocol.send = SendProxy::V2; }, "passes"},
                            {[](Config& c) { c.brokers[0].tls = true; }, "passes"},
                        });
}

TEST(BrokenTlsRule, WantsOneKeyForEachCertificate) {
    const std::string rest = "; allowed: one --tls-key for each --tls-cert, in the same order";
    expect_lines(
        secure,
        {
            {[](Config& c) { c.tls.certificates[1].key.clear(); },
             "--tls-cert: given 2 times, --tls-key 1 time" + rest},
            {[](Config& c) { c.tls.certificates[1].certificate.clear(); },
             "--tls-cert: given 1 time, --tls-key 2 times" + rest},
            {[](Config& c) {
                 c.tls.certificates = {{"a.crt", ""}};
             },
             "--tls-cert: given 1 time, --tls-key 0 times" + rest},
            {[](Config& c) {
                 c.tls.certificates = {{"", "a.key"}};
             },
             "--tls-cert: given 0 times, --tls-key 1 time" + rest},
            {[](Config& c) { c.tls.certificates.clear(); },
             "--tls-listen: there is no certificate to show; give --tls-cert FILE and --tls-key "
             "FILE"},
            {[](Config& c) {
                 c.tls.certificates.resize(257, {"x", "y"});
             },
             "--tls-cert: given 257 times; allowed: 1 to 256"},
        });
}

TEST(BrokenTlsRule, RefusesWhatDoesNothingWithoutTlsListen) {
    const std::string rest =
        ": no client connects with TLS; give --tls-listen ADDR:PORT as well, or leave it away";
    expect_lines(
        plain,
        {
            {[](Config& c) {
                 c.tls.certificates = {{"a.crt", "a.key"}};
             },
             "--tls-cert" + rest},
            {[](Config& c) { c.tls.strict_sni = true; }, "--tls-strict-sni" + rest},
            {[](Config& c) { c.tls.client_ca_file = "x"; }, "--tls-client-ca" + rest},
            {[](Config& c) { c.tls.client_auth = ClientAuth::Required; },
             "--tls-client-auth" + rest},
            {[](Config& c) { c.tls.client_crl_file = "x"; }, "--tls-client-crl" + rest},
            {[](Config& c) { c.tls.client_id_matches = IdMatch::San; },
             "--require-client-id-matches" + rest},
            {[](Config& c) { c.tls.min_version = TlsVersion::Tls13; }, "--tls-min-version" + rest},
            {[](Config& c) { c.tls.ciphers = "x"; }, "--tls-ciphers" + rest},
            {[](Config& c) { c.tls.curves = "x"; }, "--tls-curves" + rest},
            {[](Config& c) { c.tls.ticket_keys_file = "x"; }, "--tls-ticket-keys" + rest},
            {[](Config& c) { c.proxy_protocol.send = SendProxy::V2Tls; },
             "--send-proxy: v2-tls tells brokers of TLS that no client has; give --tls-listen "
             "ADDR:PORT, or --send-proxy v2"},
        });
}

TEST(BrokenTlsRule, TiesClientCertificatesToTheirCa) {
    const std::string nobody =
        ": no client is asked for a certificate; give --tls-client-auth optional or required";
    expect_lines(
        secure,
        {
            {[](Config& c) { c.tls.client_ca_file.clear(); },
             "--tls-client-auth: optional needs CAs to verify clients with; give --tls-client-ca "
             "FILE"},
            {[](Config& c) {
                 c.tls.client_ca_file.clear();
                 c.tls.client_auth = ClientAuth::Required;
             },
             "--tls-client-auth: required needs CAs to verify clients with; give --tls-client-ca "
             "FILE"},
            {[](Config& c) {
                 c.tls.client_ca_file.clear();
                 c.tls.client_auth = ClientAuth::None;
             },
             "--tls-client-crl: revokes what no CA vouches for; give --tls-client-ca FILE and "
             "--tls-client-auth"},
            {[](Config& c) { c.tls.client_auth = ClientAuth::None; }, "--tls-client-ca" + nobody},
            {[](Config& c) {
                 c.tls.client_auth = ClientAuth::None;
                 c.tls.client_ca_file = c.tls.client_crl_file = "";
             },
             "--require-client-id-matches" + nobody},
            {[](Config& c) {
                 c.tls = {};
                 c.tls.certificates = {{"a.crt", "a.key"}};
             },
             "--hash-key cert_cn" + nobody},
        });
    expect_lines(
        plain, {{[](Config& c) { c.hash_key = HashKey::CertCn; }, "--hash-key cert_cn" + nobody}});
}

TEST(BrokenTlsRule, TiesUpstreamFlagsToBrokersWithTls) {
    const std::string rest =
        ": no broker is reached over TLS; write --broker HOST:PORT,tls, or leave it away";
    expect_lines(
        plain,
        {
            {[](Config& c) { c.upstream_tls.ca_file = "x"; }, "--upstream-ca" + rest},
            {[](Config& c) { c.upstream_tls.certificate_file = "x"; }, "--upstream-cert" + rest},
            {[](Config& c) { c.upstream_tls.key_file = "x"; }, "--upstream-key" + rest},
            {[](Config& c) { c.upstream_tls.verify = UpstreamVerify::None; },
             "--upstream-verify" + rest},
            {[](Config& c) { c.brokers[1].sni = "b.example.test"; },
             "--broker: b2:1883 has an sni but no tls; write HOST:PORT,tls,sni=NAME, or leave sni "
             "away"},
        });
    expect_lines(secure, {
                             {[](Config& c) { c.upstream_tls.key_file.clear(); },
                              "--upstream-cert: has no private key; give --upstream-key FILE"},
                             {[](Config& c) { c.upstream_tls.certificate_file.clear(); },
                              "--upstream-key: has no certificate; give --upstream-cert FILE"},
                         });
}

TEST(BrokenTlsRule, LimitsTheNetworksOfTheProxyProtocol) {
    Config config = plain();
    for (int i = 0; i < 256; ++i)
        config.proxy_protocol.from.push_back("10.0." + std::to_string(i) + ".0/24");
    EXPECT_EQ(broken_tls_rule(config), std::nullopt);
    config.proxy_protocol.from.push_back("::1");
    EXPECT_EQ(broken_tls_rule(config), "--proxy-protocol-from: 257 networks; allowed: up to 256");
    config.proxy_protocol.from = {"::1", "10.0.0.0/8", "::1"};
    config.listen = {{"", 1883}};
    config.brokers = {{"b1", 1883}};
    EXPECT_EQ(broken_rules(config), std::vector<std::string>{"--proxy-protocol-from: ::1 is given "
                                                             "twice; allowed: each once"});
}

}  // namespace
}  // namespace jumpgate
