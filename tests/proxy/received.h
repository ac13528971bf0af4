// Received: real receive buffers with chosen bytes in them, by way of a socket pair and a ring.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string_view>

#include "core/io/buffer_ring.h"
#include "core/io/ring.h"

namespace jumpgate {

class Received {
  public:
    struct Piece {
        uint16_t id;
        uint32_t length;
    };

    Received(uint32_t count, uint32_t bytes) {
        ring_ = std::move(*Ring::open({.submissions = 16, .completions = 64, .disabled = {}}));
        buffers_ = std::move(*BufferRing::open(*ring_, 1, count, bytes));
        EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fds_.data()), 0);
    }
    ~Received() {
        close(fds_[0]);
        close(fds_[1]);
    }
    BufferRing& buffers() { return *buffers_; }

    // Receives `text` into the next buffer.
    Piece take(std::string_view text) {
        EXPECT_EQ(write(fds_[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
        struct Answer : Op {
            Completion done;
            bool here = false;
        } answer;
        answer.complete = [](Op& op, Completion done) {
            static_cast<Answer&>(op).done = done;
            static_cast<Answer&>(op).here = true;
        };
        io_uring_sqe& sqe = ring_->next_sqe(answer);
        io_uring_prep_recv(&sqe, fds_[0], nullptr, 0, 0);
        sqe.flags |= IOSQE_BUFFER_SELECT;
        sqe.buf_group = 1;
        while (!answer.here) ring_->turn(1'000'000'000);
        buffers_->taken();
        EXPECT_EQ(answer.done.result, static_cast<int32_t>(text.size()));
        return {answer.done.buffer(), static_cast<uint32_t>(text.size())};
    }

  private:
    std::unique_ptr<Ring> ring_;
    std::unique_ptr<BufferRing> buffers_;
    std::array<int, 2> fds_{};
};

}  // namespace jumpgate
