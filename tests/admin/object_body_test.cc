#include "core/admin/object_body.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/admin/catalog_fixture.h"

namespace jumpgate {
namespace {

TEST(IsObjectId, IsOneSegmentOfAPathAndNothingElse) {
    for (const char* good : {"1", "a", "A-b_c.9", "..", ".", "00000000000000000001"})
        EXPECT_TRUE(is_object_id(good)) << good;
    EXPECT_TRUE(is_object_id(std::string(64, 'x')));
    for (const char* bad :
         {"", "a/b", "../etc/passwd", "a b", "a%", "\xc3\xa4", "a:b", "stream_route/1"})
        EXPECT_FALSE(is_object_id(bad)) << bad;
    EXPECT_FALSE(is_object_id(std::string(65, 'x')));
    EXPECT_FALSE(is_object_id(std::string_view("a\0b", 3)));
}

TEST(IdIn, NumbersAndTextsAreTheSame) {
    EXPECT_EQ(id_in(json(R"({"id":7})")), "7");
    EXPECT_EQ(id_in(json(R"({"id":"7"})")), "7");
    EXPECT_FALSE(id_in(json("{}")).has_value());
    for (const char* no_id : {R"({"id":0})", R"({"id":-1})", R"({"id":1.5})", R"({"id":null})",
                              R"({"id":[1]})", R"({"id":true})"})
        EXPECT_FALSE(is_object_id(id_in(json(no_id)).value())) << no_id;
}

TEST(ObjectType, ByItsPlural) {
    for (const ObjectType type : kObjectTypes) EXPECT_EQ(object_type(text(type)), type);
    EXPECT_FALSE(object_type("routes").has_value());
    EXPECT_EQ(singular(ObjectType::StreamRoute), "stream_route");
    EXPECT_EQ(singular(ObjectType::Ssl), "ssl");
}

TEST(Shown, HidesWhatIsSecret) {
    EXPECT_EQ(
        to_json(shown(ObjectType::Ssl, json(R"({"cert":"c","key":"k","certs":[],"keys":["k"]})"))),
        R"({"cert":"c","certs":[]})");
    const std::string upstream = R"({"tls":{"client_cert":"c","client_key":"k"},)"
                                 R"("checks":{"active":{"password":"p","type":"mqtt"}}})";
    const std::string hidden = R"({"tls":{"client_cert":"c"},"checks":{"active":{"type":"mqtt"}}})";
    EXPECT_EQ(to_json(shown(ObjectType::Upstream, json(upstream))), hidden);
    EXPECT_EQ(to_json(shown(ObjectType::StreamRoute, json(R"({"upstream":)" + upstream + "}"))),
              R"({"upstream":)" + hidden + "}");
}

TEST(PatchAt, MergesOrReplacesAtAPath) {
    struct Case {
        std::vector<std::string> path;
        const char* part;
        const char* after;
    };
    const char* before = R"({"a":1,"nodes":{"x:1":1,"y:1":2},"list":[1,2]})";
    const Case cases[] = {
        {{}, R"({"a":2})", R"({"a":2,"nodes":{"x:1":1,"y:1":2},"list":[1,2]})"},
        {{}, R"({"a":null,"nodes":{"x:1":null}})", R"({"nodes":{"y:1":2},"list":[1,2]})"},
        {{}, R"({"list":[3]})", R"({"a":1,"nodes":{"x:1":1,"y:1":2},"list":[3]})"},
        {{"nodes"}, R"({"z:1":3})", R"({"a":1,"nodes":{"z:1":3},"list":[1,2]})"},
        {{"nodes", "x:1"}, "9", R"({"a":1,"nodes":{"x:1":9,"y:1":2},"list":[1,2]})"},
        {{"nodes", "x:1"}, "null", R"({"a":1,"nodes":{"y:1":2},"list":[1,2]})"},
        {{"timeout", "connect"},
         "2",
         R"({"a":1,"nodes":{"x:1":1,"y:1":2},"list":[1,2],"timeout":{"connect":2}})"},
    };
    for (const Case& c : cases) {
        Value target = json(before);
        EXPECT_FALSE(patch_at(target, c.path, json(c.part)).has_value());
        EXPECT_EQ(to_json(target), c.after);
    }
}

TEST(PatchAt, RefusesPathsThroughWhatIsNoMap) {
    struct Case {
        std::vector<std::string> path;
        const char* problem;
    };
    const Case cases[] = {
        {{"a", "b"}, "/a/b: /a is a number; allowed: members of maps"},
        {{"a", "b", "c"}, "/a/b/c: /a is a number; allowed: members of maps"},
        {{"nodes", "0"},
         "/nodes/0: /nodes is a list; allowed: a PATCH of /nodes, with the whole list as its body"},
        {{"nodes", "0", "weight"},
         "/nodes/0/weight: /nodes is a list; allowed: a PATCH of /nodes, with the whole list as "
         "its body"},
        {{"tls", "names", "0", "x"},
         "/tls/names/0/x: /tls/names is a list; allowed: a PATCH of /tls/names, with the whole "
         "list as its body"},
    };
    for (const Case& c : cases) {
        Value target = json(R"({"a":1,"nodes":[{"weight":1}],"tls":{"names":["n"]}})");
        const auto problem = patch_at(target, c.path, json("1"));
        ASSERT_TRUE(problem.has_value());
        EXPECT_EQ(problem->text, std::string("invalid sub-path: ") + c.problem);
    }
    Value target = json("{}");
    EXPECT_TRUE(patch_at(target, {}, json("[1]")).has_value());
}

}  // namespace
}  // namespace jumpgate
