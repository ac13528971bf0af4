#include "loadgen/process_cpu.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <ctime>

namespace jumpgate::load {
namespace {

void burn_cpu(clock_t ticks) {
    const clock_t begin = std::clock();
    while (std::clock() - begin < ticks) continue;
}

TEST(ProcessCpu, GrowsWithTheWorkOfAProcess) {
    const std::optional<uint64_t> before = tree_cpu_us(getpid());
    ASSERT_TRUE(before);
    burn_cpu(CLOCKS_PER_SEC / 10);
    const std::optional<uint64_t> after = tree_cpu_us(getpid());
    ASSERT_TRUE(after);
    EXPECT_GE(*after - *before, 80'000U);
}

TEST(ProcessCpu, HoldsTheChildrenOfAProcess) {
    const uint64_t before = tree_cpu_us(getpid()).value_or(0);
    int ready[2];
    ASSERT_EQ(pipe(ready), 0);
    const pid_t child = fork();
    if (child == 0) {
        burn_cpu(CLOCKS_PER_SEC / 5);
        (void)!write(ready[1], "x", 1);
        pause();
    }
    char byte = 0;
    ASSERT_EQ(read(ready[0], &byte, 1), 1);
    EXPECT_GE(tree_cpu_us(getpid()).value_or(0) - before, 150'000U) << "while it lives";
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    EXPECT_GE(tree_cpu_us(getpid()).value_or(0) - before, 150'000U) << "when it was waited for";
    EXPECT_FALSE(tree_cpu_us(child));
    close(ready[0]);
    close(ready[1]);
}

}  // namespace
}  // namespace jumpgate::load
