#include "loadgen/fleet.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>
#include <thread>

#include "core/base/time.h"
#include "core/io/resolve.h"
#include "core/io/signals.h"
#include "loadgen/crew.h"
#include "loadgen/live_block.h"
#include "loadgen/live_line.h"
#include "loadgen/prometheus.h"
#include "loadgen/result_files.h"
#include "loadgen/result_text.h"

namespace jumpgate::load {

namespace {

// All crews learn of the start before it comes.
constexpr uint64_t kStartLeadNs = 100 * kNanosPerMilli;
// After --start-at, messages begin on a whole second, at least this far away.
constexpr uint64_t kAgreedLeadNs = 250 * kNanosPerMilli;
constexpr uint64_t kLookEveryNs = 20 * kNanosPerMilli;

class Fleet {
  public:
    explicit Fleet(const Options& options) : options_(options) {}

    int run();

  private:
    bool find_targets();
    bool read_certificates();
    bool wait_for_start();
    void start_crews();
    uint64_t messages_start_ns() const;
    void begin_messages();
    void watch();
    void look_at_signals();
    Stage stage(uint64_t now_ns) const;
    const Second& take_second();
    void show_second();
    Progress progress(uint64_t now_ns) const;
    bool open_prometheus();
    Results results();
    bool finished() const { return signals_.finished.load() == crews_.size(); }
    int report();

    const Options& options_;
    Targets targets_;
    Signals signals_;
    std::vector<std::unique_ptr<Crew>> crews_;
    std::vector<std::thread> threads_;
    uint64_t began_ns_ = 0;
    uint64_t connected_ns_ = 0;  // when all clients had tried
    bool interrupted_ = false;
    Environment environment_;
    std::optional<Ticker> ticker_;
    Outages outages_;
    LiveBlock block_;
    std::unique_ptr<PrometheusServer> prometheus_;
};

bool Fleet::find_targets() {
    for (const std::string& host : options_.hosts) {
        std::string why;
        Result<Address> address = resolve(host, options_.port, why);
        if (!address) {
            fmt::print(stderr, "jumpload {}: --host {}: {}\n", word(options_.mode), host, why);
            return false;
        }
        targets_.to.push_back(*address);
    }
    for (const std::string& source : options_.source_addresses) {
        const std::optional<Address> address = Address::parse(source, 0);
        CHECK(address);  // parse_options() saw to it
        if (address->any.sa_family != targets_.to.front().any.sa_family) {
            fmt::print(stderr,
                       "jumpload {}: --ifaddr {} and --host {} are of different families; "
                       "allowed: both IPv4 or both IPv6\n",
                       word(options_.mode), source, targets_.to.front().host());
            return false;
        }
        targets_.from.push_back(*address);
    }
    return true;
}

bool Fleet::read_certificates() {
    if (!options_.tls.on) return true;
    const uint64_t began_ns = monotonic_ns();
    auto made = ClientContexts::make(options_);
    if (const tls::Problem* problem = std::get_if<tls::Problem>(&made)) {
        fmt::print(stderr, "jumpload {}: {}\n", word(options_.mode), problem->text);
        return false;
    }
    targets_.contexts = std::move(std::get<ClientContexts>(made));
    const uint64_t took_ns = monotonic_ns() - began_ns;
    if (took_ns >= kNanosPerSecond) {
        fmt::print(stderr, "jumpload {}: note: {} certificates were read in {:.1f} s\n",
                   word(options_.mode), targets_.contexts.size(),
                   static_cast<double>(took_ns) / 1e9);
    }
    return true;
}

// Clients are dealt in turn, so that each crew dials at an even rate; a unit stays together.
void Fleet::start_crews() {
    std::vector<std::vector<uint32_t>> shares(options_.threads);
    for (uint32_t index = 0; index < options_.count; ++index) {
        const uint32_t unit = options_.plan.unit(index);
        if (!options_.shard.has(unit)) continue;
        shares[unit / options_.shard.count % options_.threads].push_back(index);
    }
    for (std::vector<uint32_t>& share : shares) {
        crews_.push_back(std::make_unique<Crew>(options_, targets_, std::move(share), signals_));
    }
    for (const std::unique_ptr<Crew>& crew : crews_) {
        threads_.emplace_back([&crew = *crew] { crew.run(); });
    }
}

int Fleet::run() {
    if (!find_targets() || !read_certificates()) return 1;
    for (const std::string& note : options_.notes) {
        fmt::print(stderr, "jumpload {}: note: {}\n", word(options_.mode), note);
    }
    block_signals();
    if (!open_prometheus() || !wait_for_start()) return 1;
    began_ns_ = monotonic_ns();
    environment_ = look_around();
    ticker_.emplace(began_ns_);
    if (prometheus_) prometheus_->show(prometheus_text(options_, *ticker_));
    start_crews();
    watch();
    for (std::thread& thread : threads_) thread.join();
    for (const std::unique_ptr<Crew>& crew : crews_) crew->settle_deliveries();
    for (const std::unique_ptr<Crew>& crew : crews_) {
        if (crew->failure().empty()) continue;
        fmt::print(stderr, "jumpload {}: {}\n", word(options_.mode), crew->failure());
        return 1;
    }
    return report();
}

// Fixes when the first client dials. --start-at is wall clock: it is compared with it once, and
// from there on only the monotonic clock counts. False: the time is past.
bool Fleet::wait_for_start() {
    const std::optional<StartAt>& at = options_.arrival.start_at;
    if (!at) {
        signals_.dial_start_ns = monotonic_ns() + kStartLeadNs;
        return true;
    }
    timespec wall{};
    clock_gettime(CLOCK_REALTIME, &wall);
    const uint64_t now_ns = monotonic_ns();
    const uint64_t wall_ns =
        static_cast<uint64_t>(wall.tv_sec) * kNanosPerSecond + static_cast<uint64_t>(wall.tv_nsec);
    const uint64_t start_ns = at->after_now ? wall_ns + at->ns : at->ns;
    if (start_ns < wall_ns) {
        fmt::print(
            stderr,
            "jumpload {}: --start-at: is {:.1f} s past; allowed: a time to come, or +SECONDS\n",
            word(options_.mode), static_cast<double>(wall_ns - start_ns) / 1e9);
        return false;
    }
    signals_.dial_start_ns = now_ns + (start_ns - wall_ns);
    while (!interrupted_ && monotonic_ns() + kStartLeadNs < signals_.dial_start_ns) {
        look_at_signals();
    }
    return true;
}

// Crews that wait for one --start-at end their connects at times of their own: the whole second
// brings them together again.
uint64_t Fleet::messages_start_ns() const {
    const uint64_t now_ns = monotonic_ns();
    if (!options_.arrival.start_at) return now_ns + kStartLeadNs;
    const uint64_t since_ns = now_ns + kAgreedLeadNs - std::min(now_ns, signals_.dial_start_ns);
    const uint64_t seconds = (since_ns + kNanosPerSecond - 1) / kNanosPerSecond;
    return signals_.dial_start_ns + seconds * kNanosPerSecond;
}

// All have tried. Where nobody got through, and nobody tries again, nothing is left to wait for.
void Fleet::begin_messages() {
    if (signals_.connected.load() == 0 && !options_.reconnect) {
        signals_.end_ns.store(0);
        return;
    }
    const uint64_t start_ns = messages_start_ns();
    if (options_.duration_s > 0 && !interrupted_) {
        signals_.end_ns.store(start_ns + options_.arrival.warm_up_ns +
                              options_.duration_s * kNanosPerSecond);
    }
    signals_.start_ns.store(start_ns, std::memory_order_release);
}

void Fleet::watch() {
    while (!finished()) {
        look_at_signals();
        const uint64_t now_ns = monotonic_ns();
        for (const std::unique_ptr<Crew>& crew : crews_) {
            // A crew without a reactor: the run makes no sense, the others go home.
            if (signals_.opened.load() == crews_.size() && !crew->failure().empty()) {
                signals_.end_ns.store(0);
                signals_.hurry.store(true);
            }
        }
        if (connected_ns_ == 0 && signals_.settled.load() == options_.clients_here) {
            connected_ns_ = now_ns;
            begin_messages();
        }
        if (stage(now_ns) == Stage::Measuring) outages_.look(now_ns, signals_.connected.load());
        if (ticker_->due(now_ns)) show_second();
    }
}

// Waits for a signal, but not for long.
void Fleet::look_at_signals() {
    sigset_t watched;
    sigemptyset(&watched);
    for (const int number : {SIGINT, SIGTERM, SIGQUIT, SIGHUP}) sigaddset(&watched, number);
    const timespec wait{0, kLookEveryNs};
    if (sigtimedwait(&watched, nullptr, &wait) < 0) return;
    if (interrupted_) signals_.hurry.store(true);
    interrupted_ = true;
    signals_.end_ns.store(monotonic_ns());
}

Stage Fleet::stage(uint64_t now_ns) const {
    const uint64_t start_ns = signals_.start_ns.load();
    if (now_ns < start_ns) return Stage::Connecting;
    if (now_ns < start_ns + options_.arrival.warm_up_ns) return Stage::WarmUp;
    return now_ns < signals_.end_ns.load() ? Stage::Measuring : Stage::Draining;
}

const Second& Fleet::take_second() {
    const uint64_t now_ns = monotonic_ns();
    std::vector<Live*> lives;
    for (const std::unique_ptr<Crew>& crew : crews_) lives.push_back(&crew->live());
    return ticker_->take(lives, now_ns, stage(now_ns));
}

Progress Fleet::progress(uint64_t now_ns) const {
    Progress progress;
    progress.stage = stage(now_ns);
    const uint64_t start_ns = signals_.start_ns.load() + options_.arrival.warm_up_ns;
    const uint64_t end_ns = signals_.end_ns.load();
    if (progress.stage == Stage::Connecting) {
        progress.share = static_cast<double>(signals_.settled.load()) / options_.clients_here;
    } else if (progress.stage == Stage::Measuring && end_ns != UINT64_MAX && end_ns > start_ns) {
        progress.left_s = static_cast<double>(end_ns - now_ns) / 1e9;
        progress.share = 1 - progress.left_s * 1e9 / static_cast<double>(end_ns - start_ns);
    }
    return progress;
}

void Fleet::show_second() {
    const Second& second = take_second();
    if (prometheus_) prometheus_->show(prometheus_text(options_, *ticker_));
    const TerminalSize terminal = terminal_size();
    if (options_.live_json) {
        fmt::print("{}", live_json(second));
    } else if (!options_.quiet && terminal.columns > 0) {
        fmt::print(
            "{}", block_.drawn(live_block(options_, progress(monotonic_ns()), *ticker_, terminal)));
    } else if (!options_.quiet) {
        fmt::print("{}", live_line(options_, second, ticker_->totals()));
    }
    std::fflush(stdout);
}

bool Fleet::open_prometheus() {
    if (!options_.prometheus) return true;
    Parsed<std::unique_ptr<PrometheusServer>> opened = PrometheusServer::open(*options_.prometheus);
    if (const Problem* problem = std::get_if<Problem>(&opened)) {
        fmt::print(stderr, "jumpload {}: --prometheus {}: {}\n", word(options_.mode),
                   text(*options_.prometheus), problem->text);
        return false;
    }
    prometheus_ = std::move(std::get<std::unique_ptr<PrometheusServer>>(opened));
    return true;
}

Results Fleet::results() {
    Results results;
    results.command = options_.command;
    results.plan = RunPlan::of(options_);
    results.environment = environment_;
    results.fail_if = options_.results.fail_if;
    for (const std::unique_ptr<Crew>& crew : crews_) {
        results.recorder.merge(crew->recorder());
        results.warm_up.merge(crew->warm_up());
    }
    results.interrupted = interrupted_ && options_.duration_s > 0;
    if (connected_ns_ != 0) {
        results.connect_s = static_cast<double>(connected_ns_ - signals_.dial_start_ns) / 1e9;
        results.outages = outages_.seen();
        const uint64_t start_ns = signals_.start_ns.load() + options_.arrival.warm_up_ns;
        const uint64_t end_ns = signals_.end_ns.load();
        results.measured_s = end_ns > start_ns ? static_cast<double>(end_ns - start_ns) / 1e9 : 0;
    }
    take_second();  // what was left, so that the seconds add up to the run
    results.seconds = ticker_->take_all();
    return results;
}

int Fleet::report() {
    fmt::print("{}", block_.erased());
    const Results results = this->results();
    // With --live-json stdout is for the objects alone.
    fmt::print(options_.live_json ? stderr : stdout, "{}", result_text(results));
    std::vector<std::string> problems = write_results(options_.results, results);
    // What was printed meets the disk here, if that is where it goes.
    const bool flushed = std::fflush(stdout) == 0;
    if (!flushed || std::ferror(stdout) != 0) {
        const char* why = flushed ? "an earlier line was lost" : std::strerror(errno);
        problems.push_back(fmt::format("stdout: could not be written: {}", why));
    }
    for (const std::string& problem : problems) {
        fmt::print(stderr, "jumpload {}: {}\n", word(options_.mode), problem);
    }
    return problems.empty() ? results.exit_code() : 1;
}

}  // namespace

int run_fleet(const Options& options) { return Fleet(options).run(); }

}  // namespace jumpgate::load
