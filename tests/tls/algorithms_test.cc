#include "tls/algorithms.h"

#include <gtest/gtest.h>

namespace jumpgate::tls {
namespace {

CipherList ciphers(std::string_view names) { return std::get<CipherList>(read_ciphers(names)); }

TEST(ReadCiphers, OffersAllByDefaultBestFirst) {
    const CipherList all = ciphers("");
    EXPECT_TRUE(
        all.names.starts_with("TLS13-AES128-GCM-SHA256:TLS13-AES256-GCM-SHA384:"
                              "TLS13-CHACHA20-POLY1305-SHA256:ECDHE-"));
    EXPECT_TRUE(all.has_tls12);
    EXPECT_TRUE(all.has_tls13);
}

TEST(ReadCiphers, TakesOpenSslsAndIanasNamesInAnyCase) {
    for (const char* name : {"ECDHE-RSA-AES128-GCM-SHA256", "ecdhe-rsa-aes128-gcm-sha256",
                             "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"}) {
        const CipherList list = ciphers(name);
        EXPECT_EQ(list.names, "ECDHE-RSA-AES128-GCM-SHA256");
        EXPECT_TRUE(list.has_tls12);
        EXPECT_FALSE(list.has_tls13);
    }
    EXPECT_TRUE(ciphers("TLS_AES_256_GCM_SHA384").has_tls13);
}

TEST(ReadCiphers, HasNothingWeak) {
    for (const char* name :
         {"AES128-SHA", "ECDHE-RSA-AES128-SHA", "DHE-RSA-AES128-GCM-SHA256", "NULL-SHA",
          "DES-CBC3-SHA", "TLS_RSA_WITH_AES_128_GCM_SHA256", ":", "TLS_AES_128_GCM_SHA256::"}) {
        EXPECT_TRUE(std::holds_alternative<Problem>(read_ciphers(name))) << name;
    }
}

TEST(ReadCiphers, ListsWhatIsAllowed) {
    const auto read = read_ciphers("TLS_AES_128_GCM_SHA256:RC4");
    const std::string text = std::get<Problem>(read).text;
    EXPECT_NE(text.find("\"RC4\""), text.npos);
    EXPECT_NE(text.find("TLS_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384"), text.npos);
    EXPECT_NE(text.find("ECDHE-ECDSA-CHACHA20-POLY1305"), text.npos);
}

TEST(ReadCurves, KnowsTheNamesThatAreInUse) {
    using Groups = std::vector<int>;
    EXPECT_EQ(std::get<Groups>(read_curves("")), (Groups{29, 23, 24}));
    EXPECT_EQ(std::get<Groups>(read_curves("P-256:x25519")), (Groups{23, 29}));
    EXPECT_EQ(std::get<Groups>(read_curves("prime256v1:secp256r1:secp384r1:P-521")),
              (Groups{23, 24, 25}));
    const auto read = read_curves("P-256:secp256k1");
    EXPECT_EQ(std::get<Problem>(read).text,
              "\"secp256k1\" is no curve that is offered here; there are X25519, P-256, P-384, "
              "P-521");
}

}  // namespace
}  // namespace jumpgate::tls
