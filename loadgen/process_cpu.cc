#include "loadgen/process_cpu.h"

#include <dirent.h>
#include <unistd.h>

#include <charconv>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>

namespace jumpgate::load {

namespace {

struct Process {
    pid_t parent = 0;
    uint64_t ticks = 0;
};

struct CloseFolder {
    void operator()(DIR* folder) const { closedir(folder); }
};

// Field 2 of stat, the name, may hold anything; the last ')' ends it (proc_pid_stat(5)).
std::optional<Process> read_process(const std::string& pid) {
    std::ifstream file("/proc/" + pid + "/stat");
    std::string line;
    if (!std::getline(file, line)) return std::nullopt;
    const size_t name_end = line.rfind(')');
    if (name_end == std::string::npos) return std::nullopt;
    std::istringstream fields(line.substr(name_end + 1));
    std::string skipped;
    Process process;
    fields >> skipped >> process.parent;  // 3 state, 4 ppid
    for (int field = 5; field <= 13; ++field) fields >> skipped;
    for (int field = 14; field <= 17; ++field) {  // utime, stime, cutime, cstime
        uint64_t ticks = 0;
        fields >> ticks;
        process.ticks += ticks;
    }
    return fields ? std::optional(process) : std::nullopt;
}

bool descends_from(const std::map<pid_t, Process>& all, pid_t pid, pid_t ancestor) {
    for (size_t steps = 0; steps <= all.size(); ++steps) {
        if (pid == ancestor) return true;
        const auto found = all.find(pid);
        if (found == all.end()) return false;
        pid = found->second.parent;
    }
    return false;
}

}  // namespace

std::optional<uint64_t> tree_cpu_us(pid_t pid) {
    const std::unique_ptr<DIR, CloseFolder> folder(opendir("/proc"));
    if (folder == nullptr) return std::nullopt;
    std::map<pid_t, Process> all;
    while (const dirent* entry = readdir(folder.get())) {
        pid_t number = 0;
        const char* end = entry->d_name + std::strlen(entry->d_name);
        if (std::from_chars(entry->d_name, end, number).ptr != end) continue;
        if (const std::optional<Process> process = read_process(entry->d_name))
            all.emplace(number, *process);
    }
    if (!all.contains(pid)) return std::nullopt;
    uint64_t ticks = 0;
    for (const auto& [number, process] : all)
        if (descends_from(all, number, pid)) ticks += process.ticks;
    return ticks * 1'000'000 / static_cast<uint64_t>(sysconf(_SC_CLK_TCK));
}

}  // namespace jumpgate::load
