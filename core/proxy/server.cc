#include "core/proxy/server.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>

#include "core/base/time.h"

namespace jumpgate {

static constexpr uint64_t kLogTickMs = 50;

Server::Server(const Config& config)
    : config_(config),
      shared_(config),
      log_tick_([](Timer& timer) { static_cast<Tick&>(timer).server->on_tick(); }),
      stats_tick_([](Timer& timer) { static_cast<Tick&>(timer).server->request_stats(); }),
      drain_tick_([](Timer& timer) { static_cast<Tick&>(timer).server->on_drain_timeout(); }) {
    for (Tick* tick : {&log_tick_, &stats_tick_, &drain_tick_}) tick->server = this;
    shared_.line_format =
        config.log_format == LogFormat::Json ? LineFormat::Json : LineFormat::Text;
    shared_.severity = static_cast<Severity>(config.log_level);
    shared_.broker_sockets = {static_cast<int>(config.socket_receive_bytes),
                              static_cast<int>(config.socket_send_bytes)};
}

Server::~Server() {
    if (reactor_ == nullptr) return;
    for (Tick* tick : {&log_tick_, &stats_tick_, &drain_tick_}) reactor_->timers().stop(*tick);
}

int Server::run() {
    for (auto step : {&Server::load_tls, &Server::resolve_nodes, &Server::parse_sources,
                      &Server::open_listeners, &Server::open_control, &Server::start_workers}) {
        const std::string failure = (this->*step)();
        if (failure.empty()) continue;
        std::fprintf(stderr, "jumpgate: %s\n", failure.c_str());
        return 1;
    }
    announce();
    reactor_->timers().start(log_tick_, kLogTickMs);
    if (config_.stats_interval_s > 0) {
        reactor_->timers().start(stats_tick_, uint64_t{config_.stats_interval_s} * 1000);
    }
    reactor_->run();
    for (const std::unique_ptr<Seat>& seat : seats_) seat->thread.join();
    write_lines();
    return 0;
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

void Server::write(std::string_view line) { std::fwrite(line.data(), 1, line.size(), stderr); }

void Server::announce() {
    LogLine io(shared_.line_format, Severity::Info, "io_uring");
    io.field("capabilities", seats_[0]->capabilities);
    LogLine ready(shared_.line_format, Severity::Info, "ready");
    if (!listening_.empty()) ready.field("listen", fmt::format("{}", fmt::join(listening_, ",")));
    if (!tls_listening_.empty()) {
        ready.field("tls_listen", fmt::format("{}", fmt::join(tls_listening_, ",")));
    }
    ready.field("brokers", node_names_.size());
    ready.field("workers", seats_.size()).field("connections_max", shared_.connections_max);
    ready.field("routes", fmt::format("{:016x}", shared_.routes.fingerprint()));
    if (shared_.severity < Severity::Info) return;
    write(io.finish());
    write(ready.finish());
    std::fflush(stderr);
}

void Server::warn_of_credentials(const Credentials& credentials) {
    if (shared_.severity < Severity::Warn) return;
    for (const std::string& warning : credentials.warnings) {
        LogLine line(shared_.line_format, Severity::Warn, "tls_warning");
        write(line.field("why", warning).finish());
    }
}

// All valid or nothing changes. What is connected goes on as it is.
void Server::reload() {
    Parsed<Credentials> loaded = load_credentials(config_, process_tickets_);
    if (const Problem* problem = std::get_if<Problem>(&loaded)) {
        LogLine line(shared_.line_format, Severity::Error, "reload_failed");
        line.field("why", problem->text).field("in_use", "what was loaded before");
        write(line.finish());
        return;
    }
    Credentials& credentials = std::get<Credentials>(loaded);
    warn_of_credentials(credentials);
    {
        const std::lock_guard<std::mutex> lock(shared_.credentials_lock);
        shared_.credentials = std::move(credentials);
    }
    const auto live = std::ranges::count_if(
        seats_, [](const std::unique_ptr<Seat>& seat) { return !seat->ended; });
    shared_.reloads_pending.fetch_add(static_cast<uint32_t>(live), std::memory_order_relaxed);
    post_all(&Worker::reload_message);
}

void Server::post_all(Op& (Worker::*message)()) {
    for (const std::unique_ptr<Seat>& seat : seats_) {
        if (seat->ended) continue;
        post(reactor_->ring(), seat->worker->ring_fd(), (seat->worker.get()->*message)());
    }
}

// SIGTERM, SIGQUIT: drain; the second one, or SIGINT: stop now. SIGHUP: read the files of TLS
// again.
void Server::on_signal(int number) {
    if (number == SIGHUP) {
        reload();
        return;
    }
    const bool now = number == SIGINT || draining_;
    LogLine line(shared_.line_format, Severity::Info, now ? "stopping" : "draining");
    line.field("signal", number == SIGINT ? "SIGINT" : number == SIGQUIT ? "SIGQUIT" : "SIGTERM");
    if (!now) line.field("timeout_s", config_.drain_timeout_s);
    if (shared_.severity >= Severity::Info && !stopping_) write(line.finish());
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

void Server::on_drain_timeout() {
    LogLine line(shared_.line_format, Severity::Warn, "drain_timeout");
    line.field("after_s", config_.drain_timeout_s);
    line.field("connections", shared_.connections.load(std::memory_order_relaxed));
    if (shared_.severity >= Severity::Warn) write(line.finish());
    post_all(&Worker::stop_message);
}

void Server::on_tick() {
    write_lines();
    reactor_->timers().start(log_tick_, kLogTickMs);
}

void Server::request_stats() {
    reactor_->timers().start(stats_tick_, uint64_t{config_.stats_interval_s} * 1000);
    if (report_due()) return;  // a worker is busy: skip, do not queue up
    for (const std::unique_ptr<Seat>& seat : seats_) seat->report_due = !seat->ended;
    post_all(&Worker::stats_message);
}

void Server::on_report(Seat& seat) {
    seat.report_due = false;
    if (!report_due()) print_stats();
}

// A worker that ends does not answer any more; what it counted stays in the sum.
void Server::on_end(Seat& seat) {
    seat.ended = true;
    seat.report.stats.clear_gauges();
    if (seat.report_due) on_report(seat);
    if (all_ended()) reactor_->stop();
}

bool Server::report_due() const {
    return std::ranges::any_of(seats_,
                               [](const std::unique_ptr<Seat>& seat) { return seat->report_due; });
}

void Server::print_stats() {
    Stats sum;
    for (const std::unique_ptr<Seat>& seat : seats_) sum.add(seat->report.stats);
    sum.log_lines_dropped = log_lines_dropped_;
    LogLine head(shared_.line_format, Severity::Info, "stats");
    std::string line(head.finish());
    const bool json = shared_.line_format == LineFormat::Json;
    line.resize(line.size() - (json ? 2 : 1));  // without the end: the numbers do not fit a LogLine
    line += json ? ",\"stats\":" : " ";
    line += to_json(sum, node_names_);
    line += json ? "}\n" : "\n";
    write(line);
}

bool Server::all_ended() const {
    return std::ranges::all_of(seats_,
                               [](const std::unique_ptr<Seat>& seat) { return seat->ended; });
}

}  // namespace jumpgate
