// jumpgate: reads its settings, starts the data plane and the control plane, ends with its exit
// code.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <span>
#include <string_view>
#include <variant>

#include "core/admin/admin.h"
#include "core/admin/load_files.h"
#include "core/admin/start_check.h"
#include "core/base/log.h"
#include "core/base/page_flags.h"
#include "core/config/load.h"
#include "core/config/manual.h"
#include "core/config/rules.h"
#include "core/proxy/check_credentials.h"
#include "core/proxy/credentials.h"
#include "core/proxy/server.h"
#include "core/proxy/version.h"

namespace jumpgate {
namespace {

// What keeps a start from coming about, said before anything is made: the same for --check and for
// the start itself, which ends with 2 for it, and with 1 for what is found out later.
Checked verify(const Config& config, const Objects& objects) {
    StartCheck check = check_start(config, objects);
    if (uses_tls(config, check.objects)) forbid_core_dumps();  // before the first key is in memory
    Checked of_files = check_credentials(config, check.objects);
    for (Complaint& error : of_files.errors) {
        if (error.problem.starts_with("--")) error.file = "jumpgate";  // a flag's file
        check.found.errors.push_back(std::move(error));
    }
    std::ranges::move(of_files.warnings, std::back_inserter(check.found.warnings));
    return std::move(check.found);
}

void log(const Config& config, Severity severity, std::string_view event, std::string_view name,
         std::string_view value) {
    if (static_cast<int>(config.log_level) < static_cast<int>(severity)) return;
    const bool json = config.log_format == LogFormat::Json;
    LogLine line(json ? LineFormat::Json : LineFormat::Text, severity, event);
    write_to_stderr(line.field(name, value).finish());
}

int fail(const Problem& problem, int exit_code) {
    std::fprintf(stderr, "jumpgate: %s\n", problem.text.c_str());
    return exit_code;
}

// From the first open file to the last closed one.
int run(const Loaded& loaded) {
    Server server(loaded.config);
    auto opened = Admin::open(
        loaded.config, file_objects(loaded), [&loaded] { return load_files(loaded); }, server);
    if (const auto* problem = std::get_if<Problem>(&opened)) return fail(*problem, 1);
    Admin& admin = *std::get<std::unique_ptr<Admin>>(opened);
    if (!server.start(admin.objects())) return 1;
    server.on_hangup([](void* context) { static_cast<Admin*>(context)->reload(); }, &admin);
    if (const auto problem = admin.serve()) return fail(*problem, 1);
    return server.serve();
}

}  // namespace
}  // namespace jumpgate

int main(int argc, char** argv) {
    using namespace jumpgate;
    const std::span<const char* const> words(argv, argv + argc);
    if (const auto page = asked_page(words, jumpgate_manual)) return page->print();
    const Invocation invocation = invocation_of(argc, argv, environ);
    const bool asks =
        std::ranges::find(invocation.arguments, "--version") != invocation.arguments.end();
    const auto result = load(invocation, asks ? version_text() : std::string(), verify);
    if (const auto* exit = std::get_if<FlagsExit>(&result)) return exit->print();
    const auto& loaded = std::get<Loaded>(result);
    block_signals();
    for (const std::string& warning : loaded.warnings)
        log(loaded.config, Severity::Warn, "config_warning", "warning", warning);
    // What the limits imply, before anything is started: a process that cannot have it says so.
    log(loaded.config, Severity::Info, "memory", "plan", memory_plan(loaded.config));
    return run(loaded);
}
