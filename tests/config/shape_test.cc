#include "core/config/shape.h"

#include <gtest/gtest.h>

#include "tests/config/documents.h"

namespace jumpgate {

namespace {

// What `shape` reads from `yaml`, or its complaint.
template <class T>
std::pair<std::optional<T>, std::string> read(const Shape<T>& shape, std::string_view yaml) {
    Checked found;
    const Place place{"f", &found, "x"};
    std::optional<T> value = shape.read(value_of(yaml), place);
    EXPECT_EQ(value.has_value(), found.errors.empty()) << yaml;
    return {std::move(value), found.errors.empty() ? "" : found.errors[0].problem};
}

}  // namespace

TEST(Shape, IntegerTakesWholeNumbersInItsRange) {
    const Shape<uint16_t> port = shape::integer<uint16_t>(1, 65'535);
    EXPECT_EQ(port.allowed, "1 to 65535");
    EXPECT_EQ(to_json(port.schema), R"({"type":"integer","minimum":1,"maximum":65535})");
    EXPECT_EQ(read(port, "65535").first, 65'535);
    EXPECT_EQ(read(port, "5.0").first, 5);  // JSON has one kind of number
    EXPECT_EQ(read(port, "0").second, "0 is out of range");
    EXPECT_EQ(read(port, "9223372036854775807").second, "9223372036854775807 is out of range");
    EXPECT_EQ(read(port, "1e300").second, "is a number with a fraction");
    EXPECT_EQ(read(port, ".nan").second, "is a number with a fraction");
    EXPECT_EQ(read(port, "\"5\"").second, "is text");
    EXPECT_EQ(read(port, "true").second, "is true or false");
}

TEST(Shape, SecondsBecomeMillisecondsRoundedUp) {
    const Shape<uint32_t> timeout = shape::seconds(10, 600'000);
    EXPECT_EQ(timeout.allowed, "0.01 to 600 seconds");
    EXPECT_EQ(read(timeout, "3").first, 3'000U);
    EXPECT_EQ(read(timeout, "0.01").first, 10U);
    EXPECT_EQ(read(timeout, "0.0101").first, 11U);
    EXPECT_EQ(read(timeout, "2.001").first, 2'001U);  // not 2.0010000000000003
    EXPECT_EQ(read(timeout, "600.0004").second, "600.0004 is out of range");
    EXPECT_EQ(read(timeout, "-1").second, "-1 is out of range");
}

TEST(Shape, TextIsCountedInCharactersAsItsSchemaCounts) {
    const Shape<std::string> shape = shape::text(1, 3);
    EXPECT_EQ(to_json(shape.schema), R"({"type":"string","minLength":1,"maxLength":3})");
    const std::string three = "\xc3\xa9\xe2\x82\xac\xf0\x9f\xa6\x9f";
    EXPECT_EQ(read(shape, three).first, three);
    EXPECT_EQ(read(shape, three + "x").second, "has 4 characters");
    EXPECT_EQ(read(shape, "\"\"").second, "is empty");
}

TEST(Shape, IdIsTextOrItsNumber) {
    EXPECT_EQ(read(shape::id(), "1").first, "1");
    EXPECT_EQ(read(shape::id(), "\"1\"").first, "1");
    EXPECT_EQ(read(shape::id(), "a-Z_0.9").first, "a-Z_0.9");
    EXPECT_EQ(read(shape::id(), std::string(64, 'a')).first, std::string(64, 'a'));
    for (const char* yaml : {"0", "-1", "''", "a/b", "a b", "\"\xc3\xa9\"", "~", "[1]"})
        EXPECT_FALSE(read(shape::id(), yaml).first) << yaml;
    EXPECT_FALSE(read(shape::id(), std::string(65, 'a')).first);
}

TEST(Shape, TextTakesTheSpellingOfAVariable) {
    Checked found;
    const Place place{"f", &found, "x"};
    Value number = make_integer(123);
    EXPECT_FALSE(shape::text(1, 9).read(number, place));
    number.text = "00123";  // as substitute_variables() leaves it
    EXPECT_EQ(shape::text(1, 9).read(number, place), "00123");
}

TEST(Shape, ListComplainsOfEachItem) {
    Checked found;
    const Place place{"f", &found, "x"};
    const auto shape = shape::list(shape::integer<uint16_t>(1, 9), 1, 3);
    EXPECT_EQ(shape.read(value_of("[1, 2]"), place), (std::vector<uint16_t>{1, 2}));
    EXPECT_FALSE(shape.read(value_of("[1, 20, x]"), place));
    EXPECT_EQ(joined(lines(found.errors)),
              "f:1:5: x[1]: 20 is out of range; allowed: 1 to 9\n"
              "f:1:9: x[2]: is text; allowed: 1 to 9");
}

TEST(Shape, OneOrListTakesBoth) {
    const auto levels = shape::one_or_list(shape::integer<uint8_t>(3, 5), 3);
    EXPECT_EQ(read(levels, "4").first, std::vector<uint8_t>{4});
    EXPECT_EQ(read(levels, "[4, 5]").first, (std::vector<uint8_t>{4, 5}));
    EXPECT_EQ(read(levels, "[3, 4, 5, 3]").second, "has 4 items");
}

TEST(Shape, ChoiceNamesItsWords) {
    const auto choice = shape::choice<int>({{"a", 1}, {"b", 2}});
    EXPECT_EQ(choice.allowed, "one of a, b");
    EXPECT_EQ(to_json(choice.schema), R"({"enum":["a","b"]})");
    EXPECT_EQ(read(choice, "b").first, 2);
    EXPECT_EQ(read(choice, "B").second, "\"B\" is unknown");
}

}  // namespace jumpgate
