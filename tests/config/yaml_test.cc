#include "core/config/yaml.h"

#include <gtest/gtest.h>

#include <string>

#include "core/base/rng.h"
#include "core/config/document.h"
#include "tests/config/documents.h"

namespace jumpgate {

static std::string as_json(std::string_view yaml) { return to_json(value_of(yaml)); }

// The complaint about `yaml`, or "none".
static std::string complaint(std::string_view yaml) {
    const auto read = read_yaml(yaml, "f");
    const Complaint* complaint = std::get_if<Complaint>(&read);
    return complaint == nullptr ? "none" : text(*complaint);
}

static std::string repeated(std::string_view part, size_t times) {
    std::string text;
    for (size_t i = 0; i < times; ++i) text += part;
    return text;
}

TEST(ReadYaml, MeansWhatTheCoreSchemaSays) {
    constexpr struct {
        const char* yaml;
        const char* json;
    } kCases[] = {
        {"~", "null"},
        {"null", "null"},
        {"Null", "null"},
        {"", "null"},
        {"nUll", "\"nUll\""},
        {"true", "true"},
        {"False", "false"},
        {"TRUE", "true"},
        {"yes", "\"yes\""},
        {"on", "\"on\""},
        {"0", "0"},
        {"-12", "-12"},
        {"+12", "12"},
        {"012", "12"},
        {"0x1F", "31"},
        {"0o17", "15"},
        {"0x", "\"0x\""},
        {"0o8", "\"0o8\""},
        {"+0x1F", "\"+0x1F\""},
        {"-0x1F", "\"-0x1F\""},
        {"1_000", "\"1_000\""},
        {"1e3", "1000.0"},
        {"-.5", "-0.5"},
        {"1.", "1.0"},
        {".", "\".\""},
        {"-", "[null]"},
        {"+-1", "\"+-1\""},
        {"--1", "\"--1\""},
        {"1.5.5", "\"1.5.5\""},
        {"e3", "\"e3\""},
        {"9223372036854775807", "9223372036854775807"},
        {"9223372036854775808", "9.223372036854776e+18"},
        {"127.0.0.1", "\"127.0.0.1\""},
        {"2025-01-12", "\"2025-01-12\""},
        {".inf", "null"},
        {"'1'", "\"1\""},
        {"\"true\"", "\"true\""},
        {"|\n 1", "\"1\\n\""},
        {"${{PORT}}", "\"${{PORT}}\""},
    };
    for (const auto& c : kCases) EXPECT_EQ(as_json(c.yaml), c.json) << c.yaml;
}

TEST(ReadYaml, ReadsBlockAndFlowStyles) {
    EXPECT_EQ(
        as_json("a:\n  - b: 1 # comment\n    c: [x, 'y', \"z\"]\n  - {d: ~}\ne: |\n  l1\n  l2\n"),
        R"({"a":[{"b":1,"c":["x","y","z"]},{"d":null}],"e":"l1\nl2\n"})");
}

TEST(ReadYaml, TakesTheEndMarkOfApisixForAComment) {
    EXPECT_EQ(as_json("a: 1\n#END\n"), "{\"a\":1}");
}

TEST(ReadYaml, KnowsWhereEachPartStands) {
    const Value value = value_of("a:\n  b: [1,\n    {c: x}]\nd:\n");
    const Value& list = *value.find("a")->find("b");
    EXPECT_EQ(list.mark, (Mark{2, 6}));
    EXPECT_EQ(list.items[0].mark, (Mark{2, 7}));
    EXPECT_EQ(list.items[1].members[0].mark, (Mark{3, 6}));
    EXPECT_EQ(list.items[1].find("c")->mark, (Mark{3, 9}));
    EXPECT_EQ(value.find("d")->mark, (Mark{4, 1}));  // not written: where its key is
}

TEST(ReadYaml, CopiesAnchorsWithTheirMarks) {
    const Value value = value_of("a: &n [1, &m x]\nb: *n\nc: *m\n");
    EXPECT_EQ(to_json(value), R"({"a":[1,"x"],"b":[1,"x"],"c":"x"})");
    EXPECT_EQ(value.find("b")->mark, (Mark{1, 7}));
}

TEST(ReadYaml, SaysWhereTheSyntaxBreaks) {
    constexpr struct {
        const char* yaml;
        const char* complaint;
    } kCases[] = {
        {"a: [1\nb: 2\n", "f:3:1: is no YAML: flow sequence without a closing bracket"},
        {"a:\n\tb: 1\n", "f:2:1: is no YAML: tab character may not be used as indentation"},
        {"a: b: c\n", "f:1:5: is no YAML: invalid nested block mapping on the same line"},
        {"a: \"x\n", "f:1:5: is no YAML: "},
        {"a: 'x\n", "f:1:5: is no YAML: "},
        {"a: }\n", "f:1:4: is no YAML: "},
        {"a: @x\n", "f:1:4: is no YAML: "},
    };
    for (const auto& c : kCases)
        EXPECT_EQ(complaint(c.yaml).find(c.complaint), 0U) << complaint(c.yaml);
}

TEST(ReadYaml, RefusesWhatHidesASlip) {
    constexpr struct {
        const char* yaml;
        const char* complaint;
    } kCases[] = {
        {"a: 1\nb: {c: 1, c: 2}", "f:2:11: b: \"c\" stands twice; allowed: each key once"},
        {"a: 1\n'a': 2", "f:2:1: \"a\" stands twice; allowed: each key once"},
        {"a: !!int 3", "a: has the tag \"tag:yaml.org,2002:int\"; allowed: values without tags"},
        {"a: !x 3", "a: has the tag \"!x\"; allowed: values without tags"},
        {"a: ! 3", "a: has the tag \"!\"; allowed: values without tags"},
        {"%YAML 1.2\n---\na: 1", "f:1:1: begins a directive; allowed: lines without % in front"},
        {"a: 1\n---\nb: 1", "f:2:1: begins a second document; allowed: one in each file"},
        {"? [x]\n: 1", "f:1:3: is a list or map as a key; allowed: text"},
        {"a: &x 1\n*x : 1", "f:2:1: is an alias as a key; allowed: text"},
        {"&x a: 1", "f:1:4: is a key with an anchor; allowed: text"},
        {"a: *x", "f:1:4: a: the alias \"x\" has no anchor before it"},
        {"a: &x [*x]", "f:1:8: a[0]: the alias \"x\" has no anchor before it"},
        {"a: \xc3(", "f:1:4: is not UTF-8; allowed: text in UTF-8"},
    };
    for (const auto& c : kCases)
        EXPECT_NE(complaint(c.yaml).find(c.complaint), std::string::npos) << complaint(c.yaml);
}

// libfyaml 0.7.12 gives memory that nobody wrote as the end of such a text.
TEST(ReadYaml, RefusesABlockThatIsNotIndented) {
    EXPECT_NE(complaint("l:\n- a: |\n  x\n      y\n    z\nb: 1\n").find("cannot be read for sure"),
              std::string::npos);
}

TEST(ReadYaml, ReadsCertificatesAsTheyAreWritten) {
    std::string pem = "-----BEGIN CERTIFICATE-----\n";
    std::string yaml = "ssls:\n- cert: |\n    " + pem;
    for (int i = 0; i < 20; ++i) {
        const std::string line(64, static_cast<char>('A' + i));
        pem += line + "\n";
        yaml += "    " + line + "\n";
    }
    EXPECT_EQ(value_of(yaml + "  key: k\n").find("ssls")->items[0].find("cert")->text, pem);
}

// Each of these took seconds to forever before it was bounded.
TEST(ReadYaml, BoundsBombs) {
    std::string laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 10; ++i) {
        const std::string before = "*a" + std::to_string(i - 1);
        const std::string name = "a" + std::to_string(i);
        laughs += name + ": &" + name + " [" + repeated(before + ", ", 9) + before + "]\n";
    }
    std::string keys;
    for (int i = 0; i < 60'000; ++i) keys += "k" + std::to_string(i) + ": 1\n";
    const std::string text_bomb =
        "a: &a \"" + std::string(1'000'000, 'x') + "\"\nb: [" + repeated("*a, ", 1'000) + "*a]\n";
    const struct {
        std::string yaml;
        const char* complaint;
    } cases[] = {
        {laughs, "is one value too many"},
        {text_bomb, "is too much text"},
        {keys, "is one member too many"},
        {repeated("[", 100'000), "is nested too deep"},
        {repeated("- ", 500'000), "is nested too deep"},
        {repeated("{a: ", 100'000), "is nested too deep"},
        {"[" + repeated("1,", 300'000) + "1]", "is one value too many"},
        {repeated("a: &a\n", 100'000), "stands twice"},
        {std::string(1'000'000, '%'), "begins a directive"},
        {"!<" + std::string(1'000'000, 'a'), "is in a very long tag"},
        {"[!<" + std::string(1'000'000, 'a'), "is in a very long tag"},
        {"a: >\n" + std::string(1'000'000, '\n') + " b", "is in a very long run of white space"},
        {"-" + std::string(1'000'000, ' ') + "a", "is in a very long run of white space"},
        {std::string(kDocumentBytesMax + 1, 'a'), "is 4194305 bytes long"},
    };
    for (const auto& c : cases)
        EXPECT_NE(complaint(c.yaml).find(c.complaint), std::string::npos) << complaint(c.yaml);
}

TEST(ReadYaml, ReadsAMegabyteOfWhatIsInOrder) {
    std::string yaml = "list:\n";
    while (yaml.size() < 1U << 20U)
        yaml += "- {host: broker-with-a-name.example.com, port: 1883}\n";
    EXPECT_EQ(value_of(yaml).find("list")->items.size(), 19'785U);
    EXPECT_EQ(as_json(repeated("a", 1'000'000)).size(), 1'000'002U);
}

TEST(ReadYaml, AnswersAnyBytes) {
    constexpr std::string_view kPieces[] = {
        "a", "b",    ": ", "- ", "\n", "\n  ", "[", "]", "{", "}",    ", ", "&x", "*x", "\"",
        "'", "|\n ", "# ", "? ", "!t", "---",  "%", "1", "~", "\xff", "\t", "\r", "<<"};
    Rng rng(7);
    size_t trees = 0;
    for (int round = 0; round < 20'000; ++round) {
        std::string yaml;
        for (uint64_t left = rng.below(24); left > 0; --left)
            yaml += kPieces[rng.below(std::size(kPieces))];
        const auto read = read_yaml(yaml, "f");
        trees += std::holds_alternative<Value>(read) ? 1U : 0U;
    }
    EXPECT_GT(trees, 500U);  // it is not all noise
}

}  // namespace jumpgate
