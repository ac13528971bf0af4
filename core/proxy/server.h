// Server: the process. Opens the listeners, starts the workers, and then is their control thread:
// signals, statistics, log lines, health checks, drain; and it answers the control plane.
//
// Law: nothing half-starts: each address is bound, each name asked for and each ring open before
// the first client is accepted, or the process ends with one sentence and exit code 1. The
// functions of Control run on their callers' threads; what they want done here they leave under
// `call_lock_` and wake the control thread. That one never waits for a build: snapshots are made by
// callers and, when names have other addresses, by the names thread, under `build_lock_`; the
// control thread takes only locks that are held for a moment.
#pragma once

#include <condition_variable>
#include <future>
#include <latch>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/io/signals.h"
#include "core/io/wakeup.h"
#include "core/proxy/access_log.h"
#include "core/proxy/busy_share.h"
#include "core/proxy/control.h"
#include "core/proxy/eviction.h"
#include "core/proxy/health.h"
#include "core/proxy/snapshot_builder.h"
#include "core/proxy/worker.h"

namespace jumpgate {

class Server final : public Control {
  public:
    // `config` outlives the server and has passed the rules of core/config.
    explicit Server(const Config& config);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    // Opens everything and routes by `objects`. False: it could not; the reason is on stderr.
    bool start(const Objects& objects);
    // Serves until a signal ends it. The exit code: 0 after a drain or a stop.
    int serve();
    // Who is told of a SIGHUP, on the control thread; before serve().
    void on_hangup(void (*call)(void* context), void* context);
    // The newest one, and those before it that workers still route by. Any thread.
    size_t snapshots_kept();

    // ---- Control: any thread, between start() and the end of serve()
    Parsed<Applied> apply(const Objects& objects, ReadFiles files) override;
    std::optional<Problem> check(const Objects& objects, ReadFiles files) override;
    Watch watch() override;
    RouteAnswer explain(const RouteQuery& query) override;
    std::vector<FoundConnection> find(std::string_view client_id, size_t max) override;
    Parsed<uint64_t> evict(std::string_view upstream, std::string_view node,
                           uint32_t per_second) override;
    void drain() override;

  private:
    struct Seat;
    struct Report : StatsReport {
        Seat* seat = nullptr;
    };
    struct Adopt : Errand {
        Seat* seat = nullptr;
        uint64_t version = 0;
    };
    struct Find : Errand {
        Seat* seat = nullptr;
        std::string client_id;
        size_t max = 0;
        std::vector<FoundConnection> found;
        uint64_t asked = 0;  // which find() it is for
    };
    struct Evict : Errand {
        Seat* seat = nullptr;
        std::vector<EvictionOrder> orders;  // then: what of them found no client
    };
    // A worker with its thread and the answers it posts to the control thread.
    struct Seat : Op {  // completes when the worker has ended
        Server* server = nullptr;
        std::unique_ptr<Worker> worker;
        std::thread thread;
        std::promise<bool> go;  // true: all workers are ready; false: end without serving
        Report report;
        BusyShare busy;
        Adopt adopt;
        Find find;
        Evict evict;
        Status opened = Unit{};
        std::string capabilities;
        uint64_t adopted = 0;  // version of its snapshot
        bool report_due = false;
        bool ended = false;
    };
    struct Tick : Timer {
        using Timer::Timer;
        Server* server = nullptr;
    };

    // ---- server_start.cc. Each says what failed in one sentence; empty: it went well.
    std::string parse_sources();
    std::string open_access_log();
    std::string first_snapshot(const Objects& objects);
    std::string open_listeners();
    std::string open_control();
    std::string start_workers();
    void seat_worker(uint32_t index);
    uint32_t plan_descriptors();
    static void work(Seat& seat, unsigned index, std::latch& opened);

    // ---- server.cc
    void announce();
    void end_workers();
    void on_signal(int number);
    void begin_drain(std::string_view by, bool now);
    void on_wake();
    void on_report(Seat& seat);
    void on_end(Seat& seat);
    void request_stats();
    void print_stats();
    void on_tick();
    void on_stats_tick();
    void sum_stats(Stats& sum) const;
    void on_drain_timeout();
    void write_lines();
    void write_access_lines();
    void reopen_access_log();
    void write(std::string_view line);
    bool logs(Severity severity) const { return severity <= shared_.severity; }
    void post_all(Op& (Worker::*message)());
    bool all_ended() const;
    bool report_due() const;

    // ---- server_snapshots.cc
    Parsed<std::unique_ptr<Snapshot>> build(const Objects& objects, const Names& names,
                                            ReadFiles files);
    void publish(std::unique_ptr<Snapshot> snapshot, const Objects& objects, const Names& names);
    std::vector<uint64_t> clients_by_route(const Snapshot& snapshot) const;
    Applied compare(const Snapshot& before, const Snapshot& now) const;
    void end_evictions(const Snapshot& before, const Snapshot& now);
    std::vector<std::unique_ptr<Snapshot>> take_unused();
    const Snapshot* built_last();
    Snapshot& hold_newest();
    void distribute();
    void send_adopt(Seat& seat);
    void note_adopted();
    void warn_of(const Credentials& credentials);
    const Snapshot& newest() const { return *snapshots_.back(); }  // under snapshots_lock_

    // ---- server_names.cc
    void follow_names();
    void end_names();
    void rebuild_names();
    void log_moves(const Snapshot* before, const Snapshot& now);
    void log_look_ups(const Objects& objects, const Names& before, const Names& now);
    void log_services(const Names& before, const Names& now);

    // ---- server_calls.cc
    void finish_watch();
    void watch_snapshot(Watch& watch) const;
    void refresh_watch();
    bool fails_somewhere(std::string_view upstream, std::string_view node);
    BrokerState state_of(uint16_t slot, const Snapshot& snapshot, const Stats& sum) const;

    // ---- server_clients.cc
    void send_finds();
    void on_found(Seat& seat);
    void on_evict_tick();
    bool is_drained(std::string_view upstream, std::string_view node, uint16_t& slot,
                    std::string& why) const;

    // How long the start waits for names: longer than one try of the resolver, so that one lost
    // packet does not keep a process down. A change waits less, for somebody waits for its answer.
    // What has none by then comes when it has.
    static constexpr uint32_t kStartNamesMs = 3'000;
    static constexpr uint32_t kChangeNamesMs = 2'000;

    const Config& config_;
    Shared shared_;
    RingLimits limits_;
    std::vector<std::vector<ListenerSocket>> listener_sockets_;  // per worker
    std::vector<std::string> listening_;    // as config_.listen, ports filled in
    std::unique_ptr<SignalWatch> signals_;  // these two outlive the ring: their reads end with it
    std::unique_ptr<Wakeup> wakeup_;
    std::unique_ptr<Reactor> reactor_;
    std::unique_ptr<HealthChecker> health_;
    std::unique_ptr<Resolver> resolver_;
    std::vector<std::unique_ptr<Seat>> seats_;
    std::thread names_thread_;
    Tick log_tick_;
    Tick stats_tick_;
    Tick drain_tick_;
    Tick evict_tick_;
    AccessLogFile access_log_;
    uint64_t log_lines_dropped_ = 0;
    uint64_t access_lines_lost_ = 0;  // of these the log was told
    uint64_t followed_ = 0;           // version that the health checks and the workers were told of
    bool print_stats_ = false;
    bool draining_ = false;
    bool drain_signalled_ = false;
    bool stopping_ = false;
    void (*hangup_)(void*) = nullptr;
    void* hangup_context_ = nullptr;

    std::mutex change_lock_;  // one apply() at a time
    std::mutex build_lock_;   // the builder, and what the newest snapshot was built from
    SnapshotBuilder builder_;
    Objects objects_;
    Names names_;

    std::mutex snapshots_lock_;  // never held while something is built or waited for
    std::vector<std::unique_ptr<Snapshot>> snapshots_;  // the newest last, made under build_lock_
    uint64_t changed_s_ = 0;

    std::mutex find_lock_;  // one find() at a time
    std::mutex call_lock_;  // all that follows
    std::condition_variable answered_;
    std::condition_variable names_news_;
    bool names_changed_ = false;
    bool names_over_ = false;  // their thread is to end
    bool watch_wanted_ = false;
    bool drain_wanted_ = false;
    bool find_wanted_ = false;
    bool ended_ = false;    // serve() is over
    uint64_t adopted_ = 0;  // every worker routes by this version or a later one
    uint64_t watches_ = 0;
    uint64_t watched_ns_ = 0;  // the last one
    uint64_t finds_ = 0;       // find() calls so far
    uint32_t finds_due_ = 0;   // workers that have not answered the latest
    std::string find_client_id_;
    size_t find_max_ = 0;
    std::vector<FoundConnection> found_;
    Watch watch_;
    Evictions evictions_;
    Rng rng_;
    size_t next_evictor_ = 0;
};

}  // namespace jumpgate
