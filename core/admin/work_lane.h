// WorkLane: threads that do jobs in the order they came.
//
// Law: whoever gives a job never waits: it is taken, or refused at once where `waiting_max` wait
// already. A job that was taken is done, also after end().
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace jumpgate {

class WorkLane {
  public:
    using Job = std::function<void()>;

    WorkLane(unsigned threads, size_t waiting_max);
    ~WorkLane();
    WorkLane(const WorkLane&) = delete;
    WorkLane& operator=(const WorkLane&) = delete;

    // From any thread. False: it is full, or has ended; `job` is not called.
    bool give(Job job);
    // Takes no more; returns when the last job is done.
    void end();

  private:
    void work();

    const size_t waiting_max_;
    std::mutex lock_;
    std::condition_variable changed_;
    std::deque<Job> waiting_;
    bool ended_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace jumpgate
