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
    reload_asked_ = true;
    watch_->call();
}

void ReloadThread::look_at_paths() {
    const std::lock_guard lock(swapping_);
    paths_asked_ = true;
    watch_->call();
}

void ReloadThread::work() {
    for (;;) {
        const FileWatch::Event event = watch_->wait();
        if (event == FileWatch::Event::Ended) return;
        reload_as_asked(event == FileWatch::Event::Changed);
    }
}

// Until nothing is left to do: a call to the watch of before may be lost, what was asked is not.
void ReloadThread::reload_as_asked(bool due) {
    for (;;) {
        if (take(reload_asked_) || due) reloader_.reload();
        (void)take(paths_asked_);  // before they are looked at: a later one is another one
        due = watch_others();      // what changed before the new watch stood is read as well
        const std::lock_guard lock(swapping_);
        if (ended_ || !(due || reload_asked_ || paths_asked_)) return;
    }
}

bool ReloadThread::take(bool& asked) {
    const std::lock_guard lock(swapping_);
    return std::exchange(asked, false);
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
