#include "loadgen/cause.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <set>

namespace jumpgate::load {
namespace {

TEST(Cause, TellsErrnosApart) {
    const auto cause = [](int sys) { return cause_of(error_from_errno(sys, Side::Upstream)); };
    EXPECT_EQ(cause(ECONNREFUSED), Cause::Refused);
    EXPECT_EQ(cause(ECONNRESET), Cause::Reset);
    EXPECT_EQ(cause(EPIPE), Cause::Reset);
    EXPECT_EQ(cause(ECANCELED), Cause::Timeout);
    EXPECT_EQ(cause(EHOSTUNREACH), Cause::Unreachable);
    EXPECT_EQ(cause(EADDRNOTAVAIL), Cause::NoAddress);
    EXPECT_EQ(cause(EMFILE), Cause::OutOfFiles);
    EXPECT_EQ(cause(EIO), Cause::Other);
}

TEST(Cause, TellsFailuresOfTlsApart) {
    using tls::Failure;
    EXPECT_EQ(cause_of(Failure::Expired), Cause::Expired);
    EXPECT_EQ(cause_of(Failure::NotYetValid), Cause::NotYetValid);
    EXPECT_EQ(cause_of(Failure::UnknownCa), Cause::UnknownCa);
    EXPECT_EQ(cause_of(Failure::WrongName), Cause::WrongName);
    EXPECT_EQ(cause_of(Failure::PeerAlert), Cause::TlsAlert);
    EXPECT_EQ(cause_of(Failure::Truncated), Cause::Truncated);
    EXPECT_EQ(cause_of(Failure::NotTls), Cause::NotTls);
    EXPECT_EQ(cause_of(Failure::UnsupportedVersion), Cause::TlsVersion);
    for (unsigned i = 1; i < tls::kFailures; ++i) {
        EXPECT_GE(cause_of(static_cast<Failure>(i)), Cause::NotTls) << i;
        EXPECT_LE(cause_of(static_cast<Failure>(i)), Cause::TlsError) << i;
    }
}

TEST(Cause, HasAWordOfItsOwn) {
    std::set<std::string_view> words;
    for (size_t i = 0; i < static_cast<size_t>(Cause::kCount); ++i) {
        const std::string_view each = word(static_cast<Cause>(i));
        EXPECT_FALSE(each.empty());
        words.insert(each);
    }
    EXPECT_EQ(words.size(), static_cast<size_t>(Cause::kCount));
}

}  // namespace
}  // namespace jumpgate::load
