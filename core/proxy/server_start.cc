// Server, the start: names, certificates, listeners, descriptors, rings, threads, in this order.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "core/io/cpu.h"
#include "core/proxy/server.h"

namespace jumpgate {

// The rules of core/config let no other text through.
static TrustedPeers trusted_peers(const Config& config) {
    Parsed<TrustedPeers> peers = TrustedPeers::parse(config.proxy_protocol.from);
    CHECK(std::holds_alternative<TrustedPeers>(peers));
    return std::get<TrustedPeers>(std::move(peers));
}

Shared::Shared(const Config& whole)
    : config(whole),
      proxy_headers_from(trusted_peers(whole)),
      started_s(static_cast<uint64_t>(std::time(nullptr))) {}

bool Server::start(const Objects& objects) {
    if (uses_tls(config_, objects)) forbid_core_dumps();  // before the first key is in memory
    std::string failure = parse_sources();
    if (failure.empty()) failure = open_access_log();
    if (failure.empty()) failure = first_snapshot(objects);
    for (auto step : {&Server::open_listeners, &Server::open_control, &Server::start_workers}) {
        if (failure.empty()) failure = (this->*step)();
    }
    if (failure.empty()) names_thread_ = std::thread(&Server::follow_names, this);
    if (!failure.empty()) std::fprintf(stderr, "jumpgate: %s\n", failure.c_str());
    return failure.empty();
}

std::string Server::parse_sources() {
    for (const std::string& text : config_.source_addresses) {
        std::optional<Address> source = Address::parse(text, 0);
        if (!source) return fmt::format("--source-address {}: not an IP address", text);
        shared_.sources.push_back(*source);
    }
    return {};
}

std::string Server::open_access_log() {
    if (config_.access_log.empty()) return {};
    shared_.access_log = true;
    const std::string problem = access_log_.open(config_.access_log);
    return problem.empty() ? problem : "--access-log: " + problem;
}

// Why there is no broker to serve by; empty: there is one. Names that cannot be resolved do not
// keep a fleet's other brokers from serving; but where not one can, that had better be seen at
// once.
static std::string not_one_address(const Names& names) {
    constexpr size_t kNamesShown = 4;
    std::string problems;
    size_t shown = 0;
    for (const auto& [name, answer] : names) {
        if (!answer.targets.empty()) return {};
        if (++shown > kNamesShown) continue;
        problems += fmt::format("  {}: {}\n", node_name(name.host, name.port), answer.problem);
    }
    if (names.empty()) return {};
    if (shown > kNamesShown) problems += fmt::format("  and {} more\n", shown - kNamesShown);
    return fmt::format(
        "not one broker's name can be resolved:\n{}"
        "check the names, and that the name servers answer: {}",
        problems, "--dns-servers, without it those of /etc/resolv.conf");
}

// A list of --broker of which not one name can be resolved is a slip of who starts us, and waits at
// the terminal for the answer. Upstreams of files and of the Admin API were taken when they were
// given: name servers that are away while we restart must keep nobody else from being served.
static bool all_by_flags(const Objects& objects) {
    return std::ranges::all_of(objects.upstreams, [](const UpstreamConfig& upstream) {
        return upstream.origin.file == "--broker";
    });
}

std::string Server::first_snapshot(const Objects& objects) {
    ResolverOptions options;
    options.servers = fmt::format("{}", fmt::join(config_.dns_servers, ","));
    if (std::optional<Problem> problem = Resolver::check_servers(options.servers)) {
        return fmt::format("--dns-servers {}: {}", options.servers, problem->text);
    }
    resolver_ = std::make_unique<Resolver>(
        options,
        [](void* server) {
            Server& self = *static_cast<Server*>(server);
            const std::lock_guard<std::mutex> lock(self.call_lock_);
            self.names_changed_ = true;
            self.names_news_.notify_one();
        },
        this);
    const Names names = resolver_->follow(names_of(objects), kStartNamesMs);
    // With an Admin API it starts: what it would not start with may be what was put there, which
    // can be mended there only.
    const bool at_terminal = config_.admin.empty() && all_by_flags(objects);
    std::string none = at_terminal ? not_one_address(names) : std::string();
    if (!none.empty()) return none;
    Parsed<std::unique_ptr<Snapshot>> built = build(objects, names, ReadFiles::Again);
    if (Problem* problem = std::get_if<Problem>(&built)) return std::move(problem->text);
    publish(std::get<0>(std::move(built)), objects, names);
    return {};
}

// One listener per worker and address. The first one of an address learns what port 0 became; the
// kernel spreads connections over all of them by SO_REUSEPORT.
std::string Server::open_listeners() {
    const SocketOptions sizes = shared_.broker_sockets;
    listener_sockets_.resize(config_.threads);
    for (const ListenAddress& wanted : config_.listen) {
        const std::string_view flag = wanted.tls ? "--tls-listen" : "--listen";
        std::optional<Address> address =
            Address::parse(wanted.host.empty() ? "::" : wanted.host, wanted.port);
        if (!address) return fmt::format("{} {}: not an IP address", flag, wanted.host);
        for (uint32_t i = 0; i < config_.threads; ++i) {
            Result<int> fd = listen_tcp(*address, sizes);
            const bool no_ipv6 =
                !fd && (fd.error().sys == EAFNOSUPPORT || fd.error().sys == EADDRNOTAVAIL);
            if (no_ipv6 && wanted.host.empty() && i == 0) {
                address = Address::parse("0.0.0.0", wanted.port);
                fd = listen_tcp(*address, sizes);
            }
            if (!fd) {
                return fmt::format("{} {}: {} (errno {})", flag, address->to_string(),
                                   std::strerror(fd.error().sys), fd.error().sys);
            }
            listener_sockets_[i].push_back({*fd, wanted.tls});
            *address = local_address(*fd);
        }
        listening_.push_back(address->to_string());
    }
    return {};
}

// A ring's table holds at most RLIMIT_NOFILE sockets, which it returns; a worker's half for clients
// and half for brokers; a few more for clients, so that one too many can be told so.
uint32_t Server::plan_descriptors() {
    const auto table =
        static_cast<uint32_t>(std::min<uint64_t>(raise_descriptor_limit(), 1U << 20));
    const uint32_t spare = std::clamp(table / 64, 4U, 256U);
    uint32_t dials = (table - spare) / 2;
    if (config_.connections_max > 0) dials = std::min(dials, config_.connections_max);
    limits_.dial_slots = dials;
    limits_.accept_slots = dials + spare;
    shared_.connections_max =
        config_.connections_max > 0 ? config_.connections_max : dials * config_.threads;
    return table;
}

std::string Server::open_control() {
    const uint32_t table = plan_descriptors();
    limits_.disabled = config_.io_disabled;
    limits_.busy_poll_ns = uint64_t{config_.busy_poll_us} * 1'000;
    RingLimits small;
    small.disabled = config_.io_disabled;
    small.submissions = 64;
    small.completions = 256;
    small.dial_slots = std::min(HealthChecker::kDialSlots, table);
    Result<std::unique_ptr<Reactor>> reactor = Reactor::open(small);
    if (!reactor) return explain_ring_failure(reactor.error(), small);
    reactor_ = std::move(*reactor);
    signals_ = std::make_unique<SignalWatch>(
        reactor_->ring(),
        [](void* server, int number) { static_cast<Server*>(server)->on_signal(number); }, this);
    wakeup_ = std::make_unique<Wakeup>(
        reactor_->ring(), [](void* server) { static_cast<Server*>(server)->on_wake(); }, this);
    HealthOptions health;
    health.send_proxy = config_.proxy_protocol.send;
    health.sources = shared_.sources;
    health.line_format = shared_.line_format;
    health.severity = shared_.severity;
    health.write = [](void* server, std::string_view line) {
        static_cast<Server*>(server)->write(line);
    };
    health.context = this;
    health_ = std::make_unique<HealthChecker>(*reactor_, shared_.board, health);
    return {};
}

std::string Server::start_workers() {
    std::latch opened(config_.threads);
    for (uint32_t i = 0; i < config_.threads; ++i) {
        seat_worker(i);
        Seat& seat = *seats_.back();
        seat.thread = std::thread(&Server::work, std::ref(seat), i, std::ref(opened));
    }
    opened.wait();
    const auto failed = std::ranges::find_if(
        seats_, [](const std::unique_ptr<Seat>& seat) { return !seat->opened; });
    const bool ready = failed == seats_.end();
    for (const std::unique_ptr<Seat>& seat : seats_) seat->go.set_value(ready);
    if (ready) return {};
    for (const std::unique_ptr<Seat>& seat : seats_) seat->thread.join();
    return explain_ring_failure((*failed)->opened.error(), limits_);
}

// A seat without its thread.
void Server::seat_worker(uint32_t index) {
    seats_.push_back(std::make_unique<Seat>());
    Seat& seat = *seats_.back();
    seat.server = this;
    seat.report.seat = seat.adopt.seat = seat.find.seat = seat.evict.seat = &seat;
    seat.complete = [](Op& op, Completion) {
        Seat& self = static_cast<Seat&>(op);
        self.server->on_end(self);
    };
    seat.report.complete = [](Op& op, Completion) {
        Seat& self = *static_cast<Report&>(op).seat;
        self.server->on_report(self);
    };
    seat.worker = std::make_unique<Worker>(index, shared_, std::move(listener_sockets_[index]));
}

// A worker's thread, from its first line to its last.
void Server::work(Seat& seat, unsigned index, std::latch& opened) {
    Server& server = *seat.server;
    if (server.config_.pin_cpus) pin_to_cpu(index);
    std::future<bool> go = seat.go.get_future();
    seat.opened =
        seat.worker->open(server.limits_, server.reactor_->ring().fd(), seat.report, seat);
    if (seat.opened) seat.capabilities = seat.worker->reactor().ring().capabilities().line();
    opened.count_down();
    if (go.get()) seat.worker->run();
    seat.worker->close();
}

}  // namespace jumpgate
