#include "core/admin/work_lane.h"

#include <utility>

namespace jumpgate {

WorkLane::WorkLane(unsigned threads, size_t waiting_max) : waiting_max_(waiting_max) {
    for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

WorkLane::~WorkLane() { end(); }

bool WorkLane::give(Job job) {
    const std::lock_guard lock(lock_);
    if (ended_ || waiting_.size() >= waiting_max_) return false;
    waiting_.push_back(std::move(job));
    changed_.notify_one();
    return true;
}

void WorkLane::end() {
    {
        const std::lock_guard lock(lock_);
        ended_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
}

void WorkLane::work() {
    std::unique_lock lock(lock_);
    while (true) {
        changed_.wait(lock, [this] { return ended_ || !waiting_.empty(); });
        if (waiting_.empty()) return;
        const Job job = std::move(waiting_.front());
        waiting_.pop_front();
        lock.unlock();
        job();
        lock.lock();
    }
}

}  // namespace jumpgate
