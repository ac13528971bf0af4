#include "tls/load.h"

#include <gtest/gtest.h>

#include "tests/tls/duo.h"

namespace jumpgate::tls {
namespace {

TEST(PemBlocks, AreThoseOfTheType) {
    const std::string text =
        "words\n-----BEGIN EC PARAMETERS-----\nBggq\n-----END EC PARAMETERS-----\n"
        "-----BEGIN EC PRIVATE KEY-----\nMHc\n-----END EC PRIVATE KEY-----\n"
        "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----";
    const auto keys = pem_blocks(text, "PRIVATE KEY");
    ASSERT_EQ(keys.size(), 1U);
    EXPECT_EQ(keys[0], "-----BEGIN EC PRIVATE KEY-----\nMHc\n-----END EC PRIVATE KEY-----");
    EXPECT_EQ(pem_blocks(text, "CERTIFICATE").size(), 1U);
    EXPECT_EQ(pem_blocks(text, "X509 CRL").size(), 0U);
}

TEST(PemBlocks, EndAtWhatIsCut) {
    const std::string text = "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----";
    for (size_t size = 0; size < text.size(); ++size)
        EXPECT_TRUE(pem_blocks(std::string_view(text).substr(0, size), "CERTIFICATE").empty());
}

TEST(FirstCertificate, IsTheLeafInDer) {
    const auto der = first_certificate(pki_file("server-chain.crt"));
    ASSERT_FALSE(der.empty());
    EXPECT_EQ(identify(der)->common_name, "server-chain");
    EXPECT_TRUE(first_certificate(pki_file("server.key")).empty());
    EXPECT_TRUE(first_certificate({"x", "x"}).empty());
}

TEST(MakeWolfContext, LeavesOutAVersionWithoutSuites) {
    const auto make = [](Version low, Version high, std::string_view ciphers) {
        return std::holds_alternative<WolfContext>(
            make_wolf_context({Side::Server, low, high, ciphers, ""}));
    };
    EXPECT_TRUE(make(Version::Tls12, Version::Tls13, "TLS_AES_128_GCM_SHA256"));
    EXPECT_TRUE(make(Version::Tls12, Version::Tls13, "ECDHE-RSA-AES128-GCM-SHA256"));
    EXPECT_FALSE(make(Version::Tls13, Version::Tls13, "ECDHE-RSA-AES128-GCM-SHA256"));
    EXPECT_FALSE(make(Version::Tls12, Version::Tls12, "TLS_AES_128_GCM_SHA256"));
}

}  // namespace
}  // namespace jumpgate::tls
