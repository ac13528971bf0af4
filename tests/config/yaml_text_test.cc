#include "core/config/yaml_text.h"

#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "core/base/rng.h"
#include "core/config/json.h"
#include "core/config/yaml.h"

namespace jumpgate {
namespace {

Value json(const std::string& text) {
    std::variant<Value, Complaint> read = read_json(text, "test");
    EXPECT_TRUE(std::holds_alternative<Value>(read)) << text;
    return std::holds_alternative<Value>(read) ? std::get<Value>(read) : Value();
}

// What is read from the YAML of `value`, as JSON; or the complaint.
std::string there_and_back(const Value& value) {
    const std::string yaml = to_yaml(value);
    std::variant<Value, Complaint> read = read_yaml(yaml, "yaml");
    if (const Complaint* complaint = std::get_if<Complaint>(&read)) return text(*complaint) + yaml;
    return to_json(std::get<Value>(read));
}

void expect_same(const Value& value) { EXPECT_EQ(there_and_back(value), to_json(value)); }

std::string utf8(uint32_t c) {
    if (c < 0x80) return {static_cast<char>(c)};
    const auto tail = [c](unsigned shift) {
        return static_cast<char>(0x80U | ((c >> shift) & 0x3FU));
    };
    if (c < 0x800) return {static_cast<char>(0xC0U | (c >> 6U)), tail(0)};
    if (c < 0x10000) return {static_cast<char>(0xE0U | (c >> 12U)), tail(6), tail(0)};
    return {static_cast<char>(0xF0U | (c >> 18U)), tail(12), tail(6), tail(0)};
}

TEST(ToYaml, IsBlockStyleThatPeopleRead) {
    const char* yaml = R"(upstreams:
  - id: "1"
    name: Hall 7
    type: chash
    nodes:
      "127.0.0.1:1883": 1
      "b:1884": 0
    timeout:
      connect: 0.5
    labels: {}
    list: []
    deep:
      - - 1
        - a
      - null
      - off: true
    cert: |
      -----BEGIN CERTIFICATE-----
      MIIB+/=
      -----END CERTIFICATE-----
    note: |-
      two
      lines
upstreams_conf_version: 7
)";
    std::variant<Value, Complaint> read = read_yaml(yaml, "yaml");
    ASSERT_TRUE(std::holds_alternative<Value>(read)) << text(std::get<Complaint>(read));
    std::string expected(yaml);
    expected.replace(expected.find("off:"), 3, "\"off\"");
    EXPECT_EQ(to_yaml(std::get<Value>(read)), expected);
}

TEST(ToYaml, QuotesWhatWouldBeSomethingElse) {
    struct Case {
        const char* text;
        const char* yaml;
    };
    const Case cases[] = {
        {"", R"("")"},
        {"a", "a"},
        {"/etc/tls/ca.pem", "/etc/tls/ca.pem"},
        {"mqtt.example.com", "mqtt.example.com"},
        {"true", R"("true")"},
        {"No", R"("No")"},
        {"ON", R"("ON")"},
        {"Null", R"("Null")"},
        {"y", R"("y")"},
        {"1", R"("1")"},
        {"1e5", R"("1e5")"},
        {"2026-11-23", R"("2026-11-23")"},
        {".5", R"(".5")"},
        {"~", R"("~")"},
        {"a: b", R"("a: b")"},
        {"a #b", R"("a #b")"},
        {"a ", R"("a ")"},
        {" a", R"(" a")"},
        {"a  b", R"("a \x20b")"},
        {"*.example.com", R"("*.example.com")"},
        {"!tag", R"("\x21tag")"},
        {"---", R"("---")"},
        {"a\n\nb", R"("a\n\nb")"},
        {"a\n b", R"("a\n b")"},
        {"\ta\r", R"("\u0009a\u000d")"},
        {"a\xc2\x85z", R"("a\x85z")"},
        {"\xe2\x80\xa8\xe2\x80\xa9\xef\xbb\xbf", R"("\u2028\u2029\ufeff")"},
        {"K\xc3\xb6ln", "\"K\xc3\xb6ln\""},
    };
    for (const Case& c : cases) {
        EXPECT_EQ(to_yaml(make_text(c.text)), std::string(c.yaml) + "\n");
        expect_same(make_text(c.text));
    }
}

TEST(ToYaml, KeepsNumbers) {
    for (const char* number : {"0", "-7", "9223372036854775807", "-9223372036854775808", "1.0",
                               "-0.25", "1e+20", "1e-07", "0.1", "1.7976931348623157e+308"})
        expect_same(json(number));
}

TEST(ToYaml, KeepsEveryCharacterInTextsAndKeys) {
    for (uint32_t begin = 0; begin < 0x110000; begin += 0x1000) {
        if (begin >= 0xD000 && begin < 0xE000) continue;  // surrogates among them
        Value list = make_list();
        for (uint32_t c = begin; c < begin + 0x1000; ++c)
            list.items.push_back(make_text("a" + utf8(c) + "b " + utf8(c)));
        ASSERT_EQ(there_and_back(list), to_json(list)) << begin;
    }
    for (uint32_t c = 1; c < 0x3000; ++c) {
        Value map = make_map();
        set(map, utf8(c) + "a" + utf8(c), make_text(utf8(c)));
        ASSERT_EQ(there_and_back(map), to_json(map)) << c;
    }
}

TEST(ToYaml, KeepsWhatIsLong) {
    for (const char* run : {" ", "!", "\n", "a", "a ", "a\n", "\t", "\\", "\"", ": ", " #", "%"}) {
        std::string text = "x";
        for (int i = 0; i < 2'000; ++i) text += run;
        Value map = make_map();
        set(map, text, make_text(text));
        set(map, "z", json(R"([{"k":[1]}])"));
        Value deep = make_map();
        set(deep, text, map);
        expect_same(deep);
    }
    Value nested = make_integer(1);
    for (int depth = 0; depth < 63; ++depth) {
        Value outer = depth % 2 == 0 ? make_list() : make_map();
        if (depth % 2 == 0)
            outer.items.push_back(std::move(nested));
        else
            set(outer, "k", std::move(nested));
        nested = std::move(outer);
    }
    expect_same(nested);
}

// YAML 1.2, 7.4.2: other readers take no longer ones without it.
TEST(ToYaml, MarksAKeyThatIsLong) {
    const std::string key(600, 'k');
    Value map = make_map();
    set(map, key, json(R"({"a":1})"));
    Value list = make_list();
    list.items.push_back(map);
    EXPECT_EQ(to_yaml(list), "- ? \"" + key + "\"\n  :\n    a: 1\n");
    expect_same(list);
}

// A tree of what is hard to write, from the seed.
Value random_value(Rng& rng, int depth) {
    static const std::string kPieces[] = {"a", " ",  "\n", "-", ":", "#",       "!", "%",
                                          "'", "\"", "\\", "|", ">", "&",       "*", "?",
                                          "{", "]",  ",",  "~", "1", "\xc2\x85"};
    const auto words = [&rng] {
        std::string text;
        for (uint64_t i = rng.below(6); i > 0; --i) text += kPieces[rng.below(std::size(kPieces))];
        return text;
    };
    const uint64_t kind = rng.below(depth > 4 ? 4 : 6);
    if (kind == 0) return make_integer(static_cast<int64_t>(rng.below(100)) - 50);
    if (kind == 1) return rng.below(2) == 0 ? Value() : make_boolean(rng.below(2) == 0);
    if (kind < 4) return make_text(words());
    Value value = kind == 4 ? make_list() : make_map();
    for (uint64_t i = rng.below(4); i > 0; --i) {
        if (kind == 4)
            value.items.push_back(random_value(rng, depth + 1));
        else
            set(value, words(), random_value(rng, depth + 1));
    }
    return value;
}

TEST(ToYaml, KeepsAnyTree) {
    Rng rng(20261123);
    for (int i = 0; i < 20'000; ++i) {
        const Value value = random_value(rng, 0);
        ASSERT_EQ(there_and_back(value), to_json(value)) << to_yaml(value);
    }
}

}  // namespace
}  // namespace jumpgate
