#include "core/base/intrusive_list.h"

#include <gtest/gtest.h>

#include <vector>

namespace jumpgate {
namespace {

struct Item : Link {
    explicit Item(int n) : number(n) {}
    int number;
};

std::vector<int> drain(IntrusiveList<Item>& list) {
    std::vector<int> numbers;
    while (Item* item = list.pop_front()) numbers.push_back(item->number);
    return numbers;
}

TEST(IntrusiveList, IsFirstInFirstOut) {
    Item a(1), b(2), c(3);
    IntrusiveList<Item> list;
    EXPECT_TRUE(list.empty());
    EXPECT_EQ(list.front(), nullptr);
    EXPECT_EQ(list.pop_front(), nullptr);
    for (Item* item : {&a, &b, &c}) list.push_back(*item);
    EXPECT_FALSE(list.empty());
    EXPECT_EQ(list.front(), &a);
    EXPECT_EQ(drain(list), (std::vector{1, 2, 3}));
    EXPECT_TRUE(list.empty());
    EXPECT_FALSE(a.linked());
}

TEST(IntrusiveList, LosesAMemberFromAnyPlace) {
    for (const int removed : {1, 2, 3}) {
        Item a(1), b(2), c(3);
        IntrusiveList<Item> list;
        for (Item* item : {&a, &b, &c}) list.push_back(*item);
        for (Item* item : {&a, &b, &c})
            if (item->number == removed) item->unlink();
        std::vector<int> rest{1, 2, 3};
        std::erase(rest, removed);
        EXPECT_EQ(drain(list), rest);
    }
}

TEST(IntrusiveList, UnlinkingTwiceIsHarmless) {
    Item a(1);
    IntrusiveList<Item> list;
    list.push_back(a);
    a.unlink();
    a.unlink();
    EXPECT_FALSE(a.linked());
    EXPECT_TRUE(list.empty());
    list.push_back(a);
    EXPECT_EQ(list.pop_front(), &a);
}

struct ByAge : Link {};
struct ByName : Link {};
struct Person : ByAge, ByName {};

TEST(IntrusiveList, LetsAnObjectSitInOneListPerHook) {
    Person person;
    IntrusiveList<Person, ByAge> by_age;
    IntrusiveList<Person, ByName> by_name;
    by_age.push_back(person);
    by_name.push_back(person);
    EXPECT_EQ(by_age.pop_front(), &person);
    EXPECT_EQ(by_name.front(), &person);
    EXPECT_EQ(by_name.pop_front(), &person);
}

TEST(IntrusiveListDeathTest, RefusesAMemberOfAnotherList) {
    Item a(1);
    IntrusiveList<Item> one, other;
    one.push_back(a);
    EXPECT_DEATH(other.push_back(a), "broken invariant");
    a.unlink();
}

}  // namespace
}  // namespace jumpgate
