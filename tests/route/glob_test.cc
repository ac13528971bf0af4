#include "core/route/glob.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/base/rng.h"

namespace jumpgate {
namespace {

TEST(GlobMatches, KnowsItsTwoSignsAndTheEscape) {
    struct Case {
        std::string_view pattern, text;
        bool matches;
    };
    const Case cases[] = {
        {"", "", true},
        {"", "a", false},
        {"a", "", false},
        {"meter", "meter", true},
        {"meter", "meter1", false},
        {"meter", "mete", false},
        {"meter", "Meter", false},
        {"*", "", true},
        {"*", "anything", true},
        {"meter-*", "meter-", true},
        {"meter-*", "meter-17", true},
        {"meter-*", "xmeter-17", false},
        {"*-eu", "meter-17-eu", true},
        {"*-eu", "meter-eu-17", false},
        {"*-eu*", "meter-eu-17", true},
        {"a*b*c", "a-b-b-c", true},
        {"a*b*c", "a-c-b", false},
        {"a**c", "ac", true},
        {"?", "", false},
        {"?", "a", true},
        {"?", "ab", false},
        {"de?-???", "dev-123", true},
        {"de?-???", "dev-12", false},
        {"*?", "", false},
        {"*?", "abc", true},
        {"?*?", "a", false},
        {"a\\*b", "a*b", true},
        {"a\\*b", "axb", false},
        {"a\\?", "a?", true},
        {"a\\?", "ab", false},
        {"\\\\", "\\", true},
        {"\\a", "a", true},
        {"*\\*", "many*", true},
        {"*\\*", "many", false},
        {"[ab]", "a", false},  // no sets: TextMatch refuses such a pattern
        {"[ab]", "[ab]", true},
    };
    for (const Case& c : cases)
        EXPECT_EQ(glob_matches(c.pattern, c.text), c.matches) << c.pattern << " on " << c.text;
}

TEST(GlobMatches, TakesCharactersOfUtf8Whole) {
    EXPECT_TRUE(glob_matches("?", "é"));
    EXPECT_TRUE(glob_matches("?", "€"));
    EXPECT_TRUE(glob_matches("?", "🚰"));
    EXPECT_FALSE(glob_matches("??", "€"));
    EXPECT_FALSE(glob_matches("*??", "€"));  // '*' may not stop within a character
    EXPECT_TRUE(glob_matches("*€", "10 €"));
    EXPECT_TRUE(glob_matches("z?hler", "zähler"));
    EXPECT_TRUE(glob_matches("\\€?", "€x"));
    // What is no UTF-8 counts byte by byte.
    EXPECT_TRUE(glob_matches("???", "\xe2\x82x"));
    EXPECT_TRUE(glob_matches("??", "\xc0\x80"));
    EXPECT_TRUE(glob_matches("?", "\xff"));
    EXPECT_TRUE(glob_matches("a?b", std::string_view("a\0b", 3)));
}

// The definition, as a table over all prefixes of both.
bool by_definition(const std::string& pattern, const std::string& text) {
    std::vector<std::vector<bool>> match(pattern.size() + 1,
                                         std::vector<bool>(text.size() + 1, false));
    match[0][0] = true;
    for (size_t p = 1; p <= pattern.size(); ++p) {
        for (size_t t = 0; t <= text.size(); ++t) {
            if (pattern[p - 1] == '*') {
                match[p][t] = match[p - 1][t] || (t > 0 && match[p][t - 1]);
            } else if (t > 0 && (pattern[p - 1] == '?' || pattern[p - 1] == text[t - 1])) {
                match[p][t] = match[p - 1][t - 1];
            }
        }
    }
    return match[pattern.size()][text.size()];
}

TEST(GlobMatches, AgreesWithItsDefinitionOnSmallAlphabets) {
    Rng rng(21);
    int matched = 0;
    for (int i = 0; i < 100'000; ++i) {
        std::string pattern, text;
        for (uint64_t n = rng.below(8); n > 0; --n) pattern += "ab*?"[rng.below(4)];
        for (uint64_t n = rng.below(9); n > 0; --n) text += "ab"[rng.below(2)];
        const bool expected = by_definition(pattern, text);
        ASSERT_EQ(glob_matches(pattern, text), expected) << pattern << " on " << text;
        matched += expected;
    }
    EXPECT_GT(matched, 10'000);
    EXPECT_LT(matched, 90'000);
}

TEST(GlobMatches, TakesFewStepsWhereBacktrackingWouldTakeForever) {
    const std::string text(65'535, 'a');
    std::string stars;
    for (int i = 0; i < 340; ++i) stars += "a*a";  // recursion would try some 10^1000 ways
    uint64_t steps = 0;
    EXPECT_FALSE(glob_matches(stars + "b", text, &steps));
    EXPECT_LE(steps, 4 * text.size());  // the longest run between two stars has 2 characters
    steps = 0;
    EXPECT_FALSE(glob_matches("*aaaaaaab", text, &steps));
    EXPECT_LE(steps, 9 * text.size());
}

TEST(GlobLiterals, CountsCharactersThatStandForThemselves) {
    EXPECT_EQ(glob_literals("*"), 0u);
    EXPECT_EQ(glob_literals("meter-*"), 6u);
    EXPECT_EQ(glob_literals("a\\*?"), 2u);
    EXPECT_EQ(glob_literals("€€*"), 2u);
}

}  // namespace
}  // namespace jumpgate
