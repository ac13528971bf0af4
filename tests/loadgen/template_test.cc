#include "loadgen/template.h"

#include <gtest/gtest.h>

namespace jumpgate::load {
namespace {

const TemplateValues kValues{
    .number = 12, .tenant = 7, .role = "pub", .client_id = "me", .username = "joe"};

std::string expanded(std::string_view text) {
    const Parsed<Template> parsed = Template::parse(text, "itrcu");
    std::string out = "before ";
    std::get<Template>(parsed).append_to(out, kValues);
    return out.substr(7);
}

TEST(Template, PutsEachValueInItsPlace) {
    EXPECT_EQ(expanded("tenant%t/%r%i"), "tenant7/pub12");
    EXPECT_EQ(expanded("%c%u%i"), "mejoe12");
    EXPECT_EQ(expanded("plain"), "plain");
    EXPECT_EQ(expanded(""), "");
}

TEST(Template, TwoPercentSignsAreOne) {
    EXPECT_EQ(expanded("100%%i"), "100%i");
    EXPECT_EQ(expanded("%%%i"), "%12");
}

TEST(Template, RefusesWhatItDoesNotKnow) {
    for (const char* text : {"%x", "a%", "%i%", "%%%"}) {
        EXPECT_TRUE(std::holds_alternative<Problem>(Template::parse(text, "itrcu"))) << text;
    }
    const Parsed<Template> parsed = Template::parse("%c", "it");
    EXPECT_EQ(std::get<Problem>(parsed).text,
              "has an unknown placeholder; known here are %i %t and %%");
}

TEST(SettleTemplate, NamesTheFlagAndWhatItWasGiven) {
    Template out;
    EXPECT_EQ(settle_template("topic", "t/%i", "it", out), std::nullopt);
    EXPECT_EQ(out.text(), "t/%i");
    EXPECT_EQ(settle_template("topic", "t/%c", "it", out),
              "--topic: \"t/%c\" has an unknown placeholder; known here are %i %t and %%");
}

TEST(Template, KnowsWhichLettersItHolds) {
    const Template parsed = std::get<Template>(Template::parse("%%t/%i", "it"));
    EXPECT_TRUE(parsed.has('i'));
    EXPECT_FALSE(parsed.has('t'));
}

TEST(Template, PutsWildcardsForTheLevelsThatVary) {
    const auto wildcards = [](std::string_view text, std::string_view letters) {
        return std::get<Template>(Template::parse(text, "cigs")).with_wildcards(letters).text();
    };
    EXPECT_EQ(wildcards("a/%i/x%s", "s"), "a/%i/+");
    EXPECT_EQ(wildcards("%i", "is"), "+");
    EXPECT_EQ(wildcards("%g/%i/", "is"), "%g/+/");
    EXPECT_EQ(wildcards("a/%%i/b", "i"), "a/%%i/b");
    EXPECT_EQ(wildcards("/a", "i"), "/a");
}

}  // namespace
}  // namespace jumpgate::load
