#include "core/route/covers.h"

#include <gtest/gtest.h>

#include "core/base/rng.h"
#include "tests/route/matches.h"

namespace jumpgate {
namespace {

TEST(CoversText, KnowsWhatAsksForLess) {
    const struct {
        TextMatch all, some;
    } kCases[] = {
        {{}, {}},
        {{}, exact("a")},
        {prefix("meter-"), exact("meter-1")},
        {prefix("meter-"), prefix("meter-eu-")},
        {prefix("meter-"), glob("meter-*-eu")},
        {prefix("meter-"), glob("meter-?")},
        {prefix("meter-"), regex("^meter-[0-9]+$")},
        {prefix("mete"), regex("^meter?-")},
        {prefix("m"), regex("^m\xc3\xa9*")},
        {glob("*"), {}},
        {glob("**"), prefix("a")},
        {glob("*"), regex("x|y")},
        {glob("a*"), prefix("ab")},
        {glob("a*"), glob("a?c*")},
        {glob("*-eu"), glob("meter-*-eu")},
        {glob("a*"), regex("^ab+")},
        {glob("a?"), exact("ab")},
        {glob("a?"), glob("a?")},
        {regex(".*"), {}},
        {regex("[0-9]"), exact("a1")},
        {regex("[0-9]"), regex("[0-9]")},
    };
    for (const auto& c : kCases)
        EXPECT_TRUE(covers(c.all, c.some)) << c.all.pattern() << " " << c.some.pattern();
}

TEST(CoversText, IsNotSureOfTheRest) {
    const struct {
        TextMatch all, some;
    } kCases[] = {
        {exact("a"), {}},
        {exact(""), {}},
        {exact("ab"), prefix("ab")},
        {prefix("ab"), prefix("a")},
        {prefix("meter-"), glob("*meter-")},
        {prefix("meter-"), glob("\\meter-*")},
        {prefix("meter"), regex("^meter?")},
        {prefix("m\xc3\xa9"), regex("^m\xc3\xa9?")},
        {prefix("a"), regex("^a|b")},
        {prefix("a"), regex("a")},
        {prefix("a"), regex("(?i)^a")},
        {prefix("d"), regex("^\\d")},
        {glob("a?"), glob("a*")},
        {glob("*-eu"), prefix("meter-")},
        {glob("a\\*"), glob("a*")},
        {glob("a*b"), regex("^a")},
        {regex("^a"), prefix("a")},
        {regex("x"), {}},
    };
    for (const auto& c : kCases)
        EXPECT_FALSE(covers(c.all, c.some)) << c.all.pattern() << " " << c.some.pattern();
}

RouteMatch any_but(void (*narrow)(RouteMatch&)) {
    RouteMatch match;
    narrow(match);
    return match;
}

TEST(Covers, ComparesEachCondition) {
    const struct {
        void (*all)(RouteMatch&);
        void (*some)(RouteMatch&);
        bool covers;
    } kCases[] = {
        {[](RouteMatch&) {}, [](RouteMatch& m) { m.server_port = 1; }, true},
        {[](RouteMatch& m) { m.server_port = 1; }, [](RouteMatch&) {}, false},
        {[](RouteMatch& m) { m.server_port = 1; }, [](RouteMatch& m) { m.server_port = 2; }, false},
        {[](RouteMatch& m) {
             m.levels = {3, 4, 5};
         },
         [](RouteMatch&) {}, true},
        {[](RouteMatch& m) {
             m.levels = {4, 5};
         },
         [](RouteMatch& m) { m.levels = {5}; }, true},
        {[](RouteMatch& m) {
             m.levels = {4, 5};
         },
         [](RouteMatch&) {}, false},
        {[](RouteMatch& m) {
             m.levels = {3, 4, 5};
             m.protocol = Protocol::Http;
         },
         [](RouteMatch& m) { m.protocol = Protocol::Http; }, false},
        {[](RouteMatch&) {}, [](RouteMatch& m) { m.protocol = Protocol::Http; }, false},
        {[](RouteMatch& m) { m.remote_addr = cidr("10.0.0.0/8"); },
         [](RouteMatch& m) { m.remote_addr = cidr("10.1.0.0/16"); }, true},
        {[](RouteMatch& m) { m.remote_addr = cidr("10.0.0.0/8"); },
         [](RouteMatch& m) { m.remote_addr = cidr("11.1.0.0/16"); }, false},
        {[](RouteMatch& m) { m.server_addr = cidr("::/0"); },
         [](RouteMatch& m) { m.server_addr = cidr("10.0.0.0/8"); }, false},
        {[](RouteMatch& m) { m.server_addr = cidr("0.0.0.0/0"); }, [](RouteMatch&) {}, false},
        {[](RouteMatch& m) { m.snis = {"*"}; }, [](RouteMatch&) {}, false},
        {[](RouteMatch& m) { m.snis = {"*.example"}; },
         [](RouteMatch& m) {
             m.snis = {"a.EXAMPLE", "*.b.example"};
         },
         true},
        {[](RouteMatch& m) { m.snis = {"*.example"}; },
         [](RouteMatch& m) {
             m.snis = {"a.example", "b.other"};
         },
         false},
        {[](RouteMatch& m) { m.snis = {"*.b.example"}; },
         [](RouteMatch& m) { m.snis = {"*.example"}; }, false},
    };
    for (const auto& c : kCases) {
        const RouteMatch all = any_but(c.all), some = any_but(c.some);
        EXPECT_EQ(covers(all, some), c.covers) << all.text() << " over " << some.text();
    }
}

// Over an alphabet so small that patterns meet: what it is sure of is so for every text.
TEST(CoversText, HoldsForEveryTextItIsSureOf) {
    Rng rng(26);
    const auto word = [&rng](std::string_view letters, size_t max) {
        std::string text;
        for (size_t left = rng.next() % (max + 1); left > 0; --left)
            text += letters[rng.next() % letters.size()];
        return text;
    };
    const auto any_pattern = [&] {
        switch (rng.next() % 4) {
            case 0:
                return exact(word("ab", 3));
            case 1:
                return prefix(word("ab", 3));
            case 2:
                return glob(word("ab*?", 5));
            default:
                return regex("^" + word("ab", 3) + (rng.next() % 2 ? "*" : "") + word("ab", 2));
        }
    };
    std::vector<std::string> texts;
    for (int i = 0; i < 64; ++i) texts.push_back(word("ab", 6));
    size_t sure = 0;
    for (int i = 0; i < 20'000; ++i) {
        const TextMatch all = any_pattern(), some = any_pattern();
        if (!covers(all, some)) continue;
        ++sure;
        for (const std::string& text : texts)
            ASSERT_LE(some.matches(text), all.matches(text))
                << all.pattern() << " over " << some.pattern() << " for " << text;
    }
    EXPECT_GT(sure, 1'000U);
}

TEST(IsElusive, TellsWhatMustBeComparedWithOthers) {
    EXPECT_FALSE(is_elusive({}));
    EXPECT_FALSE(is_elusive(any_but([](RouteMatch& m) { m.client_id = prefix("a"); })));
    EXPECT_TRUE(is_elusive(any_but([](RouteMatch& m) { m.username = glob("a*"); })));
    EXPECT_TRUE(is_elusive(any_but([](RouteMatch& m) { m.cert_cn = regex("a"); })));
    EXPECT_TRUE(is_elusive(any_but([](RouteMatch& m) { m.levels = {5, 4, 3}; })));
}

}  // namespace
}  // namespace jumpgate
