#include "core/config/value.h"

#include <gtest/gtest.h>

#include <limits>

#include "core/config/json.h"

namespace jumpgate {

static Value json(std::string_view text) { return std::get<Value>(read_json(text, "")); }

TEST(ToJson, WritesWhatReadJsonReads) {
    for (const char* text :
         {"null", "true", "false", "0", "-9223372036854775808", "9223372036854775807", "1.5",
          "1e+300", "\"\"", "\"a\\nb\\\"\\\\ \\u0000\\u001f\\u007f\"", "[]", "{}",
          "[1,[2,{}],\"\"]", "{\"b\":1,\"a\":{\"c\":[null]}}", "\"\xc3\xa9\xe2\x82\xac\""})
        EXPECT_EQ(to_json(json(text)), text);
}

TEST(ToJson, NeverMakesAnIntegerOfAReal) { EXPECT_EQ(to_json(json("2.0")), "2.0"); }

// RFC 8259 section 8.1: JSON is UTF-8, whatever a URL or a client id held.
TEST(ToJson, ReplacesBytesThatAreNoUtf8) {
    Value value;
    value.kind = Value::Kind::Map;
    set(value, "k\xff", make_text("a\xc3\xa9\xe2\x82"));
    EXPECT_EQ(to_json(value), "{\"k\xef\xbf\xbd\":\"a\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\"}");
    EXPECT_TRUE(std::holds_alternative<Value>(read_json(to_json(value), "")));
}

TEST(ToJson, WritesNullForWhatJsonCannotSay) {
    Value value;
    value.kind = Value::Kind::Real;
    value.real = std::numeric_limits<double>::infinity();
    EXPECT_EQ(to_json(value), "null");
}

TEST(Value, FindsAndSetsMembers) {
    Value map = json(R"({"a": 1, "b": 2})");
    EXPECT_EQ(map.find("b")->integer, 2);
    EXPECT_EQ(map.find("c"), nullptr);
    EXPECT_EQ(json("[1]").find("a"), nullptr);
    set(map, "a", make_text("new"));
    set(map, "c", make_integer(3));
    EXPECT_EQ(to_json(map), R"({"a":"new","b":2,"c":3})");
}

// RFC 7396, appendix A.
TEST(MergePatch, PassesTheExamplesOfItsRfc) {
    constexpr struct {
        const char* target;
        const char* patch;
        const char* result;
    } kExamples[] = {
        {R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})"},
        {R"({"a":"b"})", R"({"b":"c"})", R"({"a":"b","b":"c"})"},
        {R"({"a":"b"})", R"({"a":null})", R"({})"},
        {R"({"a":"b","b":"c"})", R"({"a":null})", R"({"b":"c"})"},
        {R"({"a":["b"]})", R"({"a":"c"})", R"({"a":"c"})"},
        {R"({"a":"c"})", R"({"a":["b"]})", R"({"a":["b"]})"},
        {R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})", R"({"a":{"b":"d"}})"},
        {R"({"a":[{"b":"c"}]})", R"({"a":[1]})", R"({"a":[1]})"},
        {R"(["a","b"])", R"(["c","d"])", R"(["c","d"])"},
        {R"({"a":"b"})", R"(["c"])", R"(["c"])"},
        {R"({"a":"foo"})", R"(null)", R"(null)"},
        {R"({"a":"foo"})", R"("bar")", R"("bar")"},
        {R"({"e":null})", R"({"a":1})", R"({"e":null,"a":1})"},
        {R"([1,2])", R"({"a":"b","c":null})", R"({"a":"b"})"},
        {R"({})", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})"},
    };
    for (const auto& example : kExamples) {
        Value target = json(example.target);
        merge_patch(target, json(example.patch));
        EXPECT_EQ(to_json(target), example.result) << example.target << " + " << example.patch;
    }
}

TEST(Complaint, IsOneLineThatSaysWhereWhatAndWhatIsAllowed) {
    EXPECT_EQ(text({"f.yaml", {8, 5}, "a[0].b", "is unknown", "c"}),
              "f.yaml:8:5: a[0].b: is unknown; allowed: c");
    EXPECT_EQ(text({"f.yaml", {}, "", "is empty", ""}), "f.yaml: is empty");
    EXPECT_EQ(text({"", {}, "a", "is empty", ""}), "a: is empty");
    EXPECT_EQ(text({"", {2, 1}, "a", "is empty", ""}), "2:1: a: is empty");
}

}  // namespace jumpgate
