#include "core/config/credential_files.h"

#include <gtest/gtest.h>

namespace jumpgate {
namespace {

using Files = std::vector<std::string>;

TEST(CredentialFiles, NameAllThatIsReadOnce) {
    Config config;
    config.tls.certificates = {{"flag.pem", "flag.key"}};
    config.tls.client_ca_file = "/ca.pem";
    config.tls.client_crl_file = "/crl.pem";
    config.tls.ticket_keys_file = "/tickets";
    config.upstream_tls.ca_file = "/brokers.pem";
    Objects objects;
    SslConfig& ssl = objects.ssls.emplace_back();
    ssl.origin.file = "/etc/fleet.yaml";
    ssl.pairs = {{{"", "a.pem"}, {"", "a.key"}}, {{"-----BEGIN", ""}, {"-----BEGIN", ""}}};
    ssl.client_ca.file = "/ca.pem";
    ssl.client_crl.file = "own.crl";
    UpstreamConfig& upstream = objects.upstreams.emplace_back();
    upstream.tls.identity = {{"", "/client.pem"}, {"", "/client.key"}};
    upstream.tls.ca.file = "/brokers.pem";
    EXPECT_EQ(
        credential_files(config, objects),
        (Files{"/brokers.pem", "/ca.pem", "/client.key", "/client.pem", "/crl.pem", "/etc/a.key",
               "/etc/a.pem", "/etc/own.crl", "/tickets", "flag.key", "flag.pem"}));
    EXPECT_EQ(credential_files(Config(), Objects()), Files());
}

}  // namespace
}  // namespace jumpgate
