// BufferRing and BufferQueue under random use, against a std::deque of bytes.
#include "core/io/buffer_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <random>
#include <vector>

#include "tests/io/kernel.h"

namespace jumpgate {
namespace {

constexpr uint32_t kCount = 32;
constexpr uint32_t kBytes = 64;

// A queue whose buffers the test fills in the kernel's place: it draws an id that is posted.
class QueueTest : public testing::Test {
  protected:
    QueueTest()
        : ring_(open_ring({})), buffers_(std::move(*BufferRing::open(*ring_, 1, kCount, kBytes))) {}
    void TearDown() override {
        queue_.clear(*buffers_);
        EXPECT_EQ(buffers_->held(), 0U);
    }

    // The kernel hands posted buffers out first-in first-out; which one does not matter here, so
    // the test asks the shared ring's head for itself.
    uint16_t filled(std::span<const uint8_t> bytes) {
        const uint16_t id = next_posted();
        std::memcpy(buffers_->at(id), bytes.data(), bytes.size());
        buffers_->taken();
        return id;
    }
    // By a read from a pipe with buffer selection: the smallest op that takes a buffer for real.
    uint16_t next_posted() {
        std::array<int, 2> ends{};
        EXPECT_EQ(pipe(ends.data()), 0);
        EXPECT_EQ(write(ends[1], "x", 1), 1);
        Recorder read;
        io_uring_sqe& sqe = ring_->next_sqe(read);
        io_uring_prep_read(&sqe, ends[0], nullptr, 1, 0);
        sqe.flags |= IOSQE_BUFFER_SELECT;
        sqe.buf_group = buffers_->group();
        EXPECT_TRUE(turn_until(*ring_, [&] { return read.answered(); }));
        close(ends[0]);
        close(ends[1]);
        EXPECT_TRUE(read.got.at(0).has_buffer());
        return read.got.at(0).buffer();
    }
    void push(std::span<const uint8_t> bytes) {
        queue_.push(*buffers_, filled(bytes), static_cast<uint32_t>(bytes.size()));
    }
    std::vector<uint8_t> gathered(unsigned iovecs) {
        std::vector<iovec> out(iovecs);
        out.resize(queue_.gather(*buffers_, out));
        std::vector<uint8_t> bytes;
        for (const iovec& piece : out) {
            const auto* base = static_cast<const uint8_t*>(piece.iov_base);
            bytes.insert(bytes.end(), base, base + piece.iov_len);
        }
        return bytes;
    }

    std::unique_ptr<Ring> ring_;
    std::unique_ptr<BufferRing> buffers_;
    BufferQueue queue_;
};

TEST_F(QueueTest, SmallSegmentsArePackedBehindASendInFlight) {
    const std::vector<uint8_t> bytes = pattern(40);
    const std::span<const uint8_t> all(bytes);
    push(all.first(10));
    EXPECT_EQ(gathered(8), std::vector<uint8_t>(bytes.begin(), bytes.begin() + 10));
    EXPECT_EQ(queue_.in_flight(), 1U);
    for (size_t at = 10; at < 40; at += 5) push(all.subspan(at, 5));
    EXPECT_EQ(queue_.segments(), 2U);  // one in flight, one packed
    EXPECT_EQ(buffers_->held(), 2U);
    EXPECT_EQ(queue_.bytes(), 40U);
    queue_.sent(*buffers_, 10);
    EXPECT_EQ(buffers_->held(), 1U);
    EXPECT_EQ(gathered(8), std::vector<uint8_t>(bytes.begin() + 10, bytes.end()));
    queue_.sent(*buffers_, 30);
    EXPECT_TRUE(queue_.empty());
}

TEST_F(QueueTest, WhatIsInFlightIsNeverAppendedTo) {
    push(pattern(1));
    std::array<iovec, 4> out{};
    ASSERT_EQ(queue_.gather(*buffers_, out), 1U);
    push(pattern(1));
    EXPECT_EQ(out[0].iov_len, 1U);
    EXPECT_EQ(queue_.segments(), 2U);
}

TEST_F(QueueTest, ASegmentThatDoesNotFitTakesABufferOfItsOwn) {
    push(pattern(kBytes - 3));
    push(pattern(4));
    EXPECT_EQ(queue_.segments(), 2U);
    push(pattern(3));
    EXPECT_EQ(queue_.segments(), 2U);
    push(pattern(kBytes));
    EXPECT_EQ(queue_.segments(), 3U);
}

TEST_F(QueueTest, APartialSendKeepsTheRestAndItsOrder) {
    const std::vector<uint8_t> bytes = pattern(3 * kBytes);
    for (size_t i = 0; i < 3; ++i) push(std::span(bytes).subspan(i * kBytes, kBytes));
    EXPECT_EQ(gathered(3), bytes);
    queue_.sent(*buffers_, kBytes + 7);
    EXPECT_EQ(queue_.in_flight(), 0U);
    EXPECT_EQ(queue_.segments(), 2U);
    EXPECT_EQ(queue_.bytes(), 2 * kBytes - 7);
    EXPECT_EQ(gathered(3), std::vector<uint8_t>(bytes.begin() + kBytes + 7, bytes.end()));
    queue_.sent(*buffers_, 0);  // a failed send: all of it is still there
    EXPECT_EQ(gathered(3), std::vector<uint8_t>(bytes.begin() + kBytes + 7, bytes.end()));
}

TEST_F(QueueTest, GatherTakesAPrefixWhereThereAreFewIovecs) {
    const std::vector<uint8_t> bytes = pattern(3 * kBytes);
    for (size_t i = 0; i < 3; ++i) push(std::span(bytes).subspan(i * kBytes, kBytes));
    EXPECT_EQ(gathered(2), std::vector<uint8_t>(bytes.begin(), bytes.begin() + 2 * kBytes));
    EXPECT_EQ(queue_.in_flight(), 2U);
    EXPECT_EQ(queue_.in_flight_bytes(*buffers_), 2 * kBytes);
    EXPECT_EQ(queue_.bytes(), 3 * kBytes);
}

TEST_F(QueueTest, CopyOutGivesAllBytesAndAllBuffersBack) {
    const std::vector<uint8_t> bytes = pattern(2 * kBytes);
    push(std::span(bytes).first(kBytes));
    push(std::span(bytes).subspan(kBytes, 20));
    gathered(1);
    queue_.sent(*buffers_, 5);
    std::vector<uint8_t> out(queue_.bytes());
    queue_.copy_out(*buffers_, out.data());
    EXPECT_EQ(out, std::vector<uint8_t>(bytes.begin() + 5, bytes.begin() + kBytes + 20));
    EXPECT_TRUE(queue_.empty());
    EXPECT_EQ(queue_.bytes(), 0U);
    EXPECT_EQ(buffers_->held(), 0U);
}

TEST_F(QueueTest, AgreesWithADequeOfBytesUnderRandomUse) {
    std::mt19937 random(7);
    std::deque<uint8_t> model;
    uint32_t seed = 0;
    for (int step = 0; step < 4'000; ++step) {
        const uint32_t choice = static_cast<uint32_t>(random() % 8);
        if (choice < 4 && buffers_->held() < kCount - 1) {
            const std::vector<uint8_t> bytes = pattern(1 + random() % kBytes, ++seed);
            model.insert(model.end(), bytes.begin(), bytes.end());
            push(bytes);
        } else if (choice < 6 && queue_.in_flight() == 0 && !queue_.empty()) {
            const std::vector<uint8_t> bytes = gathered(1 + static_cast<unsigned>(random() % 6));
            ASSERT_TRUE(std::equal(bytes.begin(), bytes.end(), model.begin()));
        } else if (queue_.in_flight() > 0) {
            const std::vector<uint8_t> bytes = gathered(queue_.in_flight());
            ASSERT_TRUE(std::equal(bytes.begin(), bytes.end(), model.begin()));
            const uint32_t sent = static_cast<uint32_t>(random() % (bytes.size() + 1));
            queue_.sent(*buffers_, sent);
            model.erase(model.begin(), model.begin() + sent);
        } else if (choice == 7 && random() % 8 == 0) {
            std::vector<uint8_t> out(queue_.bytes());
            queue_.copy_out(*buffers_, out.data());
            ASSERT_TRUE(std::ranges::equal(out, model));
            model.clear();
        }
        ASSERT_EQ(queue_.bytes(), model.size());
        ASSERT_EQ(queue_.empty(), model.empty());
        ASSERT_EQ(buffers_->held(), queue_.segments());
    }
}

using QueueDeathTest = QueueTest;

TEST_F(QueueDeathTest, AcknowledgingMoreThanThereIsIsABrokenInvariant) {
    push(pattern(5));
    gathered(1);
    EXPECT_DEATH(queue_.sent(*buffers_, 6), "sent");
    std::vector<uint8_t> out(5);
    EXPECT_DEATH(queue_.copy_out(*buffers_, out.data()), "in_flight_ == 0");
}

}  // namespace
}  // namespace jumpgate
