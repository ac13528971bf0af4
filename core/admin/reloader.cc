#include "core/admin/reloader.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "core/admin/metrics_text.h"

namespace jumpgate {

// A line holds some; the rest is counted.
static std::string listed(const std::vector<std::string>& names) {
    constexpr size_t kShown = 8;
    const auto shown = std::min(names.size(), kShown);
    std::string text = fmt::format(
        "{}", fmt::join(names.begin(), names.begin() + static_cast<ptrdiff_t>(shown), " "));
    if (names.size() > shown) text += fmt::format(" and {} more", names.size() - shown);
    return text;
}

uint64_t Reloader::now_s() { return static_cast<uint64_t>(std::time(nullptr)); }

Reloader::State Reloader::state() const {
    const std::lock_guard lock(counting_);
    return state_;
}

bool Reloader::end(bool successful) {
    const std::lock_guard lock(counting_);
    state_.successful = successful;
    state_.failures += successful ? 0 : 1;
    if (successful) state_.success_s = now_s();
    return successful;
}

bool Reloader::reload() {
    LoadedFiles loaded = load_();
    if (!loaded.found.errors.empty()) {
        note_failure(loaded.found.errors);
        return end(false);
    }
    const ReloadResult result = catalog_.reload(std::move(loaded.files));
    if (!result.complaints.empty()) {
        note_failure(result.complaints);
        return end(false);
    }
    note_success(result);
    if (loaded.commit) loaded.commit();
    note_warnings(loaded.found.warnings);
    note_warnings(result.warnings);
    if (!loaded.needs_restart.empty())
        log_.say(Severity::Warn, "restart_needed",
                 [&](LogLine& line) { line.field("settings", listed(loaded.needs_restart)); });
    return end(true);
}

void Reloader::note_failure(const std::vector<Complaint>& complaints) {
    log_.say(Severity::Error, "reload_failed", [&](LogLine& line) {
        line.field("problems", complaints.size())
            .field("effect", "nothing has changed, the configuration of before goes on");
    });
    for (const Complaint& complaint : complaints)
        log_.say(Severity::Error, "reload_problem",
                 [&](LogLine& line) { line.field("problem", text(complaint)); });
}

void Reloader::note_success(const ReloadResult& result) {
    const Applied& applied = result.applied;
    log_.say(Severity::Info, "reloaded", [&](LogLine& line) {
        line.field("version", applied.version);
        if (!result.added.empty()) line.field("added", listed(result.added));
        if (!result.changed.empty()) line.field("changed", listed(result.changed));
        if (!result.removed.empty()) line.field("removed", listed(result.removed));
        if (!applied.changed) line.field("routing", "unchanged");
        if (applied.changed) line.field("moved", fmt::format("{:.2f}%", 100 * applied.moved_share));
        if (!applied.moved_by_route.empty()) line.field("moved_by_route", applied.moved_by_route);
        if (!applied.hint.empty()) line.field("hint", applied.hint);
        if (!applied.complete) line.field("warning", kWorkerIsLate);
    });
}

void Reloader::note_warnings(const std::vector<Complaint>& warnings) {
    for (const Complaint& warning : warnings)
        log_.say(Severity::Warn, "config_warning",
                 [&](LogLine& line) { line.field("warning", text(warning)); });
}

std::string reload_metrics_text(const Reloader::State& state) {
    MetricsText out;
    out.gauge("config_last_reload_successful",
              "0 where the last reload failed and what was before goes on.",
              state.successful ? 1 : 0);
    out.counter("config_reload_failures_total", "Reloads that changed nothing, for an error.",
                state.failures);
    out.gauge("config_last_reload_success_timestamp_seconds",
              "When files were read without an error last, the start included, Unix time.",
              static_cast<double>(state.success_s));
    return out.text();
}

}  // namespace jumpgate
