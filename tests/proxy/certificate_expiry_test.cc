#include "core/proxy/certificate_expiry.h"

#include <gtest/gtest.h>

namespace jumpgate {
namespace {

TEST(ExpiryWarning, BeginsFourteenDaysBefore) {
    constexpr int64_t kDayS = 86'400;
    constexpr int64_t kEndS = 1'800'000'000;  // 2027-01-15 08:00:00
    struct Case {
        int64_t now_s;
        std::string warning;
    };
    const std::string expired =
        "x.crt: has expired on 2027-01-15: whoever looks at the date "
        "refuses it; renew it";
    const Case cases[] = {
        {kEndS - 400 * kDayS, ""},
        {kEndS - 14 * kDayS, ""},
        {kEndS - 14 * kDayS + 1, "x.crt: expires in 13 days, on 2027-01-15: renew it"},
        {kEndS - 2 * kDayS, "x.crt: expires in 2 days, on 2027-01-15: renew it"},
        {kEndS - kDayS, "x.crt: expires in 1 day, on 2027-01-15: renew it"},
        {kEndS - 1, "x.crt: expires in 0 days, on 2027-01-15: renew it"},
        {kEndS, "x.crt: expires in 0 days, on 2027-01-15: renew it"},  // the last second it holds
        {kEndS + 1, expired},
        {kEndS + 400 * kDayS, expired},
    };
    for (const Case& c : cases) {
        EXPECT_EQ(expiry_warning("x.crt", kEndS, c.now_s).value_or(""), c.warning) << c.now_s;
    }
}

TEST(ExpiryWarning, TakesTheLastDateThereIs) {
    EXPECT_FALSE(expiry_warning("x.crt", 253'402'300'799, 0));  // 9999-12-31 23:59:59
    EXPECT_EQ(expiry_warning("x.crt", 253'402'300'799, 253'402'300'800),
              "x.crt: has expired on 9999-12-31: whoever looks at the date refuses it; renew it");
}

}  // namespace
}  // namespace jumpgate
