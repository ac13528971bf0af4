#include "core/route/text_match.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/route/matches.h"

namespace jumpgate {
namespace {

using Kind = TextMatch::Kind;

std::string problem(Kind kind, std::string_view pattern) {
    Parsed<TextMatch> made = TextMatch::make(kind, pattern);
    const Problem* found = std::get_if<Problem>(&made);
    return found == nullptr ? "" : found->text;
}

TEST(TextMatch, MatchesByItsKind) {
    struct Case {
        Kind kind;
        std::string_view pattern, text;
        bool matches;
    };
    const Case cases[] = {
        {Kind::Any, "", "whatever", true},
        {Kind::Any, "", "", true},
        {Kind::Exact, "meter-1", "meter-1", true},
        {Kind::Exact, "meter-1", "meter-12", false},
        {Kind::Exact, "meter-1", "METER-1", false},
        {Kind::Exact, "", "", true},
        {Kind::Exact, "", "a", false},
        {Kind::Exact, "a*", "ab", false},
        {Kind::Prefix, "meter-", "meter-1", true},
        {Kind::Prefix, "meter-", "meter", false},
        {Kind::Prefix, "meter-", "Meter-1", false},
        {Kind::Glob, "meter-*-eu", "meter-1-eu", true},
        {Kind::Glob, "meter-*-eu", "meter-1-us", false},
        {Kind::Regex, "^meter-[0-9]+$", "meter-17", true},
        {Kind::Regex, "^meter-[0-9]+$", "meter-x", false},
        {Kind::Regex, "meter", "a meter long", true},  // not anchored
        {Kind::Regex, "(?i)METER", "meter", true},
        {Kind::Regex, "^z.hler$", "zähler", true},  // a character, not a byte
        {Kind::Regex, "^.$", "\xff", false},        // no character at all
    };
    for (const Case& c : cases) {
        EXPECT_EQ(pattern(c.kind, c.pattern).matches(c.text), c.matches)
            << text(c.kind) << " " << c.pattern << " on " << c.text;
    }
    EXPECT_TRUE(TextMatch().matches("anything"));
}

TEST(TextMatch, SaysWhatIsWrongWithAPattern) {
    EXPECT_EQ(problem(Kind::Regex, "meter-("),
              "is no regular expression of RE2: missing ): meter-(");
    EXPECT_EQ(problem(Kind::Regex, "a**"),
              "is no regular expression of RE2: bad repetition operator: **");
    EXPECT_NE(problem(Kind::Regex, "(a)\\1"), "");  // back references are not linear
    EXPECT_NE(problem(Kind::Regex, "(?=a)"), "");
    EXPECT_NE(problem(Kind::Glob, "meter\\"), "");
    EXPECT_EQ(problem(Kind::Glob, "meter\\\\"), "");
    EXPECT_EQ(problem(Kind::Exact, "meter\\"), "");
    EXPECT_EQ(problem(Kind::Prefix, std::string(1'024, 'a')), "");
    EXPECT_EQ(problem(Kind::Prefix, std::string(1'025, 'a')),
              "is 1025 bytes long; allowed: up to 1024");
}

TEST(TextMatch, RefusesExpressionsThatNeedMoreThanTheirMemory) {
    EXPECT_NE(problem(Kind::Regex, "((a{100}){100}){100}"), "");
    EXPECT_NE(problem(Kind::Regex, "(\\pL{1000}){2}"), "");
}

// Linear: what a backtracking engine needs 2^65,535 steps for comes back at all.
TEST(TextMatch, MatchesHostileTextsOfTheLargestSize) {
    const std::string text(65'535, 'a');
    EXPECT_FALSE(pattern(Kind::Regex, "^(a+)+$").matches(text + "b"));
    EXPECT_FALSE(pattern(Kind::Regex, "^(a|aa)+$").matches(text + "b"));
    EXPECT_FALSE(pattern(Kind::Regex, "^(a?){64}a{64}b").matches(text));
    EXPECT_FALSE(pattern(Kind::Regex, "(.*)(.*)(.*)(.*)(.*)b$").matches(text));
    // More states than fit: RE2 goes on without its cache of them.
    EXPECT_FALSE(pattern(Kind::Regex, "[ab]*a[ab]{200}c").matches(text));
}

TEST(TextMatch, KeepsItsExpressionInCopies) {
    TextMatch copy;
    {
        const TextMatch original = pattern(Kind::Regex, "^m[0-9]$");
        copy = original;
    }
    EXPECT_TRUE(copy.matches("m1"));
    const TextMatch moved = std::move(copy);
    EXPECT_FALSE(moved.matches("m"));
    EXPECT_EQ(moved.pattern(), "^m[0-9]$");
    EXPECT_EQ(moved.kind(), Kind::Regex);
}

TEST(TextMatch, RefusesAGlobThatAShellWouldReadOtherwise) {
    for (const char* glob : {"[", "m[ab]", "\\\\[a]", "g-*-[ab]?"}) {
        const auto made = TextMatch::make(Kind::Glob, glob);
        const Problem* problem = std::get_if<Problem>(&made);
        ASSERT_NE(problem, nullptr) << glob;
        EXPECT_NE(problem->text.find("write '\\[' for the character"), std::string::npos);
    }
    EXPECT_TRUE(pattern(Kind::Glob, "m\\[*]").matches("m[7]"));
    EXPECT_TRUE(pattern(Kind::Prefix, "m[").matches("m[7]"));
}

TEST(TextMatch, SpecificityGoesByKindThenByLiteralCharacters) {
    const TextMatch rising[] = {
        TextMatch(),
        pattern(Kind::Regex, ".*"),
        pattern(Kind::Regex, "^\\d+$"),
        pattern(Kind::Regex, "^m\\d+$"),
        pattern(Kind::Glob, "*"),
        pattern(Kind::Glob, "m*"),
        pattern(Kind::Glob, "m*-eu"),
        pattern(Kind::Prefix, ""),
        pattern(Kind::Prefix, "m"),
        pattern(Kind::Prefix, "meter-"),
        pattern(Kind::Exact, ""),
        pattern(Kind::Exact, "m"),
    };
    for (size_t i = 1; i < std::size(rising); ++i) {
        const uint32_t before = rising[i - 1].specificity();
        if (rising[i].kind() == Kind::Regex && rising[i - 1].kind() == Kind::Regex) {
            EXPECT_EQ(before, rising[i].specificity()) << "their priority decides";
        } else {
            EXPECT_LT(before, rising[i].specificity()) << rising[i].pattern();
        }
    }
}

}  // namespace
}  // namespace jumpgate
