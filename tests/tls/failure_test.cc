#include "tls/failure.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace jumpgate::tls {
namespace {

TEST(FailureText, IsOneWordEach) {
    std::set<std::string_view> words;
    for (unsigned i = 0; i < kFailures; ++i) {
        const std::string_view word = text(static_cast<Failure>(i));
        EXPECT_TRUE(words.insert(word).second) << word;
        EXPECT_TRUE(std::ranges::all_of(word, [](char c) {
            return (c >= 'a' && c <= 'z') || c == '_';
        })) << word;
    }
    EXPECT_EQ(text(Failure::UnknownCa), "unknown_ca");
    EXPECT_EQ(text(Failure::CrlMissing), "crl_missing");
    EXPECT_EQ(text(Failure::Internal), "internal");
}

TEST(Explanation, IsASentenceForEachFaultOfACertificate) {
    for (const Failure failure :
         {Failure::NoCertificate, Failure::UnknownCa, Failure::Expired, Failure::NotYetValid,
          Failure::Revoked, Failure::CrlMissing, Failure::WrongName}) {
        const std::string_view words = explanation(failure);
        EXPECT_NE(words.find("certificate"), std::string_view::npos) << text(failure);
    }
    EXPECT_STREQ(explanation(Failure::Internal), "");  // wolfSSL's own words tell more
}

TEST(AlertText, IsRfc8446s) {
    EXPECT_EQ(alert_text(0), "close_notify");
    EXPECT_EQ(alert_text(20), "bad_record_mac");
    EXPECT_EQ(alert_text(48), "unknown_ca");
    EXPECT_EQ(alert_text(116), "certificate_required");
    EXPECT_EQ(alert_text(250), "unknown_alert");
}

}  // namespace
}  // namespace jumpgate::tls
