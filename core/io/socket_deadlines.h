// SocketDeadlines: shuts down the sockets that are not done in time.
//
// Law: one deadline per socket, whatever trickles in or out meanwhile. Never closes: the owner sees
// the end of the stream, calls stop(), and closes then, so that no other socket of the same number
// is ever hit.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <thread>

namespace jumpgate {

class SocketDeadlines {
  public:
    SocketDeadlines();
    ~SocketDeadlines();
    SocketDeadlines(const SocketDeadlines&) = delete;
    SocketDeadlines& operator=(const SocketDeadlines&) = delete;

    // From any thread. Replaces the deadline that `fd` had.
    void start(int fd, uint64_t after_ms);
    void stop(int fd);

  private:
    void work();
    void shut_overdue();

    std::mutex lock_;
    std::condition_variable changed_;
    std::map<int, uint64_t> due_ns_;  // by descriptor: some hundreds at most
    uint64_t next_ns_ = 0;            // what the thread waits for
    bool ended_ = false;
    std::thread thread_;
};

}  // namespace jumpgate
