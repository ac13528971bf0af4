// jumpgate: reads its settings, starts the server, ends with its exit code.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <string_view>
#include <variant>

#include "core/base/log.h"
#include "core/config/load.h"
#include "core/config/rules.h"
#include "core/proxy/server.h"
#include "tls/context.h"

namespace {

using jumpgate::Severity;

// What --version says: ours, what we were built with, and what this kernel offers.
std::string version_text() {
    std::string text = fmt::format("jumpgate {}\nliburing {}.{}, {}, xxHash XXH3, fmt {}\n",
                                   JUMPGATE_VERSION, IO_URING_VERSION_MAJOR, IO_URING_VERSION_MINOR,
                                   jumpgate::tls::library_version(), FMT_VERSION);
    jumpgate::RingLimits limits;
    limits.submissions = limits.completions = 16;
    auto ring = jumpgate::Ring::open(limits);
    text += ring ? "io_uring " + (*ring)->capabilities().line()
                 : jumpgate::explain_ring_failure(ring.error(), limits);
    return text + "\n";
}

bool asks_version(const jumpgate::Invocation& invocation) {
    for (const std::string& argument : invocation.arguments)
        if (argument == "--version") return true;
    return false;
}

// --check: what only the TLS library knows of certificates and keys.
std::optional<jumpgate::Problem> verify(const jumpgate::Config& config, const jumpgate::Objects&) {
    auto loaded = jumpgate::load_credentials(config, jumpgate::tls::TicketKeys::random());
    if (auto* problem = std::get_if<jumpgate::Problem>(&loaded)) return std::move(*problem);
    return std::nullopt;
}

void log(const jumpgate::Config& config, Severity severity, std::string_view event,
         std::string_view name, std::string_view value) {
    if (static_cast<int>(config.log_level) < static_cast<int>(severity)) return;
    const bool json = config.log_format == jumpgate::LogFormat::Json;
    jumpgate::LogLine line(json ? jumpgate::LineFormat::Json : jumpgate::LineFormat::Text, severity,
                           event);
    const std::string_view text = line.field(name, value).finish();
    std::fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace

int main(int argc, char** argv) {
    const jumpgate::Invocation invocation = jumpgate::invocation_of(argc, argv, environ);
    const std::string version = asks_version(invocation) ? version_text() : std::string();
    const auto result = jumpgate::load(invocation, version, verify);
    if (const auto* exit = std::get_if<jumpgate::FlagsExit>(&result)) {
        std::fputs(exit->text.c_str(), exit->to_stderr ? stderr : stdout);
        return exit->exit_code;
    }
    const auto& loaded = std::get<jumpgate::Loaded>(result);
    const jumpgate::Config& config = loaded.config;
    jumpgate::block_signals();
    for (const std::string& warning : loaded.warnings)
        log(config, Severity::Warn, "config_warning", "warning", warning);
    // What the limits imply, before anything is started: a process that cannot have it says so.
    log(config, Severity::Info, "memory", "plan", jumpgate::memory_plan(config));
    return jumpgate::Server(config).run();
}
