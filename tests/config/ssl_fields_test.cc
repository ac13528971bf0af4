#include <gtest/gtest.h>

#include "core/config/object_fields.h"
#include "tests/config/field_cases.h"

namespace jumpgate {

namespace {

constexpr const char* kPair = "cert: c.pem, key: k.pem, ";

SslConfig ssl_of(const std::string& fragment) {
    const ObjectsRead read = objects_of("ssls:\n- {" + (kPair + fragment) + "}\n");
    EXPECT_EQ(joined(read.errors), "") << fragment;
    return read.objects.ssls.at(0);
}

}  // namespace

TEST(SslFields, HaveTheDefaultsOfObjects) {
    const SslConfig ssl = ssl_of("");
    EXPECT_EQ(ssl.id, "arr_1");
    EXPECT_EQ(ssl.type, SslType::Server);
    ASSERT_EQ(ssl.pairs.size(), 1U);
    EXPECT_EQ(ssl.pairs[0].certificate.file, "c.pem");
    EXPECT_EQ(ssl.pairs[0].key.file, "k.pem");
    EXPECT_TRUE(ssl.snis.empty() && ssl.client_ca.empty() && ssl.client_crl.empty());
    EXPECT_EQ(ssl.client_depth, 1U);
    EXPECT_EQ(ssl.min_version, TlsVersion::Tls12);
    EXPECT_EQ(ssl.max_version, TlsVersion::Tls13);
    EXPECT_TRUE(ssl.enabled);
}

TEST(SslFields, AreRead) {
    const SslConfig ssl = ssl_of(
        "id: 3, name: n, snis: [A.com, \"*.b.com\"], certs: [c2.pem], keys: [k2.pem], status: 0, "
        "client: {ca: ca.pem, depth: 3, crl: crl.pem}, ssl_protocols: [TLSv1.3], create_time: 1, "
        "validity_start: 1, validity_end: 2");
    EXPECT_EQ(ssl.id, "3");
    EXPECT_EQ(ssl.snis, (std::vector<std::string>{"a.com", "*.b.com"}));
    ASSERT_EQ(ssl.pairs.size(), 2U);
    EXPECT_EQ(ssl.pairs[1].certificate.file, "c2.pem");
    EXPECT_EQ(ssl.pairs[1].key.file, "k2.pem");
    EXPECT_FALSE(ssl.enabled);
    EXPECT_EQ(ssl.client_ca.file, "ca.pem");
    EXPECT_EQ(ssl.client_depth, 3U);
    EXPECT_EQ(ssl.client_crl.file, "crl.pem");
    EXPECT_EQ(ssl.min_version, TlsVersion::Tls13);
    EXPECT_EQ(ssl.max_version, TlsVersion::Tls13);
    EXPECT_EQ(ssl_of("ssl_protocols: [TLSv1.2]").max_version, TlsVersion::Tls12);
    EXPECT_EQ(ssl_of("type: client").type, SslType::Client);
    EXPECT_EQ(ssl_of("sni: a.com").snis, std::vector<std::string>{"a.com"});
}

TEST(SslFields, SayWhatIsWrong) {
    const std::string pem =
        "PEM text (\"-----BEGIN ...\") up to 1 MiB, the path of a PEM file, or $ENV://VARIABLE";
    expect_cases(
        "ssls", kPair,
        {{"certs: [a, b], keys: [c]",
          "certs: has 2 certificates, and keys has 1 keys; allowed: as many of both"},
         {"certs: [a]", "certs: has 1 certificates, and keys has 0 keys; allowed: as many of both"},
         {"certs: [5], keys: [k]", "certs[0]: is a number; allowed: " + pem},
         {"sni: a.com, snis: [b.com]", "snis: stands beside sni; allowed: one of both"},
         {"type: both", "type: \"both\" is unknown; allowed: one of server, client"},
         {"status: 2", "status: 2 is out of range; allowed: 0 to 1"},
         {"status: true", "status: is true or false; allowed: 0 to 1"},
         {"client: {}", "client.ca: is missing; allowed: " + pem},
         {"client: {ca: c, depth: 101}", "client.depth: 101 is out of range; allowed: 0 to 100"},
         {"client: {ca: [c]}", "client.ca: is a list; allowed: " + pem},
         {"client: {ca: c, verify: true}", "client.verify: is unknown"},
         {"ssl_protocols: []", "ssl_protocols: has 0 items; allowed: a list of 1 to 3"},
         {"ssl_protocols: [TLSv1.1, TLSv1.2]",
          "ssl_protocols[0]: \"TLSv1.1\" is broken (RFC 8996) and not spoken; allowed: TLSv1.2, "
          "TLSv1.3"},
         {"ssl_protocols: [SSLv3]",
          "ssl_protocols[0]: \"SSLv3\" is unknown; allowed: TLSv1.2, TLSv1.3"},
         {"ssl_protocols: TLSv1.2", "ssl_protocols: is text; allowed: a list of 1 to 3"},
         {"stauts: 1", "stauts: is unknown; did you mean status?"}});
    expect_cases("ssls", "",
                 {{"key: k", "cert: is missing; allowed: " + pem},
                  {"cert: c", "key: is missing; allowed: " + pem},
                  {"cert: '', key: k", "cert: is empty; allowed: " + pem}});
}

// A key in the wrong place must not come out in a log.
TEST(SslFields, NeverShowAKey) {
    const ObjectsRead read = objects_of(
        "ssls:\n- cert: [s3cret]\n  key: \"s3cret\\ns3cret\"\n  keys: [\"s3cret\\ns3cret\"]\n");
    EXPECT_FALSE(read.errors.empty());
    EXPECT_EQ(joined(read.errors).find("s3cret"), std::string::npos) << joined(read.errors);
}

TEST(SslFields, WithoutMeaningWarn) {
    expect_warnings("ssls", kPair,
                    {{"type: client, sni: a.com", "sni: has no effect: it is for type server"},
                     {"client: {ca: c, skip_mtls_uri_regex: [x]}",
                      "client.skip_mtls_uri_regex: has no effect: it is about HTTP"}});
}

}  // namespace jumpgate
