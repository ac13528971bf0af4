#include "loadgen/broker_subscriptions.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <span>

#include "core/base/rng.h"
#include "mqtt/topic.h"

namespace jumpgate::broker {
namespace {

SubscribeOptions options(uint8_t qos, uint32_t id = 0) {
    SubscribeOptions result;
    result.qos = qos;
    result.id = id;
    return result;
}

std::vector<Match> match(Subscriptions& tree, std::string_view topic,
                         const Subscriber* publisher = nullptr) {
    std::vector<Match> matches;
    tree.match(topic, publisher, matches);
    return matches;
}

TEST(Subscriptions, MatchWhatTheStandardSays) {
    struct Case {
        const char* filter;
        const char* topic;
        bool matches;
    };
    // 4.7.1.2, 4.7.1.3 and 4.7.2 of both standards.
    const Case cases[] = {
        {"sport/tennis/player1/#", "sport/tennis/player1", true},
        {"sport/tennis/player1/#", "sport/tennis/player1/ranking", true},
        {"sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true},
        {"sport/tennis/player1/#", "sport/tennis/player2", false},
        {"sport/#", "sport", true},
        {"#", "a/b/c", true},
        {"#", "/", true},
        {"#", "$SYS/x", false},
        {"+/x", "$SYS/x", false},
        {"$SYS/#", "$SYS/x", true},
        {"$SYS/+", "$SYS/x", true},
        {"sport/tennis/+", "sport/tennis/player1", true},
        {"sport/tennis/+", "sport/tennis/player1/ranking", false},
        {"sport/+", "sport", false},
        {"sport/+", "sport/", true},
        {"+/+", "/finance", true},
        {"/+", "/finance", true},
        {"+", "/finance", false},
        {"a//+", "a//b", true},
        {"a/+/b", "a//b", true},
        {"a/b", "a/b", true},
        {"a/b", "a/B", false},
        {"a/b", "a/b/", false},
        {"+/b/#", "a/b", true},
    };
    for (const Case& one : cases) {
        Subscriptions tree;
        Subscriber subscriber;
        EXPECT_TRUE(tree.add(one.filter, subscriber, options(0)));
        EXPECT_EQ(match(tree, one.topic).size(), one.matches ? 1u : 0u)
            << one.filter << " and " << one.topic;
        EXPECT_TRUE(tree.remove(one.filter, subscriber));
        EXPECT_EQ(tree.size(), 0u);
        EXPECT_TRUE(match(tree, one.topic).empty());
    }
}

std::string random_path(Rng& rng, std::span<const std::string_view> levels) {
    std::string path;
    for (uint64_t left = 1 + rng.below(4); left > 0; --left) {
        const std::string_view level = levels[rng.below(levels.size())];
        path += level;
        if (level == "#") return path;
        if (left > 1) path += '/';
    }
    return path;
}

TEST(Subscriptions, AgreeWithTopicMatchesOverRandomSetsOfFilters) {
    constexpr std::array<std::string_view, 7> kFilterLevels{"a", "b", "", "$s", "+", "+", "#"};
    constexpr std::array<std::string_view, 4> kTopicLevels{"a", "b", "", "$s"};
    Rng rng(20);
    std::array<Subscriber, 8> subscribers;
    Subscriptions tree;
    std::map<std::pair<size_t, std::string>, uint8_t> model;
    for (int round = 0; round < 5'000; ++round) {
        const size_t who = rng.below(subscribers.size());
        const std::string filter = random_path(rng, kFilterLevels);
        if (!mqtt::is_topic_filter(filter)) continue;
        const auto qos = static_cast<uint8_t>(rng.below(3));
        if (rng.below(2) == 0) {
            EXPECT_EQ(tree.add(filter, subscribers[who], options(qos)),
                      model.insert_or_assign({who, filter}, qos).second);
        } else {
            EXPECT_EQ(tree.remove(filter, subscribers[who]), model.erase({who, filter}) == 1);
        }
        ASSERT_EQ(tree.size(), model.size());
        const std::string topic = random_path(rng, kTopicLevels);
        if (!mqtt::is_topic_name(topic)) continue;
        std::map<const Subscriber*, uint8_t> expected;
        for (const auto& [key, granted] : model) {
            if (!mqtt::topic_matches(key.second, topic)) continue;
            uint8_t& best = expected[&subscribers[key.first]];
            best = std::max(best, granted);
        }
        std::map<const Subscriber*, uint8_t> actual;
        for (const Match& one : match(tree, topic)) {
            EXPECT_TRUE(actual.emplace(one.to, one.qos).second) << "two copies of " << topic;
        }
        ASSERT_EQ(actual, expected) << topic;
    }
}

TEST(Subscriptions, GiveOneCopyPerSubscriptionIdentifier) {
    Subscriptions tree;
    Subscriber subscriber;
    tree.add("a/+", subscriber, options(1, 7));
    tree.add("a/#", subscriber, options(2, 8));
    tree.add("#", subscriber, options(0));
    tree.add("a/b", subscriber, options(1));
    std::map<uint32_t, uint8_t> qos_by_id;
    for (const Match& one : match(tree, "a/b")) qos_by_id[one.id] = one.qos;
    EXPECT_EQ(qos_by_id, (std::map<uint32_t, uint8_t>{{0, 1}, {7, 1}, {8, 2}}));
}

TEST(Subscriptions, KeepAPublishersMessagesFromItWithNoLocal) {
    Subscriptions tree;
    Subscriber one;
    Subscriber two;
    SubscribeOptions no_local;
    no_local.no_local = true;
    tree.add("a", one, no_local);
    tree.add("a", two, no_local);
    const std::vector<Match> matches = match(tree, "a", &one);
    ASSERT_EQ(matches.size(), 1u);
    EXPECT_EQ(matches[0].to, &two);
}

TEST(Subscriptions, ShareInTurnAmongThoseWhoAreThere) {
    Subscriptions tree;
    std::array<Subscriber, 3> members;
    for (Subscriber& member : members) {
        member.online = true;
        tree.add("$share/g/a/#", member, options(1));
    }
    std::map<const Subscriber*, int> counts;
    for (int i = 0; i < 30; ++i) {
        const std::vector<Match> matches = match(tree, "a/b");
        ASSERT_EQ(matches.size(), 1u);
        counts[matches[0].to]++;
    }
    for (const Subscriber& member : members) EXPECT_EQ(counts[&member], 10);
    members[1].online = false;
    for (int i = 0; i < 6; ++i) EXPECT_NE(match(tree, "a/b").at(0).to, &members[1]);
    // With nobody there, a session must keep it.
    members[0].online = members[2].online = false;
    EXPECT_EQ(match(tree, "a/b").size(), 1u);
    for (Subscriber& member : members) EXPECT_TRUE(tree.remove("$share/g/a/#", member));
    EXPECT_TRUE(match(tree, "a/b").empty());
    EXPECT_FALSE(tree.remove("$share/g/a/#", members[0]));
}

TEST(Subscriptions, ServeEachGroupAndEachPlainSubscriberOnce) {
    Subscriptions tree;
    Subscriber both;
    both.online = true;
    tree.add("$share/g/a", both, options(0));
    tree.add("$share/h/a", both, options(0));
    tree.add("a", both, options(0));
    EXPECT_EQ(match(tree, "a").size(), 3u);
}

TEST(TooDeep, CountsLevels) {
    std::string topic = "a";
    for (size_t levels = 1; levels < kTopicLevelsMax; ++levels) topic += "/a";
    EXPECT_FALSE(too_deep(topic));
    EXPECT_TRUE(too_deep(topic + "/a"));
}

}  // namespace
}  // namespace jumpgate::broker
