// Server: the process. Opens the listeners, starts the workers, and then is their control thread:
// signals, statistics, log lines, drain.
//
// Law: nothing half-starts: each address is bound, each name resolved and each ring open before the
// first client is accepted, or the process ends with one sentence and exit code 1.
#pragma once

#include <future>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/io/signals.h"
#include "core/proxy/worker.h"

namespace jumpgate {

class Server {
  public:
    // `config` outlives the server and has passed the rules of core/config.
    explicit Server(const Config& config);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    // Serves until a signal ends it. The exit code: 0 after a drain or a stop, 1 where it could not
    // start (the reason is on stderr).
    int run();

  private:
    struct Seat;
    struct Report : StatsReport {
        Seat* seat = nullptr;
    };
    // A worker with its thread and the answers it posts to the control thread.
    struct Seat : Op {  // completes when the worker has ended
        Server* server = nullptr;
        std::unique_ptr<Worker> worker;
        std::thread thread;
        std::promise<bool> go;  // true: all workers are ready; false: end without serving
        Report report;
        Status opened = Unit{};
        std::string capabilities;
        bool report_due = false;
        bool ended = false;
    };
    struct Tick : Timer {
        using Timer::Timer;
        Server* server = nullptr;
    };

    // Each says what failed in one sentence; empty: it went well.
    std::string load_tls();
    std::string resolve_nodes();
    std::string parse_sources();
    std::string open_listeners();
    std::string open_control();
    std::string start_workers();
    void plan_descriptors();
    static void work(Seat& seat, unsigned index, std::latch& opened);

    void announce();
    void warn_of_credentials(const Credentials& credentials);
    void on_signal(int number);
    void reload();
    void request_stats();
    void on_report(Seat& seat);
    void on_end(Seat& seat);
    void print_stats();
    void on_tick();
    void on_drain_timeout();
    void write_lines();
    void write(std::string_view line);
    void post_all(Op& (Worker::*message)());
    bool all_ended() const;
    bool report_due() const;

    const Config& config_;
    Shared shared_;
    RingLimits limits_;
    std::vector<std::vector<ListenerSocket>> listener_sockets_;  // per worker
    std::vector<std::string> listening_;                         // plain addresses, ports filled in
    std::vector<std::string> tls_listening_;                     // those of --tls-listen
    std::vector<std::string> node_names_;
    std::unique_ptr<SignalWatch> signals_;  // outlives the ring: its read ends with it
    std::unique_ptr<Reactor> reactor_;
    std::vector<std::unique_ptr<Seat>> seats_;
    tls::TicketKeys process_tickets_;
    Tick log_tick_;
    Tick stats_tick_;
    Tick drain_tick_;
    uint64_t log_lines_dropped_ = 0;
    bool draining_ = false;
    bool stopping_ = false;
};

}  // namespace jumpgate
