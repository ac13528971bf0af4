#include "loadgen/circular_queue.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>

#include "core/base/rng.h"

namespace jumpgate {
namespace {

TEST(CircularQueue, AgreesWithADequeUnderRandomUse) {
    Rng rng(7);
    CircularQueue<int> queue;
    std::deque<int> expected;
    for (int step = 0; step < 20'000; ++step) {
        // Grows and shrinks in long waves, so that it wraps around at many sizes.
        const bool push = rng.below(100) < (step / 2'000 % 2 == 0 ? 60u : 40u);
        if (push || expected.empty()) {
            queue.push_back(step);
            expected.push_back(step);
        } else {
            ASSERT_EQ(queue.pop_front(), expected.front());
            expected.pop_front();
        }
        ASSERT_EQ(queue.size(), expected.size());
        if (expected.empty()) continue;
        const size_t index = rng.below(expected.size());
        ASSERT_EQ(queue[index], expected[index]);
    }
}

TEST(CircularQueue, LetsGoOfWhatIsPopped) {
    CircularQueue<std::shared_ptr<int>> queue;
    const auto item = std::make_shared<int>(1);
    for (int i = 0; i < 5; ++i) queue.push_back(item);
    EXPECT_EQ(item.use_count(), 6);
    for (int i = 0; i < 5; ++i) queue.pop_front();
    EXPECT_EQ(item.use_count(), 1);
    queue.push_back(item);
    queue.clear();
    EXPECT_EQ(item.use_count(), 1);
    EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace jumpgate
