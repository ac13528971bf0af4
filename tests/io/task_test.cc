// Task and Detached: frames are counted and freed, values arrive, stacks do not grow.
#include "core/io/task.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <memory>

#include "core/io/op.h"
#include "tests/io/kernel.h"

namespace jumpgate {
namespace {

struct Scene {
    std::unique_ptr<Ring> ring = open_ring({});
    WaitOp op;
    int turns = 0;
    int32_t sum = 0;
    uintptr_t lowest_stack = UINTPTR_MAX;
    bool done = false;
};

// Where the stack stands: a coroutine's own variables lie in its frame, on the heap.
[[gnu::noinline]] uintptr_t stack_depth() {
    return reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
}

Task<int32_t> nop(Scene& scene) {
    io_uring_prep_nop(&scene.ring->next_sqe(scene.op));
    Completion done = co_await scene.op;
    scene.lowest_stack = std::min(scene.lowest_stack, stack_depth());
    co_return done.result + 1;
}

Task<int32_t> two_nops(Scene& scene) {
    int32_t first = co_await nop(scene);
    int32_t second = co_await nop(scene);
    co_return first + second;
}

Detached count_nops(Scene& scene) {
    for (int i = 0; i < scene.turns; ++i) {
        int32_t result = co_await two_nops(scene);
        scene.sum += result;
    }
    scene.done = true;
}

TEST(Task, HandsValuesUpThroughNestedTasksAndFreesEveryFrame) {
    ASSERT_EQ(live_frames(), 0U);
    Scene scene;
    scene.turns = 3;
    count_nops(scene);
    EXPECT_EQ(live_frames(), 3U);  // count_nops, two_nops, nop: waiting for the kernel
    EXPECT_TRUE(scene.op.waiting());
    ASSERT_TRUE(turn_until(*scene.ring, [&] { return scene.done; }));
    EXPECT_EQ(scene.sum, 6);
    EXPECT_FALSE(scene.op.waiting());
    EXPECT_EQ(live_frames(), 0U);
}

TEST(Task, AHundredThousandKernelWaitsDoNotGrowTheStack) {
    Scene scene;
    scene.turns = 1;
    count_nops(scene);
    ASSERT_TRUE(turn_until(*scene.ring, [&] { return scene.done; }));
    const uintptr_t after_one = scene.lowest_stack;
    scene.done = false;
    scene.turns = 50'000;
    count_nops(scene);
    ASSERT_TRUE(turn_until(*scene.ring, [&] { return scene.done; }));
    EXPECT_EQ(scene.sum, 2 + 100'000);
    EXPECT_GE(scene.lowest_stack + 4'096, after_one);
    EXPECT_EQ(live_frames(), 0U);
}

Task<std::unique_ptr<int>> owned(int& value) { co_return std::make_unique<int>(value); }

Detached take_owned(int& value, int& seen) {
    std::unique_ptr<int> got = co_await owned(value);
    seen = *got;
}

TEST(Task, MovesValuesThatCannotBeCopied) {
    int value = 7;
    int seen = 0;
    take_owned(value, seen);
    EXPECT_EQ(seen, 7);
    EXPECT_EQ(live_frames(), 0U);
}

TEST(Task, OneThatIsNeverAwaitedRunsNothingAndFreesItsFrame) {
    Scene scene;
    {
        Task<int32_t> idle = nop(scene);
        EXPECT_EQ(live_frames(), 1U);
        Task<int32_t> moved = std::move(idle);
        EXPECT_EQ(live_frames(), 1U);
    }
    EXPECT_EQ(live_frames(), 0U);
    EXPECT_FALSE(scene.op.waiting());
}

Detached wait_forever(Scene& scene) {
    __kernel_timespec an_hour{.tv_sec = 3'600, .tv_nsec = 0};
    io_uring_sqe& sqe = scene.ring->next_sqe(scene.op);
    io_uring_prep_timeout(&sqe, &an_hour, 0, 0);
    Completion done = co_await scene.op;
    scene.sum = done.result;
    scene.done = true;
}

TEST(Task, ACancelledWaitRunsToItsEnd) {
    Scene scene;
    wait_forever(scene);
    settle(*scene.ring);
    EXPECT_EQ(live_frames(), 1U);
    cancel(*scene.ring, scene.op);
    ASSERT_TRUE(turn_until(*scene.ring, [&] { return scene.done; }));
    EXPECT_EQ(scene.sum, -ECANCELED);
    EXPECT_EQ(live_frames(), 0U);
}

using TaskDeathTest = testing::Test;

TEST(TaskDeathTest, TwoWaitersOnOneOpAreABrokenInvariant) {
    EXPECT_DEATH(
        {
            WaitOp op;
            op.await_suspend(std::noop_coroutine());
            op.await_suspend(std::noop_coroutine());
        },
        "waiter_");
}

}  // namespace
}  // namespace jumpgate
