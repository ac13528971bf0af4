// BufferRing with real receives: how many are posted, who waits, who is told, nothing lost.
#include "core/io/buffer_ring.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <functional>
#include <random>
#include <vector>

#include "tests/io/kernel.h"

namespace jumpgate {
namespace {

// Takes posted buffers one by one, as receives do, by reads from a pipe that always has bytes.
class Taker {
  public:
    Taker(Ring& ring, BufferRing& buffers) : ring_(ring), buffers_(buffers) {
        std::array<int, 2> ends{};
        EXPECT_EQ(pipe(ends.data()), 0);
        read_ = Fd(ends[0]);
        write_ = Fd(ends[1]);
    }
    // The id, or -ENOBUFS.
    int32_t take() {
        EXPECT_EQ(write(write_.get(), "x", 1), 1);
        Recorder read;
        io_uring_sqe& sqe = ring_.next_sqe(read);
        io_uring_prep_read(&sqe, read_.get(), nullptr, 1, 0);
        sqe.flags |= IOSQE_BUFFER_SELECT;
        sqe.buf_group = buffers_.group();
        EXPECT_TRUE(turn_until(ring_, [&] { return read.answered(); }));
        if (read.result() < 0) return read.result();
        return read.got[0].buffer();
    }

  private:
    Ring& ring_;
    BufferRing& buffers_;
    Fd read_;
    Fd write_;
};

struct Told : BufferWaiter {
    Told(std::vector<int>& told_order, int my_number)
        : BufferWaiter([](BufferWaiter& waiter) {
              Told& self = static_cast<Told&>(waiter);
              self.order.push_back(self.number);
              if (self.then) self.then();
          }),
          order(told_order),
          number(my_number) {}
    std::vector<int>& order;
    int number;
    std::function<void()> then;
};

class BufferRingTest : public testing::Test {
  protected:
    void open(uint32_t count) {
        buffers_ = std::move(*BufferRing::open(*ring_, 3, count, 32));
        taker_ = std::make_unique<Taker>(*ring_, *buffers_);
    }
    std::vector<uint16_t> take_all() {
        std::vector<uint16_t> ids;
        while (buffers_->held() < buffers_->count()) {
            const int32_t id = taker_->take();
            EXPECT_GE(id, 0);
            if (id < 0) break;
            buffers_->taken();
            ids.push_back(static_cast<uint16_t>(id));
        }
        return ids;
    }

    std::unique_ptr<Ring> ring_ = open_ring({});
    std::unique_ptr<BufferRing> buffers_;
    std::unique_ptr<Taker> taker_;
    std::vector<int> told_;
};

TEST_F(BufferRingTest, EveryBufferIsHandedOutOnceAndAllComeHome) {
    open(128);
    std::vector<uint16_t> ids = take_all();
    std::vector<bool> seen(128);
    for (uint16_t id : ids) {
        ASSERT_LT(id, 128);
        EXPECT_FALSE(seen[id]) << id;
        seen[id] = true;
    }
    EXPECT_EQ(ids.size(), 128U);
    EXPECT_EQ(taker_->take(), -ENOBUFS);
    for (uint16_t id : ids) buffers_->release(id);
    EXPECT_EQ(buffers_->held(), 0U);
    EXPECT_EQ(take_all().size(), 128U);
}

TEST_F(BufferRingTest, AQuietRingReusesFewBuffers) {
    open(4'096);
    std::vector<bool> seen(4'096);
    for (int i = 0; i < 2'000; ++i) {
        const auto id = static_cast<uint16_t>(taker_->take());
        buffers_->taken();
        seen[id] = true;
        buffers_->release(id);
    }
    EXPECT_LE(std::ranges::count(seen, true), 65);  // 64 posted and the one in hand
}

// However often all that is posted is filled before anybody looks: the rest stays untouched.
TEST_F(BufferRingTest, AStormOfReceivesTouchesNotAllBuffers) {
    open(4'096);
    Told waiter(told_, 1);
    std::vector<bool> seen(4'096);
    for (int storm = 0; storm < 8; ++storm) {
        std::vector<uint16_t> ids;
        int32_t id = 0;
        while ((id = taker_->take()) >= 0) ids.push_back(static_cast<uint16_t>(id));
        EXPECT_LE(ids.size(), 512U);
        for (uint16_t taken : ids) {
            buffers_->taken();
            seen[taken] = true;
            buffers_->release(taken);
        }
        EXPECT_TRUE(buffers_->replenish(waiter)) << "armed again in the same turn";
    }
    EXPECT_LE(std::ranges::count(seen, true), 1'024);
    EXPECT_EQ(buffers_->exhaustions(), 0U);
}

TEST_F(BufferRingTest, AnEmptyKernelRingDoublesWhatIsPosted) {
    open(1'024);
    Told waiter(told_, 1);
    // The kernel takes all that is posted before the first completion is seen.
    std::vector<uint16_t> ids;
    int32_t id = 0;
    while ((id = taker_->take()) >= 0) ids.push_back(static_cast<uint16_t>(id));
    EXPECT_EQ(id, -ENOBUFS);
    EXPECT_EQ(ids.size(), 64U);
    for (size_t i = 0; i < ids.size(); ++i) buffers_->taken();
    EXPECT_TRUE(buffers_->replenish(waiter));
    EXPECT_FALSE(waiter.linked());
    EXPECT_EQ(buffers_->exhaustions(), 0U);
    size_t more = 0;
    while ((id = taker_->take()) >= 0) {
        ids.push_back(static_cast<uint16_t>(id));
        ++more;
    }
    EXPECT_EQ(more, 128U);
    for (size_t i = 0; i < more; ++i) buffers_->taken();
    for (uint16_t held : ids) buffers_->release(held);
    EXPECT_EQ(buffers_->held(), 0U);
}

TEST_F(BufferRingTest, WaitersAreToldInOrderOnceAnEighthIsBack) {
    open(64);
    std::vector<uint16_t> ids = take_all();
    std::vector<std::unique_ptr<Told>> waiters;
    for (int i = 0; i < 3; ++i) {
        waiters.push_back(std::make_unique<Told>(told_, i));
        EXPECT_FALSE(buffers_->replenish(*waiters.back()));
        EXPECT_FALSE(buffers_->replenish(*waiters.back()));  // asks twice, stands in line once
    }
    EXPECT_EQ(buffers_->exhaustions(), 6U);
    for (int i = 0; i < 7; ++i) buffers_->release(ids[static_cast<size_t>(i)]);
    EXPECT_TRUE(told_.empty());
    for (size_t i = 7; i < ids.size(); ++i) buffers_->release(ids[i]);
    EXPECT_EQ(told_, (std::vector<int>{0, 1, 2}));
}

// A waiter may have nothing to receive any more (its peer is gone): it takes no buffer, so it will
// give none back, and those behind it must not depend on that.
TEST_F(BufferRingTest, NoWaiterIsForgottenWhenThoseBeforeItTakeNothing) {
    open(16);
    std::vector<uint16_t> ids = take_all();
    std::vector<std::unique_ptr<Told>> waiters;
    for (int i = 0; i < 100; ++i) {
        waiters.push_back(std::make_unique<Told>(told_, i));
        EXPECT_FALSE(buffers_->replenish(*waiters.back()));
    }
    for (uint16_t id : ids) buffers_->release(id);
    ASSERT_EQ(buffers_->held(), 0U);
    EXPECT_EQ(told_.size(), 100U);
    EXPECT_TRUE(std::ranges::is_sorted(told_));
    for (auto& waiter : waiters) waiter->unlink();
}

TEST_F(BufferRingTest, AWaiterThatLeftTheLineIsNotTold) {
    open(16);
    std::vector<uint16_t> ids = take_all();
    Told first(told_, 1);
    Told second(told_, 2);
    EXPECT_FALSE(buffers_->replenish(first));
    EXPECT_FALSE(buffers_->replenish(second));
    first.unlink();
    for (uint16_t id : ids) buffers_->release(id);
    EXPECT_EQ(told_, (std::vector<int>{2}));
}

TEST_F(BufferRingTest, AWaiterThatArmsAtOnceFindsABuffer) {
    open(16);
    std::vector<uint16_t> ids = take_all();
    int32_t taken = 0;
    Told waiter(told_, 1);
    waiter.then = [&] {
        taken = taker_->take();  // a real receive, from within the callback
        buffers_->taken();
    };
    EXPECT_FALSE(buffers_->replenish(waiter));
    buffers_->release(ids[0]);
    buffers_->release(ids[1]);  // two of sixteen are an eighth
    EXPECT_EQ(told_.size(), 1U);
    EXPECT_GE(taken, 0);
    EXPECT_EQ(buffers_->held(), 15U);
    buffers_->release(static_cast<uint16_t>(taken));
}

TEST_F(BufferRingTest, AWaiterMayReleaseBuffersItself) {
    open(16);
    std::vector<uint16_t> ids = take_all();
    Told first(told_, 1);
    Told second(told_, 2);
    first.then = [&] { buffers_->release(ids[2]); };
    EXPECT_FALSE(buffers_->replenish(first));
    EXPECT_FALSE(buffers_->replenish(second));
    buffers_->release(ids[0]);
    buffers_->release(ids[1]);
    EXPECT_EQ(told_, (std::vector<int>{1, 2}));
    EXPECT_EQ(buffers_->held(), 13U);
}

TEST_F(BufferRingTest, FreePostedAndHeldAlwaysAddUpUnderRandomUse) {
    open(32);
    std::mt19937 random(11);
    std::vector<uint16_t> held;
    for (int i = 0; i < 5'000; ++i) {
        if (random() % 2 == 0 && held.size() < 32) {
            const int32_t id = taker_->take();
            ASSERT_GE(id, 0);
            buffers_->taken();
            ASSERT_EQ(std::ranges::count(held, id), 0);
            held.push_back(static_cast<uint16_t>(id));
        } else if (!held.empty()) {
            std::swap(held[random() % held.size()], held.back());
            buffers_->release(held.back());
            held.pop_back();
        }
        ASSERT_EQ(buffers_->held(), held.size());
    }
    for (uint16_t id : held) buffers_->release(id);
    EXPECT_EQ(buffers_->held(), 0U);
}

TEST_F(BufferRingTest, AGroupThatIsTakenIsAnError) {
    open(16);
    EXPECT_FALSE(BufferRing::open(*ring_, 3, 16, 32));
    taker_ = nullptr;
    buffers_ = nullptr;
    open(16);  // and is free again after the first has gone
    EXPECT_EQ(take_all().size(), 16U);
}

using BufferRingDeathTest = BufferRingTest;

TEST_F(BufferRingDeathTest, ReleasingWhatIsNotHeldIsABrokenInvariant) {
    open(16);
    EXPECT_DEATH(buffers_->release(0), "count_");
    EXPECT_DEATH((void)BufferRing::open(*ring_, 9, 17, 32), "count");
    EXPECT_DEATH((void)BufferRing::open(*ring_, 9, 65'536, 32), "count");
}

}  // namespace
}  // namespace jumpgate
