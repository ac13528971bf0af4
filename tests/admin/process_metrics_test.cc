#include "core/admin/process_metrics.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <string>
#include <vector>

namespace jumpgate {
namespace {

double value_of(const std::string& text, const std::string& name) {
    const size_t at = ("\n" + text).find("\n" + name + " ");
    EXPECT_NE(at, std::string::npos) << name << " in\n" << text;
    return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size()));
}

TEST(ProcessMetrics, HasTheNamesThatDashboardsLookFor) {
    const std::string text = process_metrics_text(1'700'000'000);
    EXPECT_EQ(value_of(text, "process_start_time_seconds"), 1'700'000'000);
    EXPECT_GT(value_of(text, "process_resident_memory_bytes"), 1'000'000);
    EXPECT_GT(value_of(text, "process_virtual_memory_bytes"),
              value_of(text, "process_resident_memory_bytes"));
    rlimit limit{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    EXPECT_EQ(value_of(text, "process_max_fds"), static_cast<double>(limit.rlim_cur));
}

TEST(ProcessMetrics, CountsDescriptorsAndCpuTime) {
    const std::string before = process_metrics_text(0);
    std::vector<int> more;
    for (int i = 0; i < 7; ++i) more.push_back(open("/dev/null", O_RDONLY | O_CLOEXEC));
    uint64_t work = 1;
    std::string after;
    do {
        for (int i = 0; i < 1'000'000; ++i) work = work * 6'364'136'223'846'793'005U + 1;
        after = process_metrics_text(work == 0 ? 1 : 0);
    } while (value_of(after, "process_cpu_seconds_total") ==
             value_of(before, "process_cpu_seconds_total"));
    EXPECT_GT(value_of(after, "process_cpu_seconds_total"),
              value_of(before, "process_cpu_seconds_total"));
    EXPECT_EQ(value_of(after, "process_open_fds"), value_of(before, "process_open_fds") + 7);
    for (const int fd : more) close(fd);
}

}  // namespace
}  // namespace jumpgate
