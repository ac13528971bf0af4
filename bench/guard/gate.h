// Gate: one real worker of jumpgate on the caller's own thread, turned by hand.
//
// Law: nothing of it waits and nothing runs beside it, so that the same script makes the same
// completions in the same turns, and so the same number of instructions. That is also what lets it
// run under valgrind, whose io_uring_enter holds every other thread up (3.19).
// What it is not: a measurement of time.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "core/proxy/snapshot_builder.h"
#include "core/proxy/worker.h"

namespace jumpgate::guard {

class Gate {
  public:
    // Listens on a free port of loopback and routes by client id over brokers on these ports.
    explicit Gate(std::span<const uint16_t> broker_ports);
    // CHECKs that every socket, buffer and frame is home.
    ~Gate();
    Gate(const Gate&) = delete;
    Gate& operator=(const Gate&) = delete;

    uint16_t port() const { return port_; }
    // Clients that it has, whatever their phase.
    uint32_t clients() const { return worker_->clients(); }
    std::string capabilities() { return worker_->reactor().ring().capabilities().line(); }

    // What follows is counted, or not. A counted turn also runs a loop of `burn` rounds (two or
    // three instructions each): a cost that the guard has to find.
    void count(bool counted, uint64_t burn) {
        counted_ = counted;
        burn_ = burn;
    }
    // One turn of the worker's loop that does not wait.
    void turn();
    uint64_t counted_turns() const { return counted_turns_; }

  private:
    void build_snapshot();

    struct Flag : Op {
        Flag() : Op{[](Op& op, Completion) { static_cast<Flag&>(op).seen = true; }} {}
        bool seen = false;
    };

    Config config_;
    std::unique_ptr<Shared> shared_;
    std::unique_ptr<SnapshotBuilder> builder_;
    std::unique_ptr<Snapshot> snapshot_;
    std::unique_ptr<Reactor> control_;  // where a server's control thread would be
    std::unique_ptr<Worker> worker_;
    StatsReport report_;
    Flag ended_;
    uint16_t port_ = 0;
    bool counted_ = false;
    uint64_t burn_ = 0;
    uint64_t counted_turns_ = 0;
};

}  // namespace jumpgate::guard
