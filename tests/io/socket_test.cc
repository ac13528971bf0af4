// Moving bytes and ending: receives, sends, half-close, cancel and close, with every fallback.
#include "core/io/socket.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

#include "core/io/self_test.h"
#include "tests/io/kernel.h"
#include "tests/io/stream.h"

namespace jumpgate {
namespace {

constexpr uint16_t kGroup = 1;

class SocketTest : public testing::Test {
  protected:
    void open(uint32_t buffers, uint32_t buffer_bytes, std::vector<std::string> disabled = {}) {
        buffers_ = nullptr;
        ring_ = open_ring({.accept_slots = 16, .dial_slots = 16}, std::move(disabled));
        buffers_ = std::move(*BufferRing::open(*ring_, kGroup, buffers, buffer_bytes));
    }
    template <class Condition>
    bool until(Condition condition) {
        return turn_until(*ring_, condition);
    }
    // Ends a receive that may be armed, so that its socket can be closed.
    void stop(Reader& reader, Socket socket) {
        reader.arm_again = false;
        cancel_all(*ring_, socket);
        settle(*ring_);
    }

    std::unique_ptr<Ring> ring_;
    std::unique_ptr<BufferRing> buffers_;
};

// ---- The whole life of a connection, with each capability missing ----------------------------

TEST_F(SocketTest, AConnectionLivesAndEndsWithoutEachOfTheCapabilities) {
    std::vector<std::vector<std::string>> missing = {{}, capability_names()};
    for (const std::string& name : capability_names()) missing.push_back({name});
    for (const auto& disabled : missing) {
        for (int family : {AF_INET, AF_INET6}) {
            open(32, 1'024, disabled);
            SCOPED_TRACE(ring_->capabilities().line());
            const std::vector<uint8_t> greeting = pattern(100);
            const std::vector<uint8_t> there = pattern(100'000, 2);
            const std::vector<uint8_t> back = pattern(100'000, 3);
            const Listener listener(family);
            const Connected connected(*ring_, listener, greeting);
            Reader server(*ring_, *buffers_, connected.server, 10'000);
            Reader client(*ring_, *buffers_, connected.client);
            Recorder sent_there;
            Recorder sent_back;
            server.arm();
            client.arm();
            send_all(*ring_, sent_there, connected.client, there);
            ASSERT_TRUE(until([&] { return server.bytes.size() == 100'100; }));
            HalfClose half(*ring_, connected.client);
            ASSERT_TRUE(until([&] { return half.done && server.ended; }));
            EXPECT_EQ(server.end, 0);
            send_all(*ring_, sent_back, connected.server, back);  // the other half is still open
            ASSERT_TRUE(until([&] { return client.bytes.size() == 100'000; }));
            HalfClose other(*ring_, connected.server);
            ASSERT_TRUE(until([&] { return other.done && client.ended; }));
            EXPECT_TRUE(std::equal(greeting.begin(), greeting.end(), server.bytes.begin()));
            EXPECT_TRUE(std::equal(there.begin(), there.end(), server.bytes.begin() + 100));
            EXPECT_EQ(client.bytes, back);
            EXPECT_EQ(sent_there.result() + sent_back.result(), 200'000);
            EXPECT_EQ(buffers_->held(), 0U);
        }
    }
}

// ---- Receiving -------------------------------------------------------------------------------

TEST_F(SocketTest, ABudgetEndsAReceiveWithinOneBufferOfIt) {
    constexpr uint32_t kBuffer = 1'024;
    open(128, kBuffer);
    if (!ring_->capabilities().recv_budget) GTEST_SKIP() << "the kernel knows no budget";
    for (uint32_t budget : {1U, 1'024U, 5'000U, 30'000U}) {
        SCOPED_TRACE(budget);
        const Listener listener;
        const Connected connected(*ring_, listener);
        const std::vector<uint8_t> bytes = pattern(60'000);
        Recorder sent;
        send_all(*ring_, sent, connected.client, bytes);
        ASSERT_TRUE(until([&] { return sent.answered(); }));
        Reader reader(*ring_, *buffers_, connected.server, budget);
        reader.arm_again = false;
        reader.arm();
        ASSERT_TRUE(until([&] { return reader.pauses == 1; }));
        settle(*ring_);
        EXPECT_GE(reader.bytes.size(), std::min<size_t>(budget, kBuffer));
        EXPECT_LT(reader.bytes.size(), budget + kBuffer);
        reader.arm_again = true;
        reader.arm();
        ASSERT_TRUE(until([&] { return reader.bytes.size() == 60'000; }));
        EXPECT_EQ(reader.bytes, bytes);
        EXPECT_GE(reader.arms, 60'000 / (budget + kBuffer));
        stop(reader, connected.server);
    }
}

TEST_F(SocketTest, WithoutABudgetOneArmReceivesForEver) {
    open(64, 1'024);
    if (!ring_->capabilities().recv_multishot) GTEST_SKIP() << "the kernel has no multishot";
    const Listener listener;
    const Connected connected(*ring_, listener);
    Reader reader(*ring_, *buffers_, connected.server);
    reader.arm();
    const std::vector<uint8_t> bytes = pattern(100);
    for (int i = 0; i < 200; ++i) {
        Recorder sent;
        send_all(*ring_, sent, connected.client, bytes);
        const size_t wanted = reader.bytes.size() + 100;
        ASSERT_TRUE(until([&] { return sent.answered() && reader.bytes.size() == wanted; }));
    }
    EXPECT_EQ(reader.arms, 1U);
    stop(reader, connected.server);
}

TEST_F(SocketTest, AnEmptyBufferRingPausesTheReaderUntilBuffersAreBack) {
    for (const char* disabled : {"", "recv_multishot"}) {
        SCOPED_TRACE(disabled);
        open(16, 64, {disabled});
        const Listener listener;
        const Connected connected(*ring_, listener);
        const std::vector<uint8_t> bytes = pattern(10'000);
        Recorder sent;
        send_all(*ring_, sent, connected.client, bytes);
        Reader reader(*ring_, *buffers_, connected.server);
        reader.hold = true;
        reader.arm();
        while (reader.bytes.size() < bytes.size()) {
            const unsigned before = reader.starved;
            ASSERT_TRUE(until(
                [&] { return reader.starved > before || reader.bytes.size() == bytes.size(); }));
            settle(*ring_);
            EXPECT_LE(buffers_->held(), 16U);
            reader.release_held();
        }
        EXPECT_EQ(reader.bytes, bytes);
        EXPECT_GE(buffers_->exhaustions(), 9U);
        stop(reader, connected.server);
        EXPECT_EQ(buffers_->held(), 0U);
    }
}

TEST_F(SocketTest, AnEmptyBufferRingDoesNotEndAReceiveThatHasNoData) {
    open(16, 64);
    const Listener listener;
    const Connected connected(*ring_, listener);
    const Connected hog(*ring_, listener);
    Reader greedy(*ring_, *buffers_, hog.server);
    greedy.hold = true;
    const std::vector<uint8_t> bytes = pattern(16 * 64);
    Recorder sent;
    send_all(*ring_, sent, hog.client, bytes);
    greedy.arm();
    ASSERT_TRUE(until([&] { return buffers_->held() == 16; }));
    Reader idle(*ring_, *buffers_, connected.server);
    idle.arm();
    settle(*ring_);
    EXPECT_EQ(idle.pauses, 0U);
    greedy.release_held();
    stop(idle, connected.server);
    stop(greedy, hog.server);
}

TEST_F(SocketTest, ReceiveOnceAnswersWhetherDataIsThereAlreadyOrComesLater) {
    open(64, 256);
    const Listener listener;
    const Connected connected(*ring_, listener);
    const std::vector<uint8_t> bytes = pattern(10);
    for (int i = 0; i < 2'000; ++i) {
        Recorder sent;
        Recorder received;
        if (i % 2 == 0) {  // the data is in the socket before the receive is armed
            send_all(*ring_, sent, connected.client, bytes);
            ASSERT_TRUE(until([&] { return sent.answered(); }));
            recv_once(*ring_, received, connected.server, kGroup);
        } else {
            recv_once(*ring_, received, connected.server, kGroup);
            ring_->turn(0);
            send_all(*ring_, sent, connected.client, bytes);
        }
        ASSERT_TRUE(until([&] { return sent.answered() && received.answered(); })) << i;
        ASSERT_EQ(received.result(), 10);
        buffers_->taken();
        buffers_->release(received.got[0].buffer());
    }
}

// ---- Sending ---------------------------------------------------------------------------------

TEST_F(SocketTest, ReceivesIntoOurOwnMemoryWhetherDataIsThereAlreadyOrComesLater) {
    for (const auto& disabled : {std::vector<std::string>{}, capability_names()}) {
        open(16, 1'024, disabled);
        const Listener listener;
        const Connected connected(*ring_, listener);
        const std::vector<uint8_t> bytes = pattern(100);
        for (const bool early : {false, true}) {
            std::array<uint8_t, 60> room{};
            Recorder sent;
            Recorder received;
            if (early) {
                send_all(*ring_, sent, connected.client, bytes);
                ASSERT_TRUE(until([&] { return sent.answered(); }));
            }
            recv_into(*ring_, received, connected.server, room);
            settle(*ring_);
            EXPECT_EQ(received.answered(), early);
            if (!early) send_all(*ring_, sent, connected.client, std::span(bytes).first(50));
            ASSERT_TRUE(until([&] { return received.answered() && sent.answered(); }));
            const size_t expected = early ? 60 : 50;
            EXPECT_EQ(received.result(), static_cast<int32_t>(expected));
            EXPECT_TRUE(std::equal(room.begin(), room.begin() + expected, bytes.begin()));
        }
        EXPECT_EQ(buffers_->held(), 0U);
    }
}

TEST_F(SocketTest, EightMegabytesToASlowReaderAreOneSend) {
    open(16, 64);
    const Listener listener;
    const Fd client = plain_client(listener.address, 65'536);
    Recorder accepted;
    listener.accept_into(*ring_, accepted);
    ASSERT_TRUE(until([&] { return accepted.answered(); }));
    const std::vector<uint8_t> bytes = pattern(8'000'000);
    Recorder sent;
    send_all(*ring_, sent, Socket{accepted.result()}, bytes);
    settle(*ring_);
    EXPECT_FALSE(sent.answered());
    std::vector<uint8_t> got(bytes.size());
    size_t received = 0;
    ASSERT_TRUE(until([&] {
        const ssize_t count =
            recv(client.get(), got.data() + received, got.size() - received, MSG_DONTWAIT);
        if (count > 0) received += static_cast<size_t>(count);
        return received == got.size();
    }));
    ASSERT_TRUE(until([&] { return sent.answered(); }));
    EXPECT_EQ(sent.result(), 8'000'000);
    EXPECT_EQ(sent.got.size(), 1U);
    EXPECT_TRUE(got == bytes);
}

TEST_F(SocketTest, GatheredPiecesArriveInOrderAndTheirListIsFreeAfterTheSubmission) {
    open(64, 1'024);
    const Listener listener;
    const Connected connected(*ring_, listener);
    Reader reader(*ring_, *buffers_, connected.server);
    reader.arm();
    std::vector<uint8_t> bytes = pattern(3'000'000);
    std::vector<iovec> pieces;
    for (size_t at = 0; at < bytes.size(); at += 60'000) pieces.push_back({&bytes[at], 60'000});
    Recorder sent;
    {
        msghdr message{};
        message.msg_iov = pieces.data();
        message.msg_iovlen = pieces.size();
        send_gathered(*ring_, sent, connected.client, message);
        ring_->turn(0);
        std::ranges::fill(pieces, iovec{});
        message = {};
    }
    ASSERT_TRUE(until([&] { return sent.answered() && reader.bytes.size() == bytes.size(); }));
    EXPECT_EQ(sent.result(), 3'000'000);
    EXPECT_TRUE(reader.bytes == bytes);
    stop(reader, connected.server);
}

TEST_F(SocketTest, ASendToAPeerThatHasGoneIsAnErrorNotASignal) {
    open(16, 64);
    const Listener listener;
    Fd client = plain_client(listener.address);
    Recorder accepted;
    listener.accept_into(*ring_, accepted);
    ASSERT_TRUE(until([&] { return accepted.answered(); }));
    const linger reset = {.l_onoff = 1, .l_linger = 0};
    setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    client.reset();
    const std::vector<uint8_t> bytes = pattern(100);
    for (int32_t expected : {-ECONNRESET, -EPIPE}) {
        Recorder sent;
        send_all(*ring_, sent, Socket{accepted.result()}, bytes);
        ASSERT_TRUE(until([&] { return sent.answered(); }));
        EXPECT_EQ(sent.result(), expected);
    }
}

// ---- Ending ----------------------------------------------------------------------------------

TEST_F(SocketTest, HalfCloseWithoutADescriptorToSpareGoesTheSlowWay) {
    open(16, 64);
    const Listener listener;
    const Connected connected(*ring_, listener);
    Reader reader(*ring_, *buffers_, connected.server);
    reader.arm();
    {
        const LoweredLimit limit(RLIMIT_NOFILE, lowest_free_fd());
        HalfClose half(*ring_, connected.client);
        ASSERT_TRUE(until([&] { return half.done && reader.ended; }));
        EXPECT_EQ(half.slow, ring_->capabilities().fd_install);
    }
    EXPECT_EQ(reader.end, 0);
    // The answer of the slow way is 0, which is no descriptor of ours to close.
    EXPECT_NE(fcntl(0, F_GETFD), -1);
}

// A daemon may be started without standard input: then 0 could be the installed descriptor.
void half_close_without_stdin() {
    close(0);
    std::unique_ptr<Ring> ring = open_ring();
    std::unique_ptr<BufferRing> buffers = std::move(*BufferRing::open(*ring, kGroup, 16, 64));
    const Listener listener;
    const Connected connected(*ring, listener);
    Reader reader(*ring, *buffers, connected.server);
    reader.arm();
    HalfClose half(*ring, connected.client);
    const bool ended = turn_until(*ring, [&] { return half.done && reader.ended; });
    _exit(ended && reader.end == 0 && !testing::Test::HasFailure() ? 0 : 1);
}

TEST(SocketDeathTest, HalfCloseWorksWithoutStandardInput) {
    EXPECT_EXIT(half_close_without_stdin(), testing::ExitedWithCode(0), "");
}

TEST_F(SocketTest, HalfCloseAfterAResetEnds) {
    for (const char* disabled : {"", "fd_install"}) {
        open(16, 64, {disabled});
        const Listener listener;
        Fd client = plain_client(listener.address);
        Recorder accepted;
        listener.accept_into(*ring_, accepted);
        ASSERT_TRUE(until([&] { return accepted.answered(); }));
        const linger reset = {.l_onoff = 1, .l_linger = 0};
        setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        client.reset();
        HalfClose half(*ring_, Socket{accepted.result()});
        EXPECT_TRUE(until([&] { return half.done; }));
        EXPECT_FALSE(half.slow);
    }
}

TEST_F(SocketTest, CancelEndsThatOperationAndNoOther) {
    open(16, 64);
    const Listener listener;
    const Connected connected(*ring_, listener);
    Recorder receive;
    Recorder poll;
    recv_once(*ring_, receive, connected.server, kGroup);
    poll_once(*ring_, poll, connected.server, POLLRDHUP);
    ring_->turn(0);
    cancel(*ring_, receive);
    ASSERT_TRUE(until([&] { return receive.answered(); }));
    EXPECT_EQ(receive.result(), -ECANCELED);
    settle(*ring_);
    EXPECT_FALSE(poll.answered());
    cancel(*ring_, receive);  // too late: nothing happens, nothing is counted
    cancel(*ring_, poll);
    ASSERT_TRUE(until([&] { return poll.answered(); }));
    EXPECT_EQ(poll.result(), -ECANCELED);
    EXPECT_EQ(receive.got.size(), 1U);
}

TEST_F(SocketTest, CancelInTheSameSubmissionAsTheReceiveEndsIt) {
    open(16, 64);
    const Listener listener;
    const Connected connected(*ring_, listener);
    for (uint32_t budget : {0U, 100U}) {
        Recorder receive;
        recv_many(*ring_, receive, connected.server, kGroup, budget);
        cancel(*ring_, receive);
        ASSERT_TRUE(until([&] { return receive.ended(); }));
        EXPECT_EQ(receive.result(), -ECANCELED);
    }
}

TEST_F(SocketTest, CancelOfASendThatWaitsReportsWhatHasGone) {
    open(16, 64);
    const Listener listener;
    const Connected connected(*ring_, listener);
    const std::vector<uint8_t> bytes(64'000'000);
    Recorder sent;
    send_all(*ring_, sent, connected.client, bytes);
    settle(*ring_);
    ASSERT_FALSE(sent.answered());
    cancel(*ring_, sent);
    ASSERT_TRUE(until([&] { return sent.answered(); }));
    EXPECT_TRUE(sent.result() == -ECANCELED || sent.result() > 0) << sent.result();
    EXPECT_LT(sent.result(), 64'000'000);
}

TEST_F(SocketTest, CancelAllEndsWhatIsOnTheSocketAndNothingElse) {
    open(16, 64);
    const Listener listener;
    const Connected one(*ring_, listener);
    const Connected other(*ring_, listener);
    Recorder receive;
    Recorder poll;
    Recorder elsewhere;
    recv_many(*ring_, receive, one.server, kGroup, 0);
    poll_once(*ring_, poll, one.server, POLLRDHUP);
    recv_once(*ring_, elsewhere, other.server, kGroup);
    ring_->turn(0);
    cancel_all(*ring_, one.server);
    ASSERT_TRUE(until([&] { return receive.ended() && poll.answered(); }));
    EXPECT_EQ(receive.result(), -ECANCELED);
    EXPECT_EQ(poll.result(), -ECANCELED);
    settle(*ring_);
    EXPECT_FALSE(elsewhere.answered());
    cancel(*ring_, elsewhere);
    EXPECT_TRUE(until([&] { return elsewhere.answered(); }));
}

TEST(Peek, CopiesWhatWaitsAndLeavesIt) {
    int fds[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    std::array<uint8_t, 4> into{};
    EXPECT_EQ(peek(fds[0], into), 0U);  // and does not wait
    ASSERT_EQ(write(fds[1], "abcdef", 6), 6);
    for (int round = 0; round < 2; ++round) EXPECT_EQ(peek(fds[0], into), 4U);
    EXPECT_EQ(into[3], 'd');
    std::array<char, 8> all{};
    EXPECT_EQ(read(fds[0], all.data(), all.size()), 6);
    close(fds[1]);
    EXPECT_EQ(peek(fds[0], into), 0U);
    close(fds[0]);
    EXPECT_EQ(peek(fds[0], into), 0U);
}

TEST_F(SocketTest, InstallGivesAnOrdinaryDescriptorThatClosesOnExec) {
    open(16, 64);
    if (!ring_->capabilities().fd_install) GTEST_SKIP() << "the kernel cannot install";
    const Listener listener;
    const Connected connected(*ring_, listener);
    for (Socket socket : {connected.client, connected.server}) {
        Recorder installed;
        install_fd(*ring_, installed, socket);
        ASSERT_TRUE(until([&] { return installed.answered(); }));
        const Fd fd(installed.result());
        ASSERT_GT(fd.get(), 0);
        EXPECT_NE(fcntl(fd.get(), F_GETFD) & FD_CLOEXEC, 0);
        EXPECT_NE(fcntl(fd.get(), F_GETFL) & O_NONBLOCK, 0);  // what splice(2) needs
    }
    const LoweredLimit limit(RLIMIT_NOFILE, lowest_free_fd());
    Recorder refused;
    install_fd(*ring_, refused, connected.client);
    ASSERT_TRUE(until([&] { return refused.answered(); }));
    EXPECT_EQ(refused.result(), -EMFILE);
}

}  // namespace
}  // namespace jumpgate
