// jumpgate: reads the command line, starts the server, ends with its exit code.
#include <fmt/format.h>

#include <cstdio>
#include <variant>

#include "core/base/log.h"
#include "core/config/flags.h"
#include "core/config/rules.h"
#include "core/proxy/server.h"
#include "tls/context.h"

namespace {

// What --version says: ours, what we were built with, and what this kernel offers.
std::string version_text() {
    std::string text = fmt::format("jumpgate {}\nliburing {}.{}, {}, xxHash XXH3, fmt {}\n",
                                   JUMPGATE_VERSION, IO_URING_VERSION_MAJOR,
                                   IO_URING_VERSION_MINOR, jumpgate::tls::library_version(),
                                   FMT_VERSION);
    jumpgate::RingLimits limits;
    limits.submissions = limits.completions = 16;
    auto ring = jumpgate::Ring::open(limits);
    text += ring ? "io_uring " + (*ring)->capabilities().line()
                 : jumpgate::explain_ring_failure(ring.error(), limits);
    return text + "\n";
}

bool asks_version(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
        if (std::string_view(argv[i]) == "--version") return true;
    }
    return false;
}

// What the limits imply, before anything is started: a process that cannot have it should say so.
void log_memory_plan(const jumpgate::Config& config) {
    if (config.log_level < jumpgate::LogLevel::Info) return;
    const bool json = config.log_format == jumpgate::LogFormat::Json;
    jumpgate::LogLine line(json ? jumpgate::LineFormat::Json : jumpgate::LineFormat::Text,
                           jumpgate::Severity::Info, "memory");
    const std::string_view text = line.field("plan", jumpgate::memory_plan(config)).finish();
    std::fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace

int main(int argc, char** argv) {
    const std::string version = asks_version(argc, argv) ? version_text() : std::string();
    auto parsed = jumpgate::parse_flags(argc, argv, version);
    if (const auto* exit = std::get_if<jumpgate::FlagsExit>(&parsed)) {
        std::fputs(exit->text.c_str(), exit->to_stderr ? stderr : stdout);
        return exit->exit_code;
    }
    const auto& config = std::get<jumpgate::Config>(parsed);
    jumpgate::block_signals();
    log_memory_plan(config);
    return jumpgate::Server(config).run();
}
