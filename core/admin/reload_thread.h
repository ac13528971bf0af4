// ReloadThread: waits until a file changes or somebody asks (SIGHUP), and has it read again.
//
// Law: one reload at a time, on its own thread, so that nobody waits for a slow disk. Which files
// to watch is asked again after each reload, and when somebody says so: certificates come and go
// with the objects that name them.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/admin/reloader.h"
#include "core/base/result.h"
#include "core/io/file_watch.h"

namespace jumpgate {

class ReloadThread {
  public:
    using Paths = std::function<std::vector<std::string>()>;

    // `reloader` outlives it; `paths` is called on the thread.
    static Result<std::unique_ptr<ReloadThread>> start(Reloader& reloader, Paths paths);
    // Ends after the reload that is under way.
    ~ReloadThread();
    ReloadThread(const ReloadThread&) = delete;
    ReloadThread& operator=(const ReloadThread&) = delete;

    // Reloads soon. From any thread.
    void call();
    // Asks soon which files to watch; reloads where they are others. From any thread.
    void look_at_paths();

  private:
    ReloadThread(Reloader& reloader, Paths paths) : reloader_(reloader), paths_(std::move(paths)) {}
    void work();
    void reload_as_asked(bool due);
    bool watch_others();
    bool take(bool& asked);

    Reloader& reloader_;
    Paths paths_;
    std::vector<std::string> watched_;  // the thread's own
    std::mutex swapping_;
    std::unique_ptr<FileWatch> watch_;  // replaced by the thread, under the lock
    // Under the lock:
    bool ended_ = false;
    bool reload_asked_ = false;
    bool paths_asked_ = false;
    std::thread thread_;
};

}  // namespace jumpgate
