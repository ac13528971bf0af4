// Reloader: reads the files again and makes them what is served, or says why not.
//
// Law: all or nothing; whatever is wrong, the configuration of before goes on. Each reload is one
// line in the log that says what changed and what it moves. Does not wait for anything to happen:
// reload_thread.h does.
#pragma once

#include <functional>
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
};
using LoadFiles = std::function<LoadedFiles()>;

class Reloader {
  public:
    // All outlive it.
    Reloader(Catalog& catalog, LoadFiles load, EventLog& log)
        : catalog_(catalog), load_(std::move(load)), log_(log) {}

    // One at a time. True: the files are served.
    bool reload();

  private:
    void note_failure(const std::vector<Complaint>& complaints);
    void note_success(const ReloadResult& result);
    void note_warnings(const std::vector<Complaint>& warnings);

    Catalog& catalog_;
    LoadFiles load_;
    EventLog& log_;
};

}  // namespace jumpgate
