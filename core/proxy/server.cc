#include "core/proxy/server.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <utility>

#include "core/base/time.h"

namespace jumpgate {

static constexpr uint64_t kLogTickMs = 50;

Server::Server(const Config& config)
    : config_(config),
      shared_(config),
      log_tick_([](Timer& timer) { static_cast<Tick&>(timer).server->on_tick(); }),
      stats_tick_([](Timer& timer) { static_cast<Tick&>(timer).server->on_stats_tick(); }),
      drain_tick_([](Timer& timer) { static_cast<Tick&>(timer).server->on_drain_timeout(); }),
      evict_tick_([](Timer& timer) { static_cast<Tick&>(timer).server->on_evict_tick(); }),
      builder_(config, shared_.board, tls::TicketKeys::random()),
      rng_(monotonic_ns()) {
    for (Tick* tick : {&log_tick_, &stats_tick_, &drain_tick_, &evict_tick_}) tick->server = this;
    shared_.line_format =
        config.log_format == LogFormat::Json ? LineFormat::Json : LineFormat::Text;
    shared_.severity = static_cast<Severity>(config.log_level);
    shared_.broker_sockets = {static_cast<int>(config.socket_receive_bytes),
                              static_cast<int>(config.socket_send_bytes)};
}

Server::~Server() {
    end_names();
    hangup_ = nullptr;  // whom it calls is gone by now, and the reactor may turn
    if (reactor_ != nullptr) end_workers();
    if (health_ != nullptr) health_->stop();
    resolver_.reset();  // it calls us, and takes locks that end before it
    if (reactor_ == nullptr) return;
    for (Tick* tick : {&log_tick_, &stats_tick_, &drain_tick_, &evict_tick_}) {
        reactor_->timers().stop(*tick);
    }
}

void Server::on_hangup(void (*call)(void*), void* context) {
    hangup_ = call;
    hangup_context_ = context;
}

int Server::serve() {
    announce();
    reactor_->timers().start(log_tick_, kLogTickMs);
    if (config_.stats_interval_s > 0) {
        reactor_->timers().start(stats_tick_, uint64_t{config_.stats_interval_s} * 1000);
    }
    wakeup_->signal();  // what was left before there was anybody to wake
    reactor_->run();
    health_->stop();
    write_lines();
    write_access_lines();
    const std::lock_guard<std::mutex> lock(call_lock_);
    ended_ = true;
    watch_.draining = true;  // the answer from here on
    answered_.notify_all();
    return 0;
}

// Those of a server that was started and never served.
void Server::end_workers() {
    const auto runs = [](const std::unique_ptr<Seat>& seat) { return seat->thread.joinable(); };
    if (std::ranges::none_of(seats_, runs)) return;
    post_all(&Worker::stop_message);
    reactor_->run();
}

// One reading of every worker's last words, then of each of its lines.
void Server::write_lines() {
    for (const std::unique_ptr<Seat>& seat : seats_) {
        const uint64_t dropped =
            seat->worker->log().drain([this](std::string_view line) { write(line); });
        if (dropped == 0) continue;
        log_lines_dropped_ += dropped;
        LogLine line(shared_.line_format, Severity::Warn, "log_lines_dropped");
        write(line.field("lines", dropped).finish());
    }
}

// What was lost, to a full queue or a full disk, is said once a tick.
void Server::write_access_lines() {
    if (!shared_.access_log) return;
    uint64_t dropped = 0;
    for (const std::unique_ptr<Seat>& seat : seats_) {
        LogQueue* lines = seat->worker->access_log();
        if (lines == nullptr) continue;
        dropped += lines->drain([this](std::string_view line) { access_log_.write(line); });
    }
    access_log_.flush();
    dropped +=
        access_log_.lost_lines() - std::exchange(access_lines_lost_, access_log_.lost_lines());
    if (dropped == 0) return;
    log_lines_dropped_ += dropped;
    LogLine line(shared_.line_format, Severity::Warn, "access_log_lines_lost");
    line.field("lines", dropped);
    if (access_log_.last_error() != 0) line.field("why", std::strerror(access_log_.last_error()));
    write(line.finish());
}

// logrotate has renamed the file (SIGUSR1).
void Server::reopen_access_log() {
    const std::string problem = access_log_.reopen();
    if (problem.empty()) return;
    LogLine line(shared_.line_format, Severity::Error, "access_log_not_reopened");
    write(line.field("why", problem).finish());
}

void Server::write(std::string_view line) { std::fwrite(line.data(), 1, line.size(), stderr); }

void Server::announce() {
    const std::lock_guard<std::mutex> lock(snapshots_lock_);  // the control plane is there already
    LogLine io(shared_.line_format, Severity::Info, "io_uring");
    io.field("capabilities", seats_[0]->capabilities);
    LogLine ready(shared_.line_format, Severity::Info, "ready");
    for (const bool tls : {false, true}) {
        std::string addresses;
        for (size_t i = 0; i < listening_.size(); ++i) {
            if (config_.listen[i].tls != tls) continue;
            if (!addresses.empty()) addresses += ',';
            addresses += listening_[i];
        }
        if (!addresses.empty()) ready.field(tls ? "tls_listen" : "listen", addresses);
    }
    ready.field("brokers",
                static_cast<uint64_t>(std::ranges::count_if(newest().brokers, &Broker::listed)));
    ready.field("workers", seats_.size()).field("connections_max", shared_.connections_max);
    ready.field("routes", fmt::format("{:016x}", newest().routes.fingerprint()));
    if (shared_.severity < Severity::Info) return;
    write(io.finish());
    write(ready.finish());
    std::fflush(stderr);
}

void Server::post_all(Op& (Worker::*message)()) {
    for (const std::unique_ptr<Seat>& seat : seats_) {
        if (seat->ended) continue;
        post(reactor_->ring(), seat->worker->ring_fd(), (seat->worker.get()->*message)());
    }
}

// SIGTERM, SIGQUIT: drain; the second one, or SIGINT: stop now. POST /drain is no signal: what
// stops a container asks for it first and sends its first SIGTERM then. SIGHUP: read the files
// again. SIGUSR1: open the access log again.
void Server::on_signal(int number) {
    if (number == SIGHUP && hangup_ != nullptr) hangup_(hangup_context_);
    if (number == SIGUSR1) reopen_access_log();
    if (number == SIGHUP || number == SIGUSR1) return;
    begin_drain(number == SIGINT    ? "SIGINT"
                : number == SIGQUIT ? "SIGQUIT"
                                    : "SIGTERM",
                number == SIGINT || std::exchange(drain_signalled_, true));
}

// `now`: ends without waiting for clients. A drain that is under way goes on as it began.
void Server::begin_drain(std::string_view by, bool now) {
    const std::string_view event = now ? "stopping" : draining_ ? "still_draining" : "draining";
    LogLine line(shared_.line_format, Severity::Info, event);
    line.field("signal", by);
    if (!now && !draining_) line.field("timeout_s", config_.drain_timeout_s);
    if (logs(Severity::Info) && !stopping_) write(line.finish());
    if (now && !stopping_) {
        stopping_ = true;
        post_all(&Worker::stop_message);
    } else if (!draining_) {
        post_all(&Worker::drain_message);
        const uint64_t timeout_ms = uint64_t{config_.drain_timeout_s} * 1000;
        reactor_->timers().start(drain_tick_, timeout_ms);
    }
    draining_ = true;
}

// What other threads left for this one. After the last worker's end there is nobody to do it with,
// and serve() tells those who wait.
void Server::on_wake() {
    if (all_ended()) return;
    bool watch = false;
    bool drain = false;
    bool evict = false;
    {
        const std::lock_guard<std::mutex> lock(call_lock_);
        watch = watch_wanted_;
        drain = std::exchange(drain_wanted_, false);
        evict = !evictions_.empty();
    }
    distribute();
    if (watch) request_stats();
    send_finds();
    if (drain && !draining_) begin_drain("POST /drain", false);
    if (evict && !evict_tick_.running()) on_evict_tick();
}

void Server::on_drain_timeout() {
    LogLine line(shared_.line_format, Severity::Warn, "drain_timeout");
    line.field("after_s", config_.drain_timeout_s);
    line.field("connections", shared_.connections.load(std::memory_order_relaxed));
    if (shared_.severity >= Severity::Warn) write(line.finish());
    post_all(&Worker::stop_message);
}

void Server::on_tick() {
    write_lines();
    write_access_lines();
    take_unused();
    reactor_->timers().start(log_tick_, kLogTickMs);
}

void Server::on_stats_tick() {
    reactor_->timers().start(stats_tick_, uint64_t{config_.stats_interval_s} * 1000);
    print_stats_ = true;
    request_stats();
}

void Server::request_stats() {
    if (report_due()) return;  // a worker is busy: its answer will do
    for (const std::unique_ptr<Seat>& seat : seats_) seat->report_due = !seat->ended;
    post_all(&Worker::stats_message);
    if (!report_due()) finish_watch();  // nobody is left
}

void Server::on_report(Seat& seat) {
    seat.report_due = false;
    if (report_due()) return;
    if (std::exchange(print_stats_, false)) print_stats();
    finish_watch();
}

// A worker that ends does not answer any more; what it counted stays in the sum. Its thread may
// still be at its last messages, which write what is read here: it is waited for.
void Server::on_end(Seat& seat) {
    seat.thread.join();
    seat.ended = true;
    seat.report.stats.clear_gauges();
    if (seat.report_due) on_report(seat);
    if (seat.find.out) on_found(seat);
    note_adopted();
    if (all_ended()) reactor_->stop();
}

bool Server::report_due() const {
    return std::ranges::any_of(seats_,
                               [](const std::unique_ptr<Seat>& seat) { return seat->report_due; });
}

void Server::sum_stats(Stats& sum) const {
    for (const std::unique_ptr<Seat>& seat : seats_) sum.add(seat->report.stats);
    sum.log_lines_dropped = log_lines_dropped_;
}

void Server::print_stats() {
    Stats sum;
    sum_stats(sum);
    LogLine head(shared_.line_format, Severity::Info, "stats");
    std::string line(head.finish());
    const bool json = shared_.line_format == LineFormat::Json;
    line.resize(line.size() - (json ? 2 : 1));  // without the end: the numbers do not fit a LogLine
    line += json ? ",\"stats\":" : " ";
    {
        const std::lock_guard<std::mutex> lock(snapshots_lock_);
        std::vector<std::string> brokers;
        for (const Broker& broker : newest().brokers) brokers.push_back(broker.name);
        line += to_json(sum, brokers, newest().route_ids);
    }
    line += json ? "}\n" : "\n";
    write(line);
}

bool Server::all_ended() const {
    return std::ranges::all_of(seats_,
                               [](const std::unique_ptr<Seat>& seat) { return seat->ended; });
}

}  // namespace jumpgate
