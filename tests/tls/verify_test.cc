#include "tls/verify.h"

#include <gtest/gtest.h>

#include "tests/tls/duo.h"
#include "tls/library.h"
#include "tls/load.h"

namespace jumpgate::tls {
namespace {

TEST(CertificateFailure, PutsWolfSslsErrorsIntoWords) {
    EXPECT_EQ(certificate_failure(ASN_NO_SIGNER_E), Failure::UnknownCa);
    EXPECT_EQ(certificate_failure(ASN_AFTER_DATE_E), Failure::Expired);
    EXPECT_EQ(certificate_failure(ASN_BEFORE_DATE_E), Failure::NotYetValid);
    EXPECT_EQ(certificate_failure(CRL_CERT_REVOKED), Failure::Revoked);
    EXPECT_EQ(certificate_failure(CRL_MISSING), Failure::CrlMissing);
    EXPECT_EQ(certificate_failure(CRL_CERT_DATE_ERR), Failure::CrlMissing);
    EXPECT_EQ(certificate_failure(ASN_SIG_CONFIRM_E), Failure::BadCertificate);
    EXPECT_EQ(certificate_failure(EXTKEYUSE_AUTH_E), Failure::BadCertificate);
}

TEST(IsIpLiteral, KnowsBothFamilies) {
    for (const char* text : {"127.0.0.1", "::1", "2001:db8::1", "0.0.0.0"})
        EXPECT_TRUE(is_ip_literal(text)) << text;
    for (const char* text : {"localhost", "", "1.2.3", "1.2.3.4.5", "[::1]", "127.1", "a::b::c"})
        EXPECT_FALSE(is_ip_literal(text)) << text;
}

TEST(CertificateNames, ComparesHosts) {
    const auto server = first_certificate(pki_file("server.crt"));  // localhost, 127.0.0.1, ::1
    for (const char* host : {"localhost", "LOCALHOST", "localhost.", "127.0.0.1", "::1"})
        EXPECT_TRUE(certificate_names(server, host)) << host;
    for (const char* host : {"server", "", ".", "localhos", "localhostt", "127.0.0.10", "::"})
        EXPECT_FALSE(certificate_names(server, host)) << host;  // "server" is the common name
}

TEST(CertificateNames, LetsAWildcardStandForOneLabel) {
    const auto wild = first_certificate(pki_file("server-wildcard.crt"));  // *.wild.example.test
    for (const char* host : {"a.wild.example.test", "B.WILD.example.test", "a.wild.example.test."})
        EXPECT_TRUE(certificate_names(wild, host)) << host;
    for (const char* host : {"wild.example.test", ".wild.example.test", "a.b.wild.example.test",
                             "a.mild.example.test", "*.example.test"})
        EXPECT_FALSE(certificate_names(wild, host)) << host;
}

TEST(CertificateNames, IsFalseForWhatIsNoCertificate) {
    EXPECT_FALSE(certificate_names({}, "localhost"));
    auto server = first_certificate(pki_file("server.crt"));
    server.resize(server.size() / 2);
    EXPECT_FALSE(certificate_names(server, "localhost"));
}

}  // namespace
}  // namespace jumpgate::tls
