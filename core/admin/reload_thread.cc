#include "core/admin/reload_thread.h"

#include <utility>

namespace jumpgate {

Result<std::unique_ptr<ReloadThread>> ReloadThread::start(Reloader& reloader, Paths paths) {
    std::unique_ptr<ReloadThread> thread(new ReloadThread(reloader, std::move(paths)));
    thread->watched_ = thread->paths_();
    Result<std::unique_ptr<FileWatch>> watch = FileWatch::open(thread->watched_);
    if (!watch) return watch.error();
    thread->watch_ = std::move(*watch);
    thread->thread_ = std::thread([raw = thread.get()] { raw->work(); });
    return thread;
}

ReloadThread::~ReloadThread() {
    if (!thread_.joinable()) return;
    {
        const std::lock_guard lock(swapping_);
        ended_ = true;
        watch_->end();
    }
    thread_.join();
}

void ReloadThread::call() {
    const std::lock_guard lock(swapping_);
    watch_->call();
}

void ReloadThread::work() {
    while (watch_->wait() != FileWatch::Event::Ended) {
        do {
            reloader_.reload();
        } while (watch_others());  // what changed before the new watch stood is read as well
    }
}

// True: other files are watched from here on. Where they cannot be, the old ones stay.
bool ReloadThread::watch_others() {
    std::vector<std::string> paths = paths_();
    if (paths == watched_) return false;
    Result<std::unique_ptr<FileWatch>> watch = FileWatch::open(paths);
    const std::lock_guard lock(swapping_);
    if (!watch || ended_) return false;
    watch_ = std::move(*watch);
    watched_ = std::move(paths);
    return true;
}

}  // namespace jumpgate
