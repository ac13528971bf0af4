#include "loadgen/plan.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace jumpgate::load {
namespace {

struct Case {
    const char* name;
    Plan plan;
};

// Every shape, with numbers that divide and numbers that do not.
std::vector<Case> shapes() {
    using Layout = Plan::Layout;
    return {
        {"conn", {.idle = 7}},
        {"pub", {.publishers = 7}},
        {"sub", {.subscribers = 7}},
        {"p2p", {.publishers = 6, .subscribers = 6, .cells = 6, .layout = Layout::Pairs}},
        {"p2p and idle",
         {.publishers = 6, .subscribers = 6, .idle = 3, .cells = 6, .layout = Layout::Pairs}},
        {"fanout", {.publishers = 5, .subscribers = 11, .idle = 2}},
        {"fanin", {.publishers = 11, .subscribers = 3, .cells = 3}},
        {"sharedsub", {.publishers = 10, .subscribers = 4, .shared = true}},
        {"groups", {.publishers = 10, .subscribers = 7, .idle = 1, .cells = 3, .shared = true}},
        {"pubsub", {.publishers = 5, .subscribers = 5, .cells = 5, .layout = Layout::Both}},
        {"neighbours",
         {.publishers = 5,
          .subscribers = 5,
          .idle = 2,
          .cells = 5,
          .neighbour = 1,
          .layout = Layout::Both}},
    };
}

TEST(Plan, GivesEachNumberOfEachRoleToOneClient) {
    for (const auto& [name, plan] : shapes()) {
        std::set<uint32_t> publishers;
        std::set<uint32_t> subscribers;
        std::set<uint32_t> idle;
        for (uint32_t index = 0; index < plan.clients(); ++index) {
            const Role role = plan.role(index);
            const uint32_t number = plan.number(index);
            if (publishes(role)) {
                EXPECT_TRUE(publishers.insert(number).second) << name;
            }
            if (subscribes(role)) {
                EXPECT_TRUE(subscribers.insert(number).second) << name;
            }
            if (role == Role::Idle) {
                EXPECT_TRUE(idle.insert(number).second) << name;
            }
        }
        const auto are_numbered = [&](const std::set<uint32_t>& numbers, uint32_t count) {
            EXPECT_EQ(numbers.size(), count) << name;
            if (count > 0) {
                EXPECT_EQ(*numbers.rbegin(), count - 1) << name;
            }
        };
        are_numbered(publishers, plan.publishers);
        are_numbered(subscribers, plan.subscribers);
        are_numbered(idle, plan.idle);
    }
}

TEST(Plan, CountsTheStreamsThatItNames) {
    for (const auto& [name, plan] : shapes()) {
        uint64_t heard = 0;
        for (uint32_t subscriber = 0; subscriber < plan.subscribers; ++subscriber) {
            const uint32_t cell = plan.cell_of_subscriber(subscriber);
            for (uint32_t slot = 0; slot < plan.publishers_in(cell); ++slot) {
                const uint32_t publisher = plan.publisher(cell, slot);
                EXPECT_TRUE(plan.hears(subscriber, publisher)) << name;
                EXPECT_EQ(plan.slot(publisher), slot) << name;
            }
            for (uint32_t publisher = 0; publisher < plan.publishers + 3; ++publisher) {
                heard += plan.hears(subscriber, publisher) ? 1 : 0;
            }
        }
        if (!plan.shared) {
            EXPECT_EQ(plan.streams(), heard) << name;
        }
    }
}

TEST(Plan, SaysWhoHearsWhom) {
    std::map<std::string, Plan> plans;
    for (const auto& [name, plan] : shapes()) plans[name] = plan;
    EXPECT_EQ(plans["p2p"].streams(), 6U);
    EXPECT_TRUE(plans["p2p"].hears(4, 4));
    EXPECT_FALSE(plans["p2p"].hears(4, 3));
    EXPECT_EQ(plans["fanout"].streams(), 55U);
    EXPECT_EQ(plans["fanin"].streams(), 11U);  // each publisher is heard by one
    EXPECT_TRUE(plans["fanin"].hears(1, 10));
    EXPECT_EQ(plans["sharedsub"].streams(), 10U);
    EXPECT_TRUE(plans["pubsub"].hears(0, 0));
    EXPECT_TRUE(plans["neighbours"].hears(1, 0));
    EXPECT_TRUE(plans["neighbours"].hears(0, 4));
    EXPECT_FALSE(plans["neighbours"].hears(0, 0));
}

TEST(Plan, KeepsPairsAndGroupsInOneThreadAndNoThreadAboveItsBound) {
    for (const auto& [name, plan] : shapes()) {
        for (uint32_t threads = 1; threads <= 5; ++threads) {
            std::map<uint32_t, uint64_t> clients;
            std::map<uint32_t, uint32_t> thread_of_cell;
            for (uint32_t index = 0; index < plan.clients(); ++index) {
                ASSERT_LT(plan.unit(index), plan.units()) << name;
                const uint32_t thread = plan.unit(index) % threads;
                ++clients[thread];
                const bool pair = plan.layout == Plan::Layout::Pairs;
                if (plan.role(index) == Role::Idle || (!plan.shared && !pair)) continue;
                if (!pair && !subscribes(plan.role(index))) continue;
                const uint32_t cell = plan.number(index) % plan.cells;
                const auto [known, first] = thread_of_cell.emplace(cell, thread);
                EXPECT_EQ(known->second, thread) << name;
            }
            for (const auto& [thread, count] : clients) {
                EXPECT_LE(count, plan.clients_per_thread(threads)) << name;
            }
        }
    }
}

}  // namespace
}  // namespace jumpgate::load
