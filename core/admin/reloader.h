// Reloader: reads the files again and makes them what is served, or says why not.
//
// Law: all or nothing; whatever is wrong, the configuration of before goes on. Each reload is one
// line in the log that says what changed and what it moves, and a figure that can be alerted on.
// Does not wait for anything to happen: reload_thread.h does.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "core/admin/catalog.h"
#include "core/admin/event_log.h"

namespace jumpgate {

// What the files say now.
struct LoadedFiles {
    FileObjects files;
    Checked found;                           // errors: the files cannot be used
    std::vector<std::string> needs_restart;  // settings that changed and are read at start only
    std::function<void()> commit{};          // what else holds once the objects are served
};
using LoadFiles = std::function<LoadedFiles()>;

class Reloader {
  public:
    // All outlive it.
    Reloader(Catalog& catalog, LoadFiles load, EventLog& log)
        : catalog_(catalog), load_(std::move(load)), log_(log), state_{true, 0, now_s()} {}

    // One at a time. True: the files are served.
    bool reload();

    struct State {
        bool successful = true;  // the last one, or the start
        uint64_t failures = 0;
        uint64_t success_s = 0;  // Unix time of the last one that was, or of the start
    };
    // From any thread.
    State state() const;

  private:
    static uint64_t now_s();
    bool end(bool successful);
    void note_failure(const std::vector<Complaint>& complaints);
    void note_success(const ReloadResult& result);
    void note_warnings(const std::vector<Complaint>& warnings);

    Catalog& catalog_;
    LoadFiles load_;
    EventLog& log_;
    mutable std::mutex counting_;
    State state_;
};

// For /metrics: how the last reload went.
std::string reload_metrics_text(const Reloader::State& state);

}  // namespace jumpgate
