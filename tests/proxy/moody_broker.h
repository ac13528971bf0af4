// MoodyBroker: a broker for health checks, on a thread of its own, whose behaviour may change at
// any time.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace jumpgate {

class MoodyBroker {
  public:
    // Accepts: CONNACK 0. Refuses: CONNACK 3. Hangs: takes the connection and says nothing. Resets:
    // closes with RST.
    enum class Mood : uint8_t { Accepts, Refuses, Hangs, Resets };

    explicit MoodyBroker(Mood mood = Mood::Accepts);
    ~MoodyBroker();
    MoodyBroker(const MoodyBroker&) = delete;
    MoodyBroker& operator=(const MoodyBroker&) = delete;

    void become(Mood mood) { mood_ = mood; }
    uint16_t port() const { return port_; }
    unsigned clients() const { return clients_; }           // so far
    unsigned most_at_once() const { return at_once_max_; }  // clients
    std::vector<std::string> heard() const;                 // the first bytes of each

  private:
    struct Client {
        int fd;
        bool greeted = false;
    };
    void play();
    // False: this client has left, or was left.
    bool serve(Client& client);
    bool greet(Client& client);

    int listener_;
    uint16_t port_ = 0;
    std::atomic<Mood> mood_;
    std::atomic<bool> over_ = false;
    std::atomic<unsigned> clients_ = 0;
    std::atomic<unsigned> at_once_max_ = 0;
    mutable std::mutex lock_;
    std::vector<std::string> heard_;
    std::vector<Client> connected_;
    std::thread thread_;
};

}  // namespace jumpgate
