#include "core/admin/work_lane.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <vector>

namespace jumpgate {
namespace {

TEST(WorkLane, DoesJobsInTheirOrder) {
    std::vector<int> done;
    WorkLane lane(1, 100);
    for (int i = 0; i < 100; ++i)
        while (!lane.give([&done, i] { done.push_back(i); })) std::this_thread::yield();
    lane.end();
    ASSERT_EQ(done.size(), 100U);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(done[static_cast<size_t>(i)], i);
}

TEST(WorkLane, RefusesAtOnceWhoeverComesBehindAFullQueue) {
    std::latch begun(1);
    std::latch go(1);
    std::atomic<int> done{0};
    WorkLane lane(1, 2);
    ASSERT_TRUE(lane.give([&] {
        begun.count_down();
        go.wait();
        ++done;
    }));
    begun.wait();  // it waits no more: two others may
    EXPECT_TRUE(lane.give([&] { ++done; }));
    EXPECT_TRUE(lane.give([&] { ++done; }));
    EXPECT_FALSE(lane.give([&] { done += 100; }));
    EXPECT_EQ(done, 0);
    go.count_down();
    lane.end();
    EXPECT_EQ(done, 3);
}

TEST(WorkLane, SeveralThreadsWorkAtTheSameTime) {
    std::latch together(3);
    WorkLane lane(3, 3);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(lane.give([&] { together.arrive_and_wait(); }));
    lane.end();  // returns: all three stood at the latch at once
}

TEST(WorkLane, WhatWasTakenIsDoneBeforeTheEnd) {
    std::atomic<int> done{0};
    std::latch begun(1);
    {
        WorkLane lane(1, 10);
        lane.give([&] {
            begun.count_down();
            ++done;
        });
        for (int i = 0; i < 9; ++i) EXPECT_TRUE(lane.give([&] { ++done; }));
        begun.wait();
        lane.end();
        EXPECT_EQ(done, 10);
        EXPECT_FALSE(lane.give([&] { ++done; }));
    }
    EXPECT_EQ(done, 10);
}

}  // namespace
}  // namespace jumpgate
