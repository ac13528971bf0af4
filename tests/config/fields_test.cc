#include "core/config/fields.h"

#include <gtest/gtest.h>

#include "tests/config/documents.h"

namespace jumpgate {

namespace {

struct Inner {
    uint32_t depth = 1;
};

struct Outer {
    uint32_t count = 0;
    std::string name;
    Inner inner;
};

const Fields<Outer>& fields() {
    static const Fields<Inner> kInner = [] {
        Fields<Inner> fields;
        fields.add("depth", shape::integer<uint32_t>(0, 9), &Inner::depth, "1", "How deep.");
        return fields;
    }();
    static const Fields<Outer> kFields = [] {
        Fields<Outer> fields;
        fields.add("count", shape::integer<uint32_t>(0, 9), &Outer::count, "0", "How many.")
            .required = true;
        fields.add(
            "name", shape::text(1, 5),
            [](Outer& outer, std::string text) { outer.name = text + "!"; }, "a | b", "Its name.");
        fields.object(
            "inner", kInner, [](Outer& outer) -> Inner& { return outer.inner; }, "Inside.");
        fields.ignored("old", "it is gone");
        fields.refused("service_id", "write name");
        return fields;
    }();
    return kFields;
}

struct Read {
    Outer outer;
    std::string errors;
    std::string warnings;
};

Read read(std::string_view yaml) {
    Read result;
    Checked found;
    fields().read_into(value_of(yaml), Place{"f", &found}, &result.outer);
    result.errors = joined(lines(found.errors));
    result.warnings = joined(lines(found.warnings));
    return result;
}

}  // namespace

TEST(Fields, FillTheirObject) {
    const Read result = read("{count: 3, name: x, inner: {depth: 7}}");
    EXPECT_EQ(result.errors, "");
    EXPECT_EQ(result.outer.count, 3U);
    EXPECT_EQ(result.outer.name, "x!");
    EXPECT_EQ(result.outer.inner.depth, 7U);
}

TEST(Fields, SayAllThatIsWrongAtOnce) {
    EXPECT_EQ(read("name: long-name\ninner: {depth: 10, dept: 1}\nnmae: x\nold: 1\nservice_id: 3\n")
                  .errors,
              "f:1:7: name: has 9 characters; allowed: text of 1 to 5 characters\n"
              "f:2:16: inner.depth: 10 is out of range; allowed: 0 to 9\n"
              "f:2:20: inner.dept: is unknown; did you mean depth?\n"
              "f:3:1: nmae: is unknown; did you mean name?\n"
              "f:5:13: service_id: is not supported: write name\n"
              "f:1:1: count: is missing; allowed: 0 to 9");
    EXPECT_EQ(read("[1]").errors, "f:1:1: is a list; allowed: a map");
}

TEST(Fields, KeepWhatIsThereWhereAValueIsRefused) {
    EXPECT_EQ(read("{count: 10}").outer.count, 0U);
}

TEST(Fields, WarnOfWhatHasNoEffect) {
    EXPECT_EQ(read("{count: 1, old: 1}").warnings, "f:1:17: old: has no effect: it is gone");
}

TEST(Fields, AskForNearMissesOnly) {
    EXPECT_EQ(read("{count: 1, Name: x}").errors, "f:1:12: Name: is unknown; did you mean name?");
    EXPECT_EQ(read("{count: 1, service: x}").errors, "f:1:12: service: is unknown");
    EXPECT_EQ(read("{count: 1, sm: x}").errors, "f:1:12: sm: is unknown");
    const std::string long_name(100'000, 'n');
    EXPECT_NE(read("{count: 1, " + long_name + ": x}").errors.find("...: is unknown"),
              std::string::npos);
}

TEST(Fields, MakeASchema) {
    EXPECT_EQ(to_json(fields().schema()),
              R"({"type":"object","properties":{)"
              R"("count":{"type":"integer","minimum":0,"maximum":9,"description":"How many."},)"
              R"("name":{"type":"string","minLength":1,"maxLength":5,"description":"Its name."},)"
              R"("inner":{"type":"object","properties":{"depth":{"type":"integer","minimum":0,)"
              R"("maximum":9,"description":"How deep."}},"additionalProperties":false,)"
              R"("description":"Inside."},)"
              R"("old":{"description":"Has no effect: it is gone"}},)"
              R"("additionalProperties":false,"required":["count"]})");
}

TEST(Fields, MakeAPage) {
    EXPECT_EQ(fields().markdown(),
              "| `count` | 0 to 9 | required | How many. |\n"
              "| `name` | text of 1 to 5 characters | a \\| b | Its name. |\n"
              "| `inner` | a map |  | Inside. |\n"
              "| `inner.depth` | 0 to 9 | 1 | How deep. |\n");
}

}  // namespace jumpgate
