// PipePool and splice: real pipes, a socket pair and TCP, all O_NONBLOCK.
#include "core/io/pipe_pool.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <vector>

#include "tests/io/kernel.h"

namespace jumpgate {
namespace {

constexpr uint32_t kPipeBytes = 262'144;

// Two ends of a stream, both O_NONBLOCK.
struct Ends {
    Fd near;
    Fd far;
};

void set_nonblocking(int fd) { fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); }

Ends unix_ends() {
    std::array<int, 2> fds{};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()), 0);
    return {Fd(fds[0]), Fd(fds[1])};
}

Ends tcp_ends() {
    Listener listener;
    Ends ends;
    ends.near = plain_client(listener.address);
    pollfd ready{.fd = listener.fd.get(), .events = POLLIN, .revents = 0};
    EXPECT_EQ(poll(&ready, 1, 10'000), 1);
    ends.far = Fd(accept4(listener.fd.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    set_nonblocking(ends.near.get());
    return ends;
}

void wait_for(int fd, short events) {
    pollfd ready{.fd = fd, .events = events, .revents = 0};
    ASSERT_EQ(poll(&ready, 1, 10'000), 1);
}

size_t read_some(int fd, std::vector<uint8_t>& into) {
    std::array<uint8_t, 8'192> chunk{};
    const ssize_t count = recv(fd, chunk.data(), chunk.size(), 0);
    if (count <= 0) return 0;
    into.insert(into.end(), chunk.begin(), chunk.begin() + count);
    return static_cast<size_t>(count);
}

TEST(PipePool, ReusesAnEmptyPipeAndGrantsTheSize) {
    PipePool pool(2, kPipeBytes);
    Pipe* first = *pool.borrow();
    EXPECT_EQ(first->capacity_bytes, kPipeBytes);
    EXPECT_EQ(fcntl(first->read_fd, F_GETPIPE_SZ), static_cast<int>(kPipeBytes));
    EXPECT_NE(fcntl(first->read_fd, F_GETFL) & O_NONBLOCK, 0);
    EXPECT_NE(fcntl(first->write_fd, F_GETFD) & FD_CLOEXEC, 0);
    EXPECT_EQ(pool.lent(), 1U);
    pool.give_back(first);
    EXPECT_EQ(pool.lent(), 0U);
    EXPECT_EQ(*pool.borrow(), first);
    pool.give_back(first);
}

TEST(PipePool, IsFullAtItsLimitAndHasRoomAgainAfterGiveBack) {
    PipePool pool(2, kPipeBytes);
    Pipe* first = *pool.borrow();
    Pipe* second = *pool.borrow();
    Result<Pipe*> third = pool.borrow();
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error().code, ErrorCode::OutOfBuffers);
    EXPECT_EQ(pool.lent(), 2U);
    pool.give_back(first);
    third = pool.borrow();
    EXPECT_TRUE(third);
    pool.give_back(second);
    pool.give_back(*third);
}

TEST(PipePool, APipeThatHoldsBytesIsClosedNotReused) {
    PipePool pool(1, kPipeBytes);
    Ends ends = unix_ends();
    write_all(ends.far.get(), pattern(100));
    Pipe* pipe = *pool.borrow();
    ASSERT_EQ(splice_in(ends.near.get(), *pipe), 100);
    const int read_fd = pipe->read_fd;
    pool.give_back(pipe);
    EXPECT_EQ(fcntl(read_fd, F_GETFD), -1);
    EXPECT_EQ(pool.lent(), 0U);
    pipe = *pool.borrow();
    EXPECT_EQ(pipe->held_bytes, 0U);
    pool.give_back(pipe);
}

TEST(PipePool, OutOfDescriptorsIsAnErrorAndLendsNothing) {
    PipePool pool(4, kPipeBytes);
    {
        const LoweredLimit limit(RLIMIT_NOFILE, lowest_free_fd() + 1);  // one is left, two wanted
        Result<Pipe*> pipe = pool.borrow();
        ASSERT_FALSE(pipe);
        EXPECT_EQ(pipe.error().code, ErrorCode::OutOfFiles);
    }
    EXPECT_EQ(pool.lent(), 0U);
    Result<Pipe*> pipe = pool.borrow();
    ASSERT_TRUE(pipe);
    pool.give_back(*pipe);
}

TEST(PipePool, ClosesItsPipesAtItsEnd) {
    int read_fd = -1;
    {
        PipePool pool(1, kPipeBytes);
        Pipe* pipe = *pool.borrow();
        read_fd = pipe->read_fd;
        pool.give_back(pipe);
        EXPECT_NE(fcntl(read_fd, F_GETFD), -1);
    }
    EXPECT_EQ(fcntl(read_fd, F_GETFD), -1);
}

TEST(PipePool, ASizeTheKernelRefusesStillGivesAPipe) {
    PipePool pool(1, 0x7FFF'FFFF);
    Result<Pipe*> pipe = pool.borrow();
    ASSERT_TRUE(pipe);
    EXPECT_GE((*pipe)->capacity_bytes, 4'096U);
    pool.give_back(*pipe);
}

TEST(Splice, ReadsOutWhatAPipeHoldsWhereSplicingOnIsNoUse) {
    PipePool pool(1, kPipeBytes);
    Ends ends = unix_ends();
    Pipe* pipe = *pool.borrow();
    const std::vector<uint8_t> sent = pattern(5'000);
    write_all(ends.far.get(), sent);
    while (pipe->held_bytes < sent.size()) {
        wait_for(ends.near.get(), POLLIN);
        ASSERT_GT(splice_in(ends.near.get(), *pipe), 0);
    }
    std::vector<uint8_t> got(sent.size());
    read_out(*pipe, got.data());
    EXPECT_EQ(got, sent);
    EXPECT_EQ(pipe->held_bytes, 0U);
    pool.give_back(pipe);
    EXPECT_EQ(*pool.borrow(), pipe);  // empty again: kept, not closed
    pool.give_back(pipe);
}

TEST(Splice, EmptySocketIsEagainAndEndOfStreamIsZero) {
    PipePool pool(1, kPipeBytes);
    for (bool tcp : {false, true}) {
        SCOPED_TRACE(tcp);
        Ends ends = tcp ? tcp_ends() : unix_ends();
        Pipe* pipe = *pool.borrow();
        EXPECT_EQ(splice_in(ends.near.get(), *pipe), -EAGAIN);
        write_all(ends.far.get(), pattern(10));
        wait_for(ends.near.get(), POLLIN);
        EXPECT_EQ(splice_in(ends.near.get(), *pipe), 10);
        EXPECT_EQ(pipe->held_bytes, 10U);
        shutdown(ends.far.get(), SHUT_WR);
        wait_for(ends.near.get(), POLLRDHUP);
        EXPECT_EQ(splice_in(ends.near.get(), *pipe), 0);
        EXPECT_EQ(splice_out(*pipe, ends.near.get()), 10);
        EXPECT_EQ(pipe->held_bytes, 0U);
        std::vector<uint8_t> back;
        wait_for(ends.far.get(), POLLIN);
        EXPECT_EQ(read_some(ends.far.get(), back), 10U);
        EXPECT_EQ(back, pattern(10));
        pool.give_back(pipe);
    }
}

TEST(Splice, AFullPipeIsEagainAndLosesNothing) {
    PipePool pool(1, 4'096);
    Ends ends = unix_ends();
    const std::vector<uint8_t> bytes = pattern(10'000);
    write_all(ends.far.get(), bytes);
    Pipe* pipe = *pool.borrow();
    std::vector<uint8_t> back;
    Ends out = unix_ends();
    while (back.size() < bytes.size()) {
        int64_t moved = splice_in(ends.near.get(), *pipe);
        ASSERT_GT(moved, 0);
        while ((moved = splice_in(ends.near.get(), *pipe)) > 0) {
        }
        EXPECT_EQ(moved, -EAGAIN);
        while (pipe->held_bytes > 0) ASSERT_GT(splice_out(*pipe, out.near.get()), 0);
        while (read_some(out.far.get(), back) > 0) {
        }
    }
    EXPECT_EQ(back, bytes);
    pool.give_back(pipe);
}

// One thread plays all three parts: whoever can move something does.
TEST(Splice, EightMegabytesOverTcpKeepTheirOrderAcrossFullSocketsAndPipes) {
    PipePool pool(1, kPipeBytes);
    Ends in = tcp_ends();
    Ends out = tcp_ends();
    const std::vector<uint8_t> bytes = pattern(8'000'000);
    std::span<const uint8_t> unsent(bytes);
    std::vector<uint8_t> back;
    Pipe* pipe = *pool.borrow();
    unsigned full_sockets = 0;
    for (bool ended = false; !ended || pipe->held_bytes > 0;) {
        if (!unsent.empty()) {
            const ssize_t sent = send(in.far.get(), unsent.data(), unsent.size(), MSG_NOSIGNAL);
            if (sent > 0) unsent = unsent.subspan(static_cast<size_t>(sent));
            if (unsent.empty()) shutdown(in.far.get(), SHUT_WR);
        }
        if (pipe->held_bytes == 0) ended = splice_in(in.near.get(), *pipe) == 0;
        const int64_t moved = splice_out(*pipe, out.near.get());
        if (moved != -EAGAIN) continue;
        ++full_sockets;  // read only when the socket is full: backpressure is provoked
        while (read_some(out.far.get(), back) > 0) {
        }
    }
    while (back.size() < bytes.size()) {
        wait_for(out.far.get(), POLLIN);
        ASSERT_GT(read_some(out.far.get(), back), 0U);
    }
    EXPECT_TRUE(back == bytes);
    EXPECT_GT(full_sockets, 0U);
    pool.give_back(pipe);
}

TEST(Splice, APeerThatHasGoneIsAnErrno) {
    signal(SIGPIPE, SIG_IGN);  // as the proxy does: splice(2) has no MSG_NOSIGNAL
    PipePool pool(1, kPipeBytes);
    Ends in = unix_ends();
    Ends out = unix_ends();
    write_all(in.far.get(), pattern(10));
    Pipe* pipe = *pool.borrow();
    ASSERT_EQ(splice_in(in.near.get(), *pipe), 10);
    out.far.reset();
    EXPECT_EQ(splice_out(*pipe, out.near.get()), -EPIPE);
    EXPECT_EQ(pipe->held_bytes, 10U);
    pool.give_back(pipe);
}

using PipePoolDeathTest = testing::Test;

TEST(PipePoolDeathTest, EndingWithALentPipeIsABrokenInvariant) {
    EXPECT_DEATH(
        {
            PipePool pool(1, kPipeBytes);
            (void)pool.borrow();
        },
        "lent_ == 0");
}

}  // namespace
}  // namespace jumpgate
