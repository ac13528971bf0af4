#include "mqtt/topic.h"

#include <gtest/gtest.h>

namespace jumpgate::mqtt {
namespace {

TEST(Topics, NamesHaveNoWildcard) {
    for (const char* good : {"a", "/", "a/b", "/a", "a/", "$SYS/x", " ", "a//b"})
        EXPECT_TRUE(is_topic_name(good)) << good;
    for (const char* bad : {"", "#", "+", "a/+/b", "a+", "a/#"})
        EXPECT_FALSE(is_topic_name(bad)) << bad;
}

TEST(Topics, FiltersHaveWildcardsAlone) {
    for (const char* good :
         {"a", "#", "+", "/", "a/#", "+/+", "/+", "+/tennis/#", "a/+/b", "$SYS/#", "//"})
        EXPECT_TRUE(is_topic_filter(good)) << good;
    for (const char* bad : {"", "a#", "a/#/b", "#/", "sport+", "sport/tennis#", "+a", "##", "++"})
        EXPECT_FALSE(is_topic_filter(bad)) << bad;
}

TEST(Topics, FiltersMatchAsTheStandardsExamples) {
    const struct {
        const char* filter;
        const char* topic;
        bool matches;
    } table[] = {
        // 4.7.1.2
        {"sport/tennis/player1/#", "sport/tennis/player1", true},
        {"sport/tennis/player1/#", "sport/tennis/player1/ranking", true},
        {"sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true},
        {"sport/tennis/player1/#", "sport/tennis/player12", false},
        {"sport/#", "sport", true},
        {"#", "a/b/c", true},
        // 4.7.1.3
        {"sport/tennis/+", "sport/tennis/player1", true},
        {"sport/tennis/+", "sport/tennis/player1/ranking", false},
        {"sport/+", "sport", false},
        {"sport/+", "sport/", true},
        {"+/+", "/finance", true},
        {"/+", "/finance", true},
        {"+", "/finance", false},
        // 4.7.2
        {"#", "$SYS/monitor", false},
        {"+/monitor/Clients", "$SYS/monitor/Clients", false},
        {"$SYS/#", "$SYS/monitor", true},
        {"$SYS/monitor/+", "$SYS/monitor/Clients", true},
        {"a/#", "a/$b", true},
        // the rest
        {"a", "a", true},
        {"a", "b", false},
        {"a", "a/", false},
        {"a/", "a", false},
        {"/a", "a", false},
        {"a/b", "a", false},
        {"a/+/c", "a//c", true},
        {"a/+/#", "a", false},
        {"a/+/#", "a/b", true},
        {"ACCOUNTS", "Accounts", false},
        {"+/#", "a", true},
    };
    for (const auto& each : table)
        EXPECT_EQ(topic_matches(each.filter, each.topic), each.matches)
            << each.filter << " on " << each.topic;
}

TEST(Topics, SharedFiltersSplit) {
    const auto parts = split_shared("$share/consumers/a/+/#");
    ASSERT_TRUE(parts.has_value());
    EXPECT_EQ(parts->group, "consumers");
    EXPECT_EQ(parts->filter, "a/+/#");
    EXPECT_EQ(split_shared("$share/g//finance")->filter, "/finance");
    for (const char* bad : {"$share", "$share/", "$share//a", "$share/g", "$share/g/",
                            "$share/g+/a", "$share/#/a", "$share/g/a#"}) {
        EXPECT_FALSE(split_shared(bad).has_value()) << bad;
        // "$share" itself is an ordinary filter.
        EXPECT_EQ(is_topic_filter(bad), std::string_view(bad) == "$share") << bad;
    }
    EXPECT_FALSE(split_shared("a/b").has_value());
    EXPECT_TRUE(is_topic_filter("$share/g/#"));
}

}  // namespace
}  // namespace jumpgate::mqtt
