#include "core/config/environment.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "tests/config/documents.h"

namespace jumpgate {

struct Substituted {
    std::string json;
    std::string complaints;
};

static Substituted substituted(std::string_view yaml) {
    static const std::map<std::string, std::string> kVariables = {
        {"HOST", "b1"},   {"PORT", "1883"}, {"ON", "true"},        {"EMPTY", ""},
        {"ZIP", "00123"}, {"HALF", "0.5"},  {"SELF", "${{SELF}}"}, {"NULL", "null"},
    };
    const Variable variable = [](const std::string& name) -> std::optional<std::string> {
        const auto found = kVariables.find(name);
        if (found == kVariables.end()) return std::nullopt;
        return found->second;
    };
    Value value = value_of(yaml);
    const std::vector<Complaint> complaints = substitute_variables(value, "f", variable);
    return {to_json(value), joined(lines(complaints))};
}

TEST(SubstituteVariables, PutsInValuesAndKeys) {
    constexpr struct {
        const char* yaml;
        const char* json;
    } kCases[] = {
        {"a: ${{HOST}}", R"({"a":"b1"})"},
        {"a: ${{ HOST }}", R"({"a":"b1"})"},
        {"a: ${{PORT}}", R"({"a":1883})"},
        {"a: \"${{PORT}}\"", R"({"a":1883})"},
        {"a: ${{ON}}", R"({"a":true})"},
        {"a: ${{HALF}}", R"({"a":0.5})"},
        {"a: ${{NULL}}", R"({"a":"null"})"},
        {"a: ${{EMPTY}}", R"({"a":""})"},
        {"a: ${{HOST}}:${{PORT}}", R"({"a":"b1:1883"})"},
        {"a: x${{PORT}}", R"({"a":"x1883"})"},
        {"a: ${{NONE:=5}}", R"({"a":5})"},
        {"a: ${{NONE := a b}}", R"({"a":"a b"})"},
        {"a: ${{NONE:=}}", R"({"a":""})"},
        {"a: ${{HOST:=b2}}", R"({"a":"b1"})"},
        {"a: ${{SELF}}", R"({"a":"${{SELF}}"})"},
        {"- [\"${{PORT}}\", {\"${{HOST}}:1883\": 1}]", R"([[1883,{"b1:1883":1}]])"},
        {"a: $HOST ${HOST} {{HOST}}", R"({"a":"$HOST ${HOST} {{HOST}}"})"},
    };
    for (const auto& c : kCases) {
        const Substituted result = substituted(c.yaml);
        EXPECT_EQ(result.complaints, "") << c.yaml;
        EXPECT_EQ(result.json, c.json) << c.yaml;
    }
}

TEST(SubstituteVariables, SaysAllThatIsMissing) {
    EXPECT_EQ(substituted("a: ${{A}}\nb: [x, \"${{B}}\"]\n\"${{C}}\": 1\n").complaints,
              "f:1:4: a: the environment variable A is not set; allowed: set it, or write "
              "${{A:=default}}\n"
              "f:2:8: b[1]: the environment variable B is not set; allowed: set it, or write "
              "${{B:=default}}\n"
              "f:3:1: the environment variable C is not set; allowed: set it, or write "
              "${{C:=default}}");
}

TEST(SubstituteVariables, RefusesWhatIsNoVariable) {
    EXPECT_NE(substituted("a: ${{HOST").complaints.find("has ${{ without }} behind it"),
              std::string::npos);
    EXPECT_NE(substituted("a: ${{A-B}}").complaints.find("\"A-B\" is no name of a variable"),
              std::string::npos);
    EXPECT_NE(substituted("a: ${{}}").complaints.find("is no name of a variable"),
              std::string::npos);
}

TEST(SubstituteVariables, RefusesKeysThatBecomeEqual) {
    EXPECT_EQ(substituted("m: {b1: 1, \"${{HOST}}\": 2}").complaints,
              "f:1:12: m: \"b1\" stands twice; allowed: each key once");
}

TEST(SubstituteVariables, BoundsWhatComesOfIt) {
    const std::string long_text(100'000, 'x');
    const Variable variable = [&](const std::string&) { return long_text; };
    std::string yaml = "a: ";
    for (int i = 0; i < 1'000; ++i) yaml += "${{A}}";
    Value value = value_of(yaml);
    const std::vector<Complaint> complaints = substitute_variables(value, "f", variable);
    EXPECT_EQ(joined(lines(complaints)),
              "f:1:4: a: too much text comes from variables; allowed: 16 MiB in a file");
}

// A password of digits is still text: fields of text take the spelling.
TEST(SubstituteVariables, KeepsTheSpellingOfANumber) {
    Value value = value_of("a: ${{ZIP}}");
    EXPECT_TRUE(
        substitute_variables(value, "f", [](const std::string&) { return "00123"; }).empty());
    EXPECT_EQ(value.find("a")->integer, 123);
    EXPECT_EQ(value.find("a")->text, "00123");
}

TEST(EnvironmentVariable, TellsEmptyFromMissing) {
    setenv("JUMPGATE_TEST_EMPTY", "", 1);
    EXPECT_EQ(environment_variable("JUMPGATE_TEST_EMPTY"), "");
    EXPECT_EQ(environment_variable("JUMPGATE_TEST_MISSING"), std::nullopt);
}

}  // namespace jumpgate
