// WorkerFixture: one real worker on its own thread, with scripted clients and brokers on loopback.
//
// Every wait has a deadline; stopping checks that all is home (Worker CHECKs it).
#pragma once

#include <gtest/gtest.h>

#include <latch>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/proxy/snapshot_builder.h"
#include "core/proxy/worker.h"

namespace jumpgate {

// A blocking TCP socket of a test, 5 s at most per call; closes itself.
class Peer {
  public:
    Peer() = default;
    explicit Peer(int fd);
    ~Peer();
    Peer(Peer&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Peer& operator=(Peer&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    // `receive_bytes`: SO_RCVBUF, for a peer that is to be stuck soon; 0: the kernel's choice.
    static Peer connect(uint16_t port, int receive_bytes = 0);

    bool open() const { return fd_ >= 0; }
    int fd() const { return fd_; }
    void send(std::string_view bytes);
    // Exactly `size` bytes, fewer where the stream ends or 5 s pass.
    std::string receive(size_t size);
    // All that comes until the stream ends; a reset ends it too and sets `reset`.
    std::string receive_to_end();
    bool was_reset() const { return reset_; }
    // The last receive saw the end of the stream, and did not give up after 5 s.
    bool saw_end() const { return ended_; }
    void shut_send();
    // Closes with RST.
    void reset();

  private:
    int fd_ = -1;
    bool reset_ = false;
    bool ended_ = false;
};

// A listening socket that plays a broker.
class FakeBroker {
  public:
    explicit FakeBroker(int backlog = 64);
    ~FakeBroker();
    FakeBroker(const FakeBroker&) = delete;
    FakeBroker& operator=(const FakeBroker&) = delete;
    uint16_t port() const { return port_; }
    // The next connection, or a closed Peer after `timeout_ms`.
    Peer accept(int timeout_ms = 5000);
    // Stops listening: dials are refused from now on. Nobody else gets the port meanwhile.
    void close();

  private:
    int reserved_fd_ = -1;  // bound, and never listens
    int fd_ = -1;
    uint16_t port_ = 0;
};

class WorkerFixture {
  public:
    // Brokers are added to the config; `limits` small by default.
    WorkerFixture(Config config, std::initializer_list<const FakeBroker*> brokers,
                  uint32_t dial_slots = 64);
    ~WorkerFixture();
    WorkerFixture(const WorkerFixture&) = delete;
    WorkerFixture& operator=(const WorkerFixture&) = delete;

    uint16_t port() const { return port_; }
    // Of the TLS listener, which there is where the config has certificates.
    uint16_t tls_port() const { return tls_port_; }
    // Reads the files of the config again, as SIGHUP does; the problem, or nothing.
    std::string reload();
    // Routes by `objects` from now on; the problem, or nothing.
    std::string apply(const Objects& objects);
    std::string apply(const Objects& objects, const Names& names);
    // Snapshots that the worker holds.
    size_t snapshots_held() const;
    BrokerBoard& board() { return shared_->board; }
    Peer client(int receive_bytes = 0) const { return Peer::connect(port_, receive_bytes); }
    Stats stats();
    // Turns until `holds(stats())`, 5 s at most.
    template <class Condition>
    bool wait_for(Condition holds) {
        const uint64_t deadline_ns = monotonic_ns() + 5 * kNanosPerSecond;
        while (monotonic_ns() < deadline_ns) {
            if (holds(stats())) return true;
        }
        return false;
    }
    // Runs on the worker's thread, and returns when it has.
    void on_worker(void (*run)(Errand&, Worker&), Errand& errand);
    // Runs both there: what `first` causes is completed, and its answers are not submitted yet,
    // when `second` runs.
    void on_worker_in_one_turn(Errand& first, Errand& second);
    std::string log_lines();
    std::string access_lines();
    void drain();
    void stop();  // and waits for the worker's end
    bool ended() const { return ended_.seen; }
    // Turns the control thread's ring until the worker has ended, 5 s at most.
    bool wait_for_end();

  private:
    std::string build(const Objects& objects, const Names& names);

    struct Flag : Op {
        Flag() : Op{[](Op& op, Completion) { static_cast<Flag&>(op).seen = true; }} {}
        bool seen = false;
    };
    struct Report : StatsReport {
        bool seen = false;
    };

    Config config_;
    std::unique_ptr<Shared> shared_;
    std::unique_ptr<SnapshotBuilder> builder_;
    std::vector<std::unique_ptr<Snapshot>> snapshots_;  // the newest last
    std::unique_ptr<Reactor> control_;
    std::unique_ptr<Worker> worker_;
    Report report_;
    Flag ended_;
    uint16_t port_ = 0;
    uint16_t tls_port_ = 0;
    std::thread thread_;
};

// What --broker and its like stand for: one upstream and a route to it, both "default".
Objects objects_of(const Config& config);
// What a resolver says of `objects` whose hosts are all IP literals.
Names literal_names(const Objects& objects);

// An MQTT 3.1.1 CONNECT, clean session; 5.0 with `level` 5.
std::string connect_packet(std::string_view client_id, uint8_t level = 4);

// A client id that the table of `ports` (equal weights) routes to node 0.
std::string id_for_first_node(const std::vector<uint16_t>& ports);

}  // namespace jumpgate
