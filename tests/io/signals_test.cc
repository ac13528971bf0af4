// SignalWatch: signals of this process as completions; the descriptor limit.
#include "core/io/signals.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <vector>

#include "tests/io/kernel.h"

namespace jumpgate {
namespace {

// In a child: blocking signals and ignoring SIGPIPE would outlive the test.
void every_signal_is_delivered_in_turn() {
    block_signals();
    std::vector<int> seen;
    const auto note = [](void* context, int number) {
        static_cast<std::vector<int>*>(context)->push_back(number);
    };
    std::unique_ptr<Ring> ring = open_ring({});
    SignalWatch watch(*ring, note, &seen);
    std::vector<int> sent;
    for (int round = 0; round < 2; ++round) {
        for (int number : {SIGTERM, SIGINT, SIGQUIT, SIGHUP}) {
            kill(getpid(), number);
            sent.push_back(number);
            if (!turn_until(*ring, [&] { return seen.size() == sent.size(); })) _exit(2);
        }
    }
    raise(SIGPIPE);  // ignored
    ring = nullptr;
    _exit(seen == sent ? 0 : 1);
}

TEST(SignalWatchDeathTest, DeliversEverySignalInTurn) {
    EXPECT_EXIT(every_signal_is_delivered_in_turn(), testing::ExitedWithCode(0), "");
}

TEST(DescriptorLimit, IsRaisedToTheHardLimit) {
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    const LoweredLimit limit(RLIMIT_NOFILE, before.rlim_max / 2);
    EXPECT_EQ(raise_descriptor_limit(), before.rlim_max);
    rlimit after{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &after), 0);
    EXPECT_EQ(after.rlim_cur, before.rlim_max);
}

}  // namespace
}  // namespace jumpgate
