#include "core/io/resolve.h"

#include <gtest/gtest.h>

namespace jumpgate {
namespace {

TEST(Resolve, LiteralsNeedNoResolver) {
    std::string why;
    EXPECT_EQ(resolve("127.0.0.1", 1883, why)->to_string(), "127.0.0.1:1883");
    EXPECT_EQ(resolve("::1", 8883, why)->to_string(), "[::1]:8883");
    EXPECT_TRUE(why.empty());
}

TEST(Resolve, FindsTheLoopbackNameWithThePort) {
    std::string why;
    Result<Address> address = resolve("localhost", 1883, why);
    ASSERT_TRUE(address) << why;
    EXPECT_EQ(address->port(), 1883);
    EXPECT_TRUE(address->host() == "127.0.0.1" || address->host() == "::1");
}

TEST(Resolve, AFailureCarriesTheResolversWords) {
    for (const char* host : {"no-such-host.invalid", "", "bad host name"}) {
        SCOPED_TRACE(host);
        std::string why;
        Result<Address> address = resolve(host, 1883, why);
        ASSERT_FALSE(address);
        EXPECT_EQ(address.error().code, ErrorCode::Unreachable);
        EXPECT_FALSE(why.empty());
    }
}

}  // namespace
}  // namespace jumpgate
