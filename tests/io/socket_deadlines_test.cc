#include "core/io/socket_deadlines.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>

#include "core/base/time.h"

namespace jumpgate {
namespace {

constexpr uint64_t kSoonMs = 20;
constexpr uint64_t kLaterMs = 3'600'000;

// A stream whose far end says whether the near one was shut down.
class Stream {
  public:
    Stream() {
        EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_.data()), 0);
        const timeval limit{30, 0};
        setsockopt(ends_[1], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    }
    ~Stream() {
        close(ends_[0]);
        close(ends_[1]);
    }
    int fd() const { return ends_[0]; }
    // Waits for it.
    bool is_shut() const {
        char byte = 0;
        ssize_t got = -1;
        do {  // the work of rings that other tests left interrupts a receive that has a limit
            got = recv(ends_[1], &byte, 1, 0);
        } while (got < 0 && errno == EINTR);
        return got == 0;
    }
    bool is_open() const {
        char byte = 0;
        return recv(ends_[1], &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
    }

  private:
    std::array<int, 2> ends_{};
};

TEST(SocketDeadlines, ShutWhatIsNotDoneInTime) {
    const Stream stream;
    SocketDeadlines deadlines;
    const uint64_t began_ns = monotonic_ns();
    deadlines.start(stream.fd(), kSoonMs);
    EXPECT_TRUE(stream.is_shut());
    EXPECT_GE(monotonic_ns() - began_ns, kSoonMs * kNanosPerMilli);
}

TEST(SocketDeadlines, LeaveWhatHasTimeOrIsStoppedOrHasANewOne) {
    const Stream patient;
    const Stream stopped;
    const Stream prolonged;
    const Stream first;
    const Stream last;
    SocketDeadlines deadlines;
    deadlines.start(patient.fd(), kLaterMs);
    deadlines.start(first.fd(), 1);
    EXPECT_TRUE(first.is_shut());
    deadlines.start(stopped.fd(), 5 * kSoonMs);
    deadlines.start(prolonged.fd(), 5 * kSoonMs);
    deadlines.stop(stopped.fd());
    deadlines.start(prolonged.fd(), kLaterMs);
    deadlines.start(last.fd(), 6 * kSoonMs);
    EXPECT_TRUE(last.is_shut());  // by then the others would have been
    for (const Stream* left : {&patient, &stopped, &prolonged}) EXPECT_TRUE(left->is_open());
}

TEST(SocketDeadlines, AnEarlierOneIsNotHeldUpByTheLaterOneThatIsWaitedFor) {
    const Stream late;
    const Stream early;
    SocketDeadlines deadlines;
    deadlines.start(late.fd(), kLaterMs);
    deadlines.start(early.fd(), kSoonMs);
    EXPECT_TRUE(early.is_shut());
    EXPECT_TRUE(late.is_open());
}

}  // namespace
}  // namespace jumpgate
