#include "core/config/json.h"

#include <gtest/gtest.h>

#include <string>

#include "core/base/rng.h"
#include "core/config/document.h"

namespace jumpgate {

static std::string complaint(std::string_view json) {
    const auto read = read_json(json, "request");
    const Complaint* complaint = std::get_if<Complaint>(&read);
    return complaint == nullptr ? "none" : text(*complaint);
}

TEST(ReadJson, TellsIntegersFromReals) {
    const auto kind = [](const char* json) { return std::get<Value>(read_json(json, "")).kind; };
    EXPECT_EQ(kind("1"), Value::Kind::Integer);
    EXPECT_EQ(kind("-1"), Value::Kind::Integer);
    EXPECT_EQ(kind("9223372036854775807"), Value::Kind::Integer);
    EXPECT_EQ(kind("9223372036854775808"), Value::Kind::Real);
    EXPECT_EQ(kind("18446744073709551616"), Value::Kind::Real);
    EXPECT_EQ(kind("1.0"), Value::Kind::Real);
    EXPECT_EQ(kind("1e2"), Value::Kind::Real);
}

TEST(ReadJson, KeepsTheOrderOfMembers) {
    EXPECT_EQ(to_json(std::get<Value>(read_json(R"( {"b": [1, {}], "a": {"c": null}} )", ""))),
              R"({"b":[1,{}],"a":{"c":null}})");
}

// "1:2 ": the marks of `value` and of all that is in it, keys before their values.
static std::string marks_of(const Value& value) {
    const auto shown = [](Mark mark) {
        return std::to_string(mark.line) + ":" + std::to_string(mark.column) + " ";
    };
    std::string marks = shown(value.mark);
    for (const Value& item : value.items) marks += marks_of(item);
    for (const Member& member : value.members)
        marks += "key " + shown(member.mark) + marks_of(member.value);
    return marks;
}

TEST(ReadJson, MarksWhereEachValueStands) {
    constexpr struct {
        const char* json;
        const char* marks;
    } kCases[] = {
        {" 12", "1:2 "},
        {"[1,22 ,\t-3.5e1]", "1:1 1:2 1:4 1:9 "},
        {"[[1],[true,null],[]]", "1:1 1:2 1:3 1:6 1:7 1:12 1:18 "},
        {"{\n  \"a\": 1,\r\n\"b\" :{\"c,:]\":\"x\\\"]\"}}",
         "1:1 key 2:3 2:8 key 3:1 3:6 key 3:7 3:14 "},
        {"[\"\u00e9\u20ac\", 7, \"\\u00e9\", {}]", "1:1 1:2 1:8 1:11 1:21 "},
    };
    for (const auto& c : kCases) {
        const auto read = read_json(c.json, "f", JsonMarks::Values);
        ASSERT_TRUE(std::holds_alternative<Value>(read)) << c.json;
        EXPECT_EQ(marks_of(std::get<Value>(read)), c.marks) << c.json;
        EXPECT_EQ(std::get<Value>(read_json(c.json, "f")).mark, Mark{}) << c.json;
    }
}

TEST(ReadJson, SaysTheSamePlaceOfASyntaxErrorWhereItMarksValues) {
    for (const char* json :
         {"[1x", "[1", "1 2", "[\"a\"x", "{\"a\": 1.5\n!", "[true!", "[1,]", "12x"}) {
        const auto read = read_json(json, "request", JsonMarks::Values);
        EXPECT_EQ(text(std::get<Complaint>(read)), complaint(json)) << json;
    }
}

TEST(ReadJson, MarksWhatStandsTwice) {
    const auto read = read_json("{\"a\": 1,\n \"a\": 2}", "f", JsonMarks::Values);
    EXPECT_EQ(text(std::get<Complaint>(read)).substr(0, 6), "f:2:2:");
}

TEST(ReadJson, SaysWhereTheSyntaxBreaks) {
    constexpr struct {
        const char* json;
        const char* complaint;
    } kCases[] = {
        {"", "request:1:1: is no JSON: "},
        {"{", "request:1:2: is no JSON: "},
        {"{\n\"a\": 1,\n}", "request:3:1: is no JSON: "},
        {"[1,]", "request:1:4: is no JSON: "},
        {"{'a': 1}", "request:1:2: is no JSON: "},
        {"[1] x", "request:1:5: is no JSON: "},
        {"nul", "request:1:4: is no JSON: "},
        {"[01]", "request:1:3: is no JSON: "},
        {"\"a\nb\"", "request:1:3: is no JSON: "},
        {"\"\\ud800\"", "request:1:8: is no JSON: "},
        {"[NaN]", "request:1:2: is no JSON: "},
        {"// x\n1", "request:1:1: is no JSON: "},
        {"[1e999]", "is no JSON: "},
    };
    for (const auto& c : kCases) {
        EXPECT_NE(complaint(c.json).find(c.complaint), std::string::npos) << complaint(c.json);
        EXPECT_EQ(complaint(c.json).find('\n'), std::string::npos);
    }
}

TEST(ReadJson, QuotesNothingOfTheText) {
    for (const char* json : {"{\"key\": \"a secret\n\"}", "[a secret]", "{\"a secret\"]",
                             "{\"a\": 1 \"a secret\"}", "\xef\xbb\xbf\xef\xbb\xbf{}"}) {
        const std::string said = complaint(json);
        EXPECT_EQ(said.find("secret"), std::string::npos) << said;
        EXPECT_EQ(said.find('\xef'), std::string::npos) << said;
    }
}

TEST(ReadJson, RefusesDuplicatesAndBytesThatAreNoUtf8) {
    EXPECT_EQ(complaint(R"({"x": [0, {"a": 1, "a": 2}]})"),
              "request: x[1]: \"a\" stands twice; allowed: each key once");
    EXPECT_EQ(complaint("\"a\xff\""), "request:1:3: is not UTF-8; allowed: text in UTF-8");
    EXPECT_EQ(complaint("\"\xed\xa0\x80\""), "request:1:2: is not UTF-8; allowed: text in UTF-8");
}

TEST(ReadJson, BoundsBombs) {
    std::string keys = "{";
    for (int i = 0; i < 20'000; ++i) keys += "\"k" + std::to_string(i) + "\":1,";
    std::string numbers = "[";
    for (int i = 0; i < 300'000; ++i) numbers += "1,";
    const struct {
        std::string json;
        const char* complaint;
    } cases[] = {
        {std::string(1'000'000, '['), "is nested too deep"},
        {keys, "is one member too many"},
        {numbers, "is one value too many"},
        {std::string(kDocumentBytesMax + 1, ' '), "is 4194305 bytes long"},
    };
    for (const auto& c : cases)
        EXPECT_NE(complaint(c.json).find(c.complaint), std::string::npos) << complaint(c.json);
}

TEST(ReadJson, AnswersAnyBytes) {
    constexpr std::string_view kPieces[] = {"{",     "}",  "[",  "]",    ",",  ":",    "\"a\"",
                                            "\"b\"", "1",  "-",  ".5",   "e9", "true", "null",
                                            " ",     "\\", "\"", "\xff", "\n"};
    Rng rng(7);
    size_t trees = 0;
    for (int round = 0; round < 50'000; ++round) {
        std::string json;
        for (uint64_t left = rng.below(12); left > 0; --left)
            json += kPieces[rng.below(std::size(kPieces))];
        const auto read = read_json(json, "f");
        const Value* value = std::get_if<Value>(&read);
        if (value == nullptr) continue;
        ++trees;
        const std::string written = to_json(*value);
        EXPECT_EQ(to_json(std::get<Value>(read_json(written, "f"))), written) << json;
    }
    EXPECT_GT(trees, 500U);
}

}  // namespace jumpgate
