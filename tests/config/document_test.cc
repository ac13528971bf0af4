#include "core/config/document.h"

#include <gtest/gtest.h>

namespace jumpgate {

using Kind = Value::Kind;

static std::string problem(const DocumentBuilder& builder) {
    return builder.complaint() ? text(*builder.complaint()) : "none";
}

TEST(BrokenText, AcceptsUtf8AndLineEnds) {
    EXPECT_FALSE(broken_text("a\tb\r\n\xc3\xa9 \xe2\x82\xac \xf0\x9f\x9a\xaa \xef\xbb\xbf"));
}

TEST(BrokenText, SaysWhereABadByteIs) {
    constexpr struct {
        std::string_view bad;
        const char* problem;
    } kCases[] = {
        {std::string_view("\0", 1), "holds the control character 0x00"},
        {"\x01", "holds the control character 0x01"},
        {"\x7f", "holds the control character 0x7f"},
        {"\xff", "is not UTF-8"},
        {"\x80", "is not UTF-8"},              // a tail alone
        {"\xc3(", "is not UTF-8"},             // a head alone
        {"\xc0\x80", "is not UTF-8"},          // overlong
        {"\xe0\x80\x80", "is not UTF-8"},      // overlong
        {"\xed\xa0\x80", "is not UTF-8"},      // a surrogate
        {"\xf0\x80\x80\x80", "is not UTF-8"},  // overlong
        {"\xf4\x90\x80\x80", "is not UTF-8"},  // above U+10FFFF
        {"\xf0\x9f\x9a", "is not UTF-8"},      // cut off
    };
    for (const auto& c : kCases) {
        const auto complaint = broken_text("a: \xc3\xa9\nb: " + std::string(c.bad));
        ASSERT_TRUE(complaint) << c.problem;
        EXPECT_EQ(complaint->problem, c.problem);
        EXPECT_EQ(complaint->mark, (Mark{2, 4}));
    }
}

TEST(BrokenText, BoundsTheBytes) {
    EXPECT_FALSE(broken_text(std::string(kDocumentBytesMax, 'a')));
    EXPECT_EQ(text(*broken_text(std::string(kDocumentBytesMax + 1, 'a'))),
              "is 4194305 bytes long; allowed: up to 4 MiB");
}

TEST(DocumentBuilder, BuildsATree) {
    DocumentBuilder builder;
    EXPECT_TRUE(builder.open(Kind::Map, {1, 1}) && builder.key("a", {1, 1}));
    EXPECT_FALSE(builder.wants_key());
    EXPECT_TRUE(builder.open(Kind::List, {1, 4}) && builder.add(make_integer(1)));
    EXPECT_TRUE(builder.add(make_text("x")) && builder.close());
    EXPECT_TRUE(builder.wants_key());
    EXPECT_TRUE(builder.close());
    EXPECT_EQ(to_json(builder.take()), R"({"a":[1,"x"]})");
}

TEST(DocumentBuilder, RefusesADuplicateKeyWithItsPath) {
    DocumentBuilder builder;
    builder.open(Kind::Map, {1, 1});
    builder.key("list", {1, 1});
    builder.open(Kind::List, {1, 1});
    builder.add({});
    builder.open(Kind::Map, {1, 1});
    builder.key("a", {1, 1});
    builder.add({});
    EXPECT_FALSE(builder.key("a", {7, 3}));
    EXPECT_EQ(problem(builder), R"(7:3: list[1]: "a" stands twice; allowed: each key once)");
}

TEST(DocumentBuilder, BoundsDepth) {
    DocumentBuilder builder;
    for (size_t i = 0; i < kDocumentDepthMax; ++i) ASSERT_TRUE(builder.open(Kind::List, {1, 1}));
    EXPECT_FALSE(builder.open(Kind::List, {2, 1}));
    EXPECT_NE(problem(builder).find("is nested too deep; allowed: 64 levels"), std::string::npos);
}

TEST(DocumentBuilder, CountsTheDepthOfACopiedTree) {
    DocumentBuilder builder;
    for (size_t i = 0; i < kDocumentDepthMax; ++i) ASSERT_TRUE(builder.open(Kind::List, {1, 1}));
    Value list;
    list.kind = Kind::List;
    EXPECT_TRUE(builder.add({}));
    EXPECT_FALSE(builder.add(list));
}

TEST(DocumentBuilder, BoundsValuesCopiesIncluded) {
    DocumentBuilder builder;
    ASSERT_TRUE(builder.open(Kind::List, {1, 1}));
    Value list;
    list.kind = Kind::List;
    list.items.resize(999);
    for (size_t i = 0; i < kDocumentValuesMax / 1'000 - 1; ++i) ASSERT_TRUE(builder.add(list));
    EXPECT_TRUE(builder.charge(make_integer(1), {}));
    EXPECT_FALSE(builder.add(list));
    EXPECT_NE(problem(builder).find("is one value too many"), std::string::npos);
}

TEST(DocumentBuilder, BoundsTextCopiesIncluded) {
    DocumentBuilder builder;
    ASSERT_TRUE(builder.open(Kind::List, {1, 1}));
    const Value megabyte = make_text(std::string(1U << 20U, 'a'));
    for (int i = 0; i < 16; ++i) ASSERT_TRUE(builder.add(megabyte));
    EXPECT_FALSE(builder.add(make_text("a")));
    EXPECT_NE(problem(builder).find("is too much text"), std::string::npos);
}

TEST(DocumentBuilder, BoundsTheMembersOfAMap) {
    DocumentBuilder builder;
    ASSERT_TRUE(builder.open(Kind::Map, {1, 1}));
    for (size_t i = 0; i < kMapMembersMax; ++i)
        ASSERT_TRUE(builder.key("k" + std::to_string(i), {}) && builder.add({}));
    EXPECT_FALSE(builder.key("last", {3, 1}));
    EXPECT_EQ(problem(builder), "3:1: is one member too many; allowed: 10000 in one map");
}

TEST(DocumentBuilder, KeepsTheFirstComplaint) {
    DocumentBuilder builder;
    EXPECT_FALSE(builder.refuse({1, 2}, "is first"));
    EXPECT_FALSE(builder.refuse({3, 4}, "is second"));
    EXPECT_EQ(problem(builder), "1:2: is first");
}

}  // namespace jumpgate
