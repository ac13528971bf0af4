#include "loadgen/topic_options.h"

#include <gtest/gtest.h>

#include <string>

namespace jumpgate::load {
namespace {

constexpr Plan kFanIn{.publishers = 10, .subscribers = 2, .cells = 2};
constexpr Plan kFanOut{.publishers = 5, .subscribers = 2};
constexpr Plan kPairs{.publishers = 5, .subscribers = 5, .cells = 5, .layout = Plan::Layout::Pairs};

TopicGiven topic(const char* text) { return {text, ""}; }

TopicOptions good(Mode mode, const Plan& plan, TopicGiven given, uint32_t tenants = 0,
                  const std::string& group = "") {
    TopicOptions options;
    const auto refusal = settle_topics(mode, plan, tenants, group, std::move(given), options);
    EXPECT_EQ(refusal.value_or(""), "");
    return options;
}

TEST(TopicOptions, HaveADefaultWhereBothEndsAreHere) {
    EXPECT_EQ(good(Mode::P2p, kPairs, {}).topic.text(), "jumpload/p2p/%i");
    EXPECT_EQ(good(Mode::P2p, kPairs, {}, 3).topic.text(), "tenant%t/p2p/%i");
    EXPECT_EQ(good(Mode::Fanout, kFanOut, {}).topic.text(), "jumpload/fanout/%i");
    EXPECT_EQ(good(Mode::Fanin, kFanIn, {}).topic.text(), "jumpload/fanin/%g");
    const Plan shared{.publishers = 5, .subscribers = 2, .shared = true};
    const TopicOptions options = good(Mode::Sharedsub, shared, {}, 0, "g");
    EXPECT_EQ(options.topic.text(), "jumpload/sharedsub/%g/%i");
    EXPECT_EQ(options.heard.text(), "jumpload/sharedsub/%g/+");
    EXPECT_EQ(options.share, "$share/g/");
}

TEST(TopicOptions, CoverTheTopicsByThemselvesOrByAWildcard) {
    EXPECT_EQ(good(Mode::Fanout, kFanOut, topic("a/%i")).heard.text(), "a/%i");
    EXPECT_FALSE(good(Mode::Fanout, kFanOut, topic("a/%i")).heard_is_one);
    EXPECT_TRUE(good(Mode::Fanout, kFanOut, topic("a")).heard_is_one);
    EXPECT_EQ(good(Mode::Fanout, kFanOut, topic("a/%i/%s")).heard.text(), "a/%i/+");
    const Plan many{.publishers = 101, .subscribers = 2};
    EXPECT_EQ(good(Mode::Fanout, many, topic("a/%i/%s")).heard.text(), "a/+/+");
    EXPECT_EQ(good(Mode::Fanout, many, topic("%t/%i"), 3).heard.text(), "+/+");
}

TEST(TopicOptions, RefuseWhatCannotBeToldApartOrIsNoTopic) {
    struct Case {
        Mode mode;
        Plan plan;
        TopicGiven given;
        const char* says;
    };
    const Case cases[] = {
        {Mode::Pub, {.publishers = 1}, topic(""), "is missing"},
        {Mode::Pub, {.publishers = 1}, topic("a/#"), "not a valid topic name"},
        {Mode::Pub, {.publishers = 1}, topic("a/%g"), "unknown placeholder"},
        {Mode::Sub, {.subscribers = 1}, topic("a/#/b"), "not a valid topic filter"},
        {Mode::Sub, {.subscribers = 1}, topic("%s"), "unknown placeholder"},
        {Mode::P2p, kPairs, topic("a"), "%i or %c"},
        {Mode::Fanin, kFanIn, topic("a/%i"), "%g"},
        {Mode::Fanout, kFanOut, {"a", "a#"}, "--filter"},
    };
    for (const Case& each : cases) {
        TopicOptions options;
        const std::string refusal =
            settle_topics(each.mode, each.plan, 0, "", each.given, options).value_or("accepted");
        EXPECT_NE(refusal.find(each.says), refusal.npos) << refusal;
    }
}

}  // namespace
}  // namespace jumpgate::load
