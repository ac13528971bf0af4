#include "core/io/cpu.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <thread>

namespace jumpgate {
namespace {

TEST(PinToCpu, CountsOnlyTheCpusThatAreAllowedAndWrapsAround) {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    ASSERT_EQ(sched_getaffinity(0, sizeof allowed, &allowed), 0);
    const auto count = static_cast<unsigned>(CPU_COUNT(&allowed));
    for (unsigned index = 0; index < 2 * count; ++index) {
        std::thread([&] {  // pinned for its life; the test's own thread stays free
            ASSERT_TRUE(pin_to_cpu(index));
            cpu_set_t mine;
            CPU_ZERO(&mine);
            ASSERT_EQ(sched_getaffinity(0, sizeof mine, &mine), 0);
            EXPECT_EQ(CPU_COUNT(&mine), 1);
            unsigned before = 0;  // allowed CPUs below the one that this thread got
            for (int cpu = 0; !CPU_ISSET(cpu, &mine); ++cpu)
                before += CPU_ISSET(cpu, &allowed) != 0;
            EXPECT_EQ(before, index % count);
        })
            .join();
    }
}

}  // namespace
}  // namespace jumpgate
