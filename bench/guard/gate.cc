#include "bench/guard/gate.h"

#include <variant>

// bench/guard.py counts what runs inside of this function (--toggle-collect), hence its plain name.
extern "C" void guard_counted_turn(jumpgate::Reactor& reactor, uint64_t burn);
[[gnu::noinline]] void guard_counted_turn(jumpgate::Reactor& reactor, uint64_t burn) {
    reactor.turn(0);
    for (uint64_t i = 0; i < burn; ++i) asm volatile("" : : : "memory");
}

namespace jumpgate::guard {

static constexpr uint32_t kClientsMax = 256;

static Config config_for(std::span<const uint16_t> broker_ports) {
    Config config;
    config.threads = 1;
    config.buffers = 1'024;
    config.connections_max = kClientsMax;
    config.log_level = LogLevel::Info;
    for (const uint16_t port : broker_ports) config.brokers.push_back({"127.0.0.1", port});
    return config;
}

Gate::Gate(std::span<const uint16_t> broker_ports) : config_(config_for(broker_ports)) {
    shared_ = std::make_unique<Shared>(config_);
    shared_->connections_max = kClientsMax;
    shared_->severity = Severity::Info;
    builder_ =
        std::make_unique<SnapshotBuilder>(config_, shared_->board, tls::TicketKeys::random());
    build_snapshot();
    Result<int> listener = listen_tcp(*Address::parse("127.0.0.1", 0), shared_->broker_sockets);
    CHECK(listener);
    port_ = local_address(*listener).port();
    Result<std::unique_ptr<Reactor>> control =
        Reactor::open({.submissions = 16, .completions = 64});
    CHECK(control);
    control_ = std::move(*control);
    report_.complete = [](Op&, Completion) {};
    worker_ = std::make_unique<Worker>(0, *shared_, std::vector<ListenerSocket>{{*listener}});
    RingLimits limits;
    limits.accept_slots = kClientsMax;
    limits.dial_slots = kClientsMax;
    CHECK(worker_->open(limits, control_->ring().fd(), report_, ended_));
    // A run that is stopped before it begins: it arms the listener and leaves the turns to us.
    worker_->reactor().stop();
    worker_->run();
}

Gate::~Gate() {
    control_->turn(0);
    CHECK(ended_.seen);  // of the run above
    ended_.seen = false;
    post(control_->ring(), worker_->ring_fd(), worker_->stop_message());
    control_->turn(0);
    worker_->run();
    control_->turn(0);
    CHECK(ended_.seen);
    worker_->close();
}

void Gate::build_snapshot() {
    Objects objects;
    UpstreamConfig& upstream = objects.upstreams.emplace_back();
    upstream.id = "default";
    upstream.type = Balance::ConsistentHash;
    upstream.nodes = config_.brokers;
    StreamRouteConfig& route = objects.stream_routes.emplace_back();
    route.id = "default";
    route.upstream_id = "default";
    Names names;
    for (const WatchedName& name : names_of(objects)) {
        ResolvedTarget target;
        target.host = name.host;
        target.port = name.port;
        target.addresses = {*Address::parse(name.host, name.port)};
        names[name].targets.push_back(std::move(target));
    }
    Parsed<std::unique_ptr<Snapshot>> built = builder_->build({.objects = objects, .names = names});
    CHECK(std::holds_alternative<std::unique_ptr<Snapshot>>(built));
    snapshot_ = std::get<std::unique_ptr<Snapshot>>(std::move(built));
    shared_->snapshot = snapshot_.get();
}

void Gate::turn() {
    if (counted_) {
        ++counted_turns_;
        guard_counted_turn(worker_->reactor(), burn_);
    } else {
        worker_->reactor().turn(0);
    }
}

}  // namespace jumpgate::guard
