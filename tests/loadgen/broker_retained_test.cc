#include "loadgen/broker_retained.h"

#include <gtest/gtest.h>

#include <set>

namespace jumpgate::broker {
namespace {

MessageRef message(std::string_view topic, std::string_view payload = "x") {
    MessageView view;
    view.topic = topic;
    view.payload = mqtt::bytes(payload);
    view.retain = true;
    return Message::copy_of(view);
}

std::set<std::string> topics(const Retained& store, std::string_view filter) {
    std::set<std::string> found;
    for (const MessageRef& one : store.match(filter)) found.emplace(one->view().topic);
    return found;
}

TEST(Retained, FindsByFilter) {
    Retained store(100);
    for (const char* topic : {"a", "a/b", "a/c", "a/b/c", "/a", "$SYS/a"}) {
        EXPECT_TRUE(store.set(message(topic)));
    }
    using Topics = std::set<std::string>;
    EXPECT_EQ(topics(store, "a"), (Topics{"a"}));
    EXPECT_EQ(topics(store, "a/+"), (Topics{"a/b", "a/c"}));
    EXPECT_EQ(topics(store, "a/#"), (Topics{"a", "a/b", "a/c", "a/b/c"}));
    EXPECT_EQ(topics(store, "#"), (Topics{"a", "a/b", "a/c", "a/b/c", "/a"}));
    EXPECT_EQ(topics(store, "+/a"), (Topics{"/a"}));
    EXPECT_EQ(topics(store, "$SYS/#"), (Topics{"$SYS/a"}));
    EXPECT_EQ(topics(store, "+/b/+"), (Topics{"a/b/c"}));
    EXPECT_EQ(topics(store, "b"), (Topics{}));
}

TEST(Retained, KeepsTheLastOfATopicAndForgetsTheCleared) {
    Retained store(100);
    store.set(message("a/b", "1"));
    store.set(message("a/b", "2"));
    ASSERT_EQ(store.size(), 1u);
    EXPECT_EQ(mqtt::text(store.match("a/b").at(0)->view().payload), "2");
    store.clear("a");
    EXPECT_EQ(store.size(), 1u);
    store.clear("a/b");
    store.clear("a/b");
    EXPECT_EQ(store.size(), 0u);
    EXPECT_TRUE(store.match("#").empty());
    EXPECT_EQ(Message::live(), 0u);
}

TEST(Retained, RefusesANewTopicWhenFull) {
    Retained store(2);
    EXPECT_TRUE(store.set(message("a")));
    EXPECT_TRUE(store.set(message("b")));
    EXPECT_FALSE(store.set(message("c")));
    EXPECT_TRUE(store.set(message("a", "new")));
    store.clear("b");
    EXPECT_TRUE(store.set(message("c")));
}

}  // namespace
}  // namespace jumpgate::broker
