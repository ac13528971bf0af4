// Server, the start: names, addresses, listeners, descriptors, rings, threads, in this order.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "core/io/cpu.h"
#include "core/io/resolve.h"
#include "core/proxy/server.h"

namespace jumpgate {

static std::string with_port(const std::string& host, uint16_t port) {
    const bool brackets = host.find(':') != std::string::npos;
    return fmt::format("{}{}{}:{}", brackets ? "[" : "", host, brackets ? "]" : "", port);
}

static RouteTable make_routes(const Config& config) {
    std::vector<Node> nodes;
    for (const BrokerAddress& broker : config.brokers) {
        nodes.push_back({with_port(broker.host, broker.port), broker.weight});
    }
    UpstreamRule rule{
        .id = "default", .key = config.hash_key, .key_prefix_until = config.hash_key_prefix_until};
    std::vector<Upstream> upstreams;
    upstreams.emplace_back(std::move(rule), std::move(nodes));
    return RouteTable({Route{.id = "default"}}, std::move(upstreams));
}

// The rules of core/config let no other text through.
static TrustedPeers trusted_peers(const Config& config) {
    Parsed<TrustedPeers> peers = TrustedPeers::parse(config.proxy_protocol.from);
    CHECK(std::holds_alternative<TrustedPeers>(peers));
    return std::get<TrustedPeers>(std::move(peers));
}

Shared::Shared(const Config& whole)
    : config(whole),
      routes(make_routes(whole)),
      proxy_headers_from(trusted_peers(whole)),
      started_s(static_cast<uint64_t>(std::time(nullptr))) {}

std::string Server::load_tls() {
    process_tickets_ = tls::TicketKeys::random();
    if (uses_tls(config_)) forbid_core_dumps();  // before the first key is in memory
    Parsed<Credentials> loaded = load_credentials(config_, process_tickets_);
    if (Problem* problem = std::get_if<Problem>(&loaded)) return std::move(problem->text);
    shared_.credentials = std::move(std::get<Credentials>(loaded));
    warn_of_credentials(shared_.credentials);
    return {};
}

std::string Server::resolve_nodes() {
    for (const BrokerAddress& broker : config_.brokers) {
        std::string why;
        Result<Address> address = resolve(broker.host, broker.port, why);
        if (!address) {
            return fmt::format("--broker {}: cannot resolve the name: {}",
                               with_port(broker.host, broker.port), why);
        }
        shared_.nodes.push_back(*address);
        node_names_.push_back(with_port(broker.host, broker.port));
    }
    return {};
}

std::string Server::parse_sources() {
    for (const std::string& text : config_.source_addresses) {
        std::optional<Address> source = Address::parse(text, 0);
        if (!source) return fmt::format("--source-address {}: not an IP address", text);
        shared_.sources.push_back(*source);
    }
    for (size_t i = 0; !shared_.sources.empty() && i < shared_.nodes.size(); ++i) {
        const auto family = shared_.nodes[i].any.sa_family;
        const bool reachable = std::ranges::any_of(
            shared_.sources, [&](const Address& source) { return source.any.sa_family == family; });
        if (!reachable) {
            return fmt::format("--source-address: none of them is {}, as broker {} is",
                               family == AF_INET ? "IPv4" : "IPv6", node_names_[i]);
        }
    }
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
        (wanted.tls ? tls_listening_ : listening_).push_back(address->to_string());
    }
    return {};
}

// Each worker's table holds at most RLIMIT_NOFILE sockets, half for clients and half for brokers;
// a few more for clients, so that one too many can be told so.
void Server::plan_descriptors() {
    const auto table =
        static_cast<uint32_t>(std::min<uint64_t>(raise_descriptor_limit(), 1U << 20));
    const uint32_t spare = std::clamp(table / 64, 4U, 256U);
    uint32_t dials = (table - spare) / 2;
    if (config_.connections_max > 0) dials = std::min(dials, config_.connections_max);
    limits_.dial_slots = dials;
    limits_.accept_slots = dials + spare;
    shared_.connections_max =
        config_.connections_max > 0 ? config_.connections_max : dials * config_.threads;
}

std::string Server::open_control() {
    plan_descriptors();
    limits_.disabled = config_.io_disabled;
    RingLimits small;
    small.disabled = config_.io_disabled;
    small.submissions = 64;
    small.completions = 256;
    Result<std::unique_ptr<Reactor>> reactor = Reactor::open(small);
    if (!reactor) return explain_ring_failure(reactor.error(), small);
    reactor_ = std::move(*reactor);
    signals_ = std::make_unique<SignalWatch>(
        reactor_->ring(),
        [](void* server, int number) { static_cast<Server*>(server)->on_signal(number); }, this);
    return {};
}

std::string Server::start_workers() {
    std::latch opened(config_.threads);
    for (uint32_t i = 0; i < config_.threads; ++i) {
        seats_.push_back(std::make_unique<Seat>());
        Seat& seat = *seats_.back();
        seat.server = this;
        seat.report.seat = &seat;
        seat.complete = [](Op& op, Completion) {
            Seat& self = static_cast<Seat&>(op);
            self.server->on_end(self);
        };
        seat.report.complete = [](Op& op, Completion) {
            Seat& self = *static_cast<Report&>(op).seat;
            self.server->on_report(self);
        };
        seat.worker = std::make_unique<Worker>(i, shared_, std::move(listener_sockets_[i]));
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
