#include "core/base/error.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <set>

namespace jumpgate {
namespace {

TEST(ErrorFromErrno, NamesWhatTheNumberMeans) {
    struct Case {
        int32_t sys;
        ErrorCode code;
    };
    const Case cases[] = {
        {ECANCELED, ErrorCode::Cancelled},
        {ETIME, ErrorCode::Timeout},
        {ECONNREFUSED, ErrorCode::Refused},
        {ECONNRESET, ErrorCode::Reset},
        {EPIPE, ErrorCode::Reset},
        {ECONNABORTED, ErrorCode::Reset},
        {EHOSTUNREACH, ErrorCode::Unreachable},
        {ENETUNREACH, ErrorCode::Unreachable},
        {ETIMEDOUT, ErrorCode::Unreachable},
        {EADDRINUSE, ErrorCode::AddressInUse},
        {EADDRNOTAVAIL, ErrorCode::AddressInUse},
        {EMFILE, ErrorCode::OutOfFiles},
        {ENFILE, ErrorCode::OutOfFiles},
        {ENOBUFS, ErrorCode::OutOfBuffers},
        {ENOMEM, ErrorCode::OutOfMemory},
        {EPERM, ErrorCode::NotPermitted},
        {EACCES, ErrorCode::NotPermitted},
        {ENOSYS, ErrorCode::NotSupported},
        {EOPNOTSUPP, ErrorCode::NotSupported},
        {EINVAL, ErrorCode::NotSupported},
        {EIO, ErrorCode::System},
        {99'999, ErrorCode::System},
    };
    for (const Case& c : cases) {
        const Error error = error_from_errno(c.sys, Side::Upstream);
        EXPECT_EQ(error.code, c.code) << c.sys;
        EXPECT_EQ(error.side, Side::Upstream);
        EXPECT_EQ(error.sys, c.sys);
        EXPECT_EQ(error.detail, 0);
    }
}

TEST(ErrorText, GivesEveryCodeItsOwnWords) {
    std::set<std::string_view> words;
    for (uint8_t code = 0; code <= static_cast<uint8_t>(ErrorCode::System); ++code)
        words.insert(text(ErrorCode{code}));
    EXPECT_EQ(words.size(), static_cast<size_t>(ErrorCode::System) + 1);
    EXPECT_FALSE(words.contains("unknown"));
    EXPECT_FALSE(words.contains(""));
}

TEST(ErrorText, NamesTheSides) {
    EXPECT_EQ(text(Side::Downstream), "downstream");
    EXPECT_EQ(text(Side::Upstream), "upstream");
    EXPECT_EQ(text(Side::Internal), "internal");
}

}  // namespace
}  // namespace jumpgate
