// The self-test: what it finds, and that it leaves nothing behind when a step of it is refused.
#include "core/io/self_test.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>
#include <set>
#include <sstream>

#include "tests/io/kernel.h"
#include "tests/io/seccomp.h"

namespace jumpgate {
namespace {

TEST(SelfTest, FindsTheSameEveryTimeAndLeavesTheRingUsable) {
    std::unique_ptr<Ring> ring = open_ring({});
    const Capabilities first = ring->capabilities();
    for (int i = 0; i < 20; ++i) {
        Capabilities again = find_capabilities(*ring);
        again.defer_taskrun = first.defer_taskrun;  // known since the ring was set up
        EXPECT_EQ(again.line(), first.line());
    }
    settle(*ring);
    EXPECT_EQ(ring->counters().stray_errors, 0U);
}

TEST(SelfTest, FindsWhatLaterCapabilitiesImply) {
    const Capabilities found = open_ring({})->capabilities();
    EXPECT_TRUE(!found.recv_budget || found.recv_multishot);
    EXPECT_TRUE(!found.peer_name || found.socket_options);
}

TEST(SelfTest, OpensNoDescriptorThatStays) {
    const Fd before(dup(0));
    std::unique_ptr<Ring> ring = open_ring({});
    const Fd after(dup(0));
    EXPECT_EQ(after.get(), before.get() + 2);  // the ring itself, no more
}

TEST(SelfTest, NamesEveryCapabilityOnceInTheOrderOfTheLine) {
    std::istringstream line(Capabilities().line());
    std::vector<std::string> words;
    for (std::string word; line >> word;) words.push_back(word);
    const std::vector<std::string> names = capability_names();
    EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), sizeof(Capabilities));
    ASSERT_EQ(words.size(), names.size());
    for (size_t i = 0; i < names.size(); ++i) EXPECT_EQ(words[i], fmt::format("-{}", names[i]));
}

TEST(SelfTest, WithoutADescriptorToSpareTheRingStillOpens) {
    const LoweredLimit limit(RLIMIT_NOFILE, lowest_free_fd() + 2);  // the ring and one more
    Result<std::unique_ptr<Ring>> ring = Ring::open({});
    ASSERT_TRUE(ring);
    EXPECT_FALSE((*ring)->capabilities().recv_multishot);
    EXPECT_FALSE((*ring)->capabilities().socket_options);
}

// A receive that was armed and never fed must not outlive the frame that holds its Op.
TEST(SelfTestDeathTest, AStepThatIsRefusedLeavesNoOperationBehind) {
    EXPECT_EXIT(
        {
            if (!deny_system_call(__NR_sendto, EPERM)) _exit(2);
            std::unique_ptr<Ring> ring = open_ring({});
            if (ring == nullptr || ring->capabilities().recv_multishot) _exit(3);
            for (int i = 0; i < 20; ++i) {
                if (ring->turn(kNanosPerMilli) != 0) _exit(4);
            }
            _exit(0);
        },
        testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace jumpgate
