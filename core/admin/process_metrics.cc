#include "core/admin/process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "core/admin/metrics_text.h"

namespace jumpgate {

static double seconds(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

std::string process_metrics_text(uint64_t started_s) {
    MetricsText out;
    out.gauge("process_start_time_seconds", "When the process began, Unix time.",
              static_cast<double>(started_s));
    rusage usage{};
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        out.name("process_cpu_seconds_total", "counter", "CPU time, user and system.");
        out.sample(seconds(usage.ru_utime) + seconds(usage.ru_stime));
    }
    const auto page_bytes = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
    uint64_t virtual_pages = 0;
    uint64_t resident_pages = 0;
    if (std::ifstream("/proc/self/statm") >> virtual_pages >> resident_pages) {
        out.gauge("process_virtual_memory_bytes", "Address space.",
                  static_cast<double>(virtual_pages * page_bytes));
        out.gauge("process_resident_memory_bytes", "Memory in use.",
                  static_cast<double>(resident_pages * page_bytes));
    }
    std::error_code failed;
    const std::filesystem::directory_iterator open("/proc/self/fd", failed);
    if (!failed) {  // the one that lists them is among them
        const auto count = std::distance(begin(open), end(open)) - 1;
        out.gauge("process_open_fds", "Open descriptors, but for those in io_uring's tables.",
                  static_cast<double>(count));
    }
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        out.gauge("process_max_fds", "The most descriptors (RLIMIT_NOFILE).",
                  static_cast<double>(limit.rlim_cur));
    return out.text();
}

}  // namespace jumpgate
