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
