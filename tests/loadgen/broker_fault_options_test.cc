#include "loadgen/broker_fault_options.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace jumpgate::broker {
namespace {

using mqtt::ReasonCode;

struct Given {
    FaultOptions options;
    std::string wrong;  // what the user is told; empty: nothing
};

Given given(const std::vector<const char*>& words) {
    Given result;
    FlagTable table("test", "", "");
    add_fault_flags(table, result.options);
    if (const auto exit = table.parse(words)) {
        result.wrong = exit->text;
    } else if (const auto wrong = settle_faults(result.options)) {
        result.wrong = *wrong;
    }
    return result;
}

TEST(FaultOptions, AreNoneWhereNothingIsGiven) {
    const Given none = given({});
    EXPECT_EQ(none.wrong, "");
    EXPECT_FALSE(none.options.any());
    EXPECT_FALSE(given({"--seed=7"}).options.any());
    EXPECT_FALSE(given({"--refuse=0%"}).options.any());
}

TEST(FaultOptions, AreReadInTheirUnits) {
    const Given all =
        given({"--connack-delay-ms=250", "--refuse=10%", "--refuse-code=0x97", "--drop-after=100",
               "--slow-read=1000", "--garbage", "--garbage-after=3", "--stall=for=250ms,every=20s",
               "--lose=1/100", "--duplicate=1/50", "--reorder=1/1", "--seed=9"});
    ASSERT_EQ(all.wrong, "");
    const FaultOptions& o = all.options;
    EXPECT_EQ(o.connack_delay_ms, 250U);
    EXPECT_EQ(o.refuse_percent, 10U);
    EXPECT_EQ(o.refuse_code, ReasonCode::QuotaExceeded);
    EXPECT_EQ(o.drop_after, 100U);
    EXPECT_EQ(o.slow_read_bytes_per_s, 1'000U);
    EXPECT_TRUE(o.garbage);
    EXPECT_EQ(o.garbage_after, 3U);
    EXPECT_EQ(o.stall.every_ms, 20'000U);
    EXPECT_EQ(o.stall.for_ms, 250U);
    EXPECT_EQ(o.lose_one_in, 100U);
    EXPECT_EQ(o.duplicate_one_in, 50U);
    EXPECT_EQ(o.reorder_one_in, 1U);
    EXPECT_EQ(o.seed, 9U);
    EXPECT_TRUE(o.any());
}

TEST(FaultOptions, EachAloneIsMisbehaviour) {
    for (const char* word :
         {"--connack-delay-ms=1", "--refuse=1%", "--redirect=h:1", "--drop-after=1",
          "--slow-read=1", "--garbage", "--stall=every=2s,for=1s", "--lose=1/2", "--duplicate=1/2",
          "--reorder=1/2"}) {
        EXPECT_TRUE(given({word}).options.any()) << word;
    }
}

TEST(FaultOptions, RefuseWithServerBusyAndRedirectWithUseAnotherServer) {
    EXPECT_EQ(given({"--refuse=5"}).options.refuse_code, ReasonCode::ServerBusy);
    const FaultOptions all = given({"--redirect=[2001:DB8::1]:1883"}).options;
    EXPECT_EQ(all.refuse_code, ReasonCode::UseAnotherServer);
    EXPECT_EQ(all.refuse_percent, 100U);
    EXPECT_EQ(all.redirect, "[2001:db8::1]:1883");
    const FaultOptions half =
        given({"--redirect=other:1884", "--refuse=50%", "--refuse-code=157"}).options;
    EXPECT_EQ(half.refuse_code, ReasonCode::ServerMoved);
    EXPECT_EQ(half.refuse_percent, 50U);
}

TEST(FaultOptions, NameTheFlagThatIsWrong) {
    const std::vector<std::vector<const char*>> cases = {
        {"--refuse", "101%"},
        {"--refuse", "x"},
        {"--refuse-code", "0x89"},
        {"--refuse-code", "0x00", "--refuse=1%"},
        {"--refuse-code", "0x92", "--refuse=1%"},  // no code of a CONNACK
        {"--refuse-code", "0x189", "--refuse=1%"},
        {"--refuse-code", "0x", "--refuse=1%"},
        {"--refuse-code", "0x89", "--redirect=h:1"},
        {"--redirect", "host"},
        {"--redirect", ":1883"},
        {"--garbage-after", "1"},
        {"--stall", "every=20s"},
        {"--stall", "every=1s,for=1s"},
        {"--stall", "every=1s,for=2"},
        {"--stall", "every=1s,often=2s"},
        {"--stall", "every"},
        {"--stall", "every=0s,for=1s"},
        {"--lose", "5%"},
        {"--duplicate", "1/0"},
        {"--reorder", "2/3"},
        {"--slow-read", "fast"},
    };
    for (const auto& words : cases) {
        EXPECT_NE(given(words).wrong.find(words[0]), std::string::npos)
            << words[0] << " " << words[1] << ": " << given(words).wrong;
    }
}

}  // namespace
}  // namespace jumpgate::broker
