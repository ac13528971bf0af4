#include "loadgen/environment.h"

#include <fmt/format.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <string_view>

#include "core/base/code_point.h"
#include "core/base/time.h"

namespace jumpgate::load {

namespace {

constexpr std::string_view kMasked = "'***'";

// The first "model name" (x86) or "Model" (some ARM boards) of /proc/cpuinfo.
std::string cpu_model() {
    std::FILE* file = std::fopen("/proc/cpuinfo", "re");
    if (file == nullptr) return {};
    std::string model;
    char line[1'024];
    while (model.empty() && std::fgets(line, sizeof line, file) != nullptr) {
        const std::string_view text(line);
        if (!text.starts_with("model name") && !text.starts_with("Model")) continue;
        const size_t colon = text.find(": ");
        if (colon == text.npos) continue;
        model = well_formed(text.substr(colon + 2, text.find('\n') - colon - 2));
    }
    std::fclose(file);
    return model;
}

uint64_t usable_cpus() {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 0;
    return static_cast<uint64_t>(CPU_COUNT(&set));
}

bool is_plain(std::string_view text) {
    constexpr std::string_view kPlain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=+./,:@%";
    return !text.empty() && text.find_first_not_of(kPlain) == text.npos;
}

// For what '' cannot hold on one line of UTF-8: $'' of bash and zsh (ANSI-C quoting).
std::string escaped(std::string_view text) {
    std::string out = "$'";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '\'' || c == '\\') {
            out += '\\';
            out += c;
        } else if (byte >= 0x20 && byte < 0x7F) {
            out += c;
        } else {
            out += fmt::format("\\x{:02x}", byte);
        }
    }
    return out + "'";
}

std::string quoted(std::string_view text) {
    if (is_plain(text)) return std::string(text);
    const bool control = std::ranges::any_of(
        text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
    if (control || well_formed(text) != text) return escaped(text);
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'') {
            out += "'\\''";
        } else {
            out += c;
        }
    }
    return out + "'";
}

}  // namespace

Environment look_around() {
    Environment environment;
    utsname names{};
    if (uname(&names) == 0) {
        environment.host = well_formed(names.nodename);
        environment.kernel = fmt::format("{} {} {}", names.sysname, names.release, names.machine);
    }
    environment.cpu = cpu_model();
    environment.cpus = usable_cpus();
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) environment.descriptors_max = limit.rlim_cur;
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    environment.start_unix_ns =
        static_cast<uint64_t>(now.tv_sec) * kNanosPerSecond + static_cast<uint64_t>(now.tv_nsec);
    return environment;
}

std::string utc_text(uint64_t unix_ns) {
    const auto seconds = static_cast<time_t>(unix_ns / kNanosPerSecond);
    tm parts{};
    gmtime_r(&seconds, &parts);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    return fmt::format("{}.{:03}Z", text, unix_ns % kNanosPerSecond / kNanosPerMilli);
}

std::string command_line(std::span<const char* const> arguments) {
    std::string line;
    bool secret = false;
    for (const std::string_view argument : arguments) {
        if (!line.empty()) line += ' ';
        if (secret) {
            line += kMasked;
            secret = false;
        } else if (argument == "-P" || argument == "--password") {
            line += argument;
            secret = true;
        } else if (argument.starts_with("--password=")) {
            line += fmt::format("--password={}", kMasked);
        } else if (argument.starts_with("-P")) {
            line += fmt::format("-P{}", kMasked);
        } else {
            line += quoted(argument);
        }
    }
    return line;
}

}  // namespace jumpgate::load
