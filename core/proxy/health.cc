#include "core/proxy/health.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "core/base/time.h"
#include "core/proxy/proxy_header.h"

namespace jumpgate {
namespace {

struct CheckDue : Timer {
    using Timer::Timer;
};
struct RampStep : Timer {
    using Timer::Timer;
};

uint64_t random_seed() {
    std::random_device device;
    return uint64_t{device()} << 32U | device();
}

// The node's name without its port; an IPv6 literal keeps its brackets, as in a Host header.
std::string_view host_of(std::string_view name) { return name.substr(0, name.rfind(':')); }

std::string http_host(const Broker& broker) {
    const ActiveCheck& check = *broker.check;
    if (!check.host.empty()) return check.host;
    if (check.port == 0) return broker.name;
    return fmt::format("{}:{}", host_of(broker.name), check.port);
}

// Whether a check of the one would find out the same about the other.
bool asks_alike(const Broker& a, const Broker& b) {
    return a.check == b.check && a.tls == b.tls && a.server_name == b.server_name &&
           a.addresses == b.addresses;
}

}  // namespace

// A broker that is checked.
struct HealthChecker::Watched : WaitLink, CheckDue, RampStep {
    Watched(HealthChecker& checker, uint16_t its_slot)
        : CheckDue([](Timer& timer) {
              Watched& self = static_cast<Watched&>(static_cast<CheckDue&>(timer));
              self.owner.start_check(self);
          }),
          RampStep([](Timer& timer) {
              Watched& self = static_cast<Watched&>(static_cast<RampStep&>(timer));
              self.owner.ramp(self);
          }),
          owner(checker),
          slot(its_slot) {}

    HealthChecker& owner;
    const uint16_t slot;
    Broker broker;                  // as the last snapshot has it
    tls::ClientContextRef context;  // null: no TLS
    Standing standing;
    BrokerHealth health;
    Running* running = nullptr;  // null: no check is under way
    uint64_t up_since_ms = 0;    // of a slow start
    uint32_t passes_since_mark = 0;
};

struct HealthChecker::Running : Probe {
    Running(Watched& whose, ProbePlan what)
        : Probe(whose.owner.reactor_, std::move(what), &Running::end),
          owner(whose.owner),
          broker(&whose) {}

    static void end(Probe& probe) {
        Running& self = static_cast<Running&>(probe);
        HealthChecker& owner = self.owner;
        self.ProbeLink::unlink();
        if (self.broker != nullptr) {
            self.broker->running = nullptr;
            owner.take(*self.broker, self.result);
        }
        owner.probes_.destroy(&self);
        owner.start_waiting();
    }

    HealthChecker& owner;
    Watched* broker;  // null: it is not checked any more
};

HealthChecker::HealthChecker(Reactor& reactor, BrokerBoard& board, const HealthOptions& options)
    : reactor_(reactor),
      board_(board),
      options_(options),
      rng_(options.seed != 0 ? options.seed : random_seed()),
      probes_(std::min(kProbesMax, reactor.ring().limits().dial_slots)) {}

HealthChecker::~HealthChecker() { CHECK(stopping_ && in_flight() == 0); }

void HealthChecker::stop() {
    stopping_ = true;
    for (size_t slot = 0; slot < watched_.size(); ++slot) drop(static_cast<uint16_t>(slot));
    while (in_flight() > 0) reactor_.turn(10 * kNanosPerMilli);
}

const BrokerHealth* HealthChecker::of(uint16_t slot) const {
    const bool checked = slot < watched_.size() && watched_[slot] != nullptr;
    return checked ? &watched_[slot]->health : nullptr;
}

// ---- Whom to check ---------------------------------------------------------------------------

void HealthChecker::follow(const Snapshot& snapshot) {
    CHECK(!stopping_ && snapshot.brokers.size() <= kBrokerSlots);
    watched_.resize(std::max(watched_.size(), snapshot.brokers.size()));
    for (size_t slot = 0; slot < watched_.size(); ++slot) {
        const Broker* broker = slot < snapshot.brokers.size() ? &snapshot.brokers[slot] : nullptr;
        const bool checked = broker != nullptr && broker->listed && broker->check.has_value();
        follow_slot(static_cast<uint16_t>(slot), checked ? broker : nullptr, snapshot);
    }
}

void HealthChecker::follow_slot(uint16_t slot, const Broker* broker, const Snapshot& snapshot) {
    std::unique_ptr<Watched>& watched = watched_[slot];
    const bool same = watched != nullptr && broker != nullptr &&
                      watched->broker.upstream == broker->upstream &&
                      watched->broker.name == broker->name;
    if (!same) drop(slot);
    if (broker == nullptr) return;
    if (!same) watched = std::make_unique<Watched>(*this, slot);
    const tls::ClientContextRef context =
        broker->tls ? snapshot.upstreams[broker->upstream_index].context : nullptr;
    const bool asked_alike =
        same && context == watched->context && asks_alike(*broker, watched->broker);
    watched->broker = *broker;
    watched->context = context;
    if (asked_alike) return;
    forget_check(*watched);
    start_check(*watched);
}

// The one that is due, waits for room, or is under way: that one ends by itself and tells nobody.
void HealthChecker::forget_check(Watched& broker) {
    reactor_.timers().stop(static_cast<CheckDue&>(broker));
    broker.WaitLink::unlink();
    if (broker.running == nullptr) return;
    broker.running->broker = nullptr;
    broker.running->stop();
    broker.running = nullptr;
}

void HealthChecker::drop(uint16_t slot) {
    std::unique_ptr<Watched> broker = std::move(watched_[slot]);
    if (broker == nullptr) return;
    forget_check(*broker);
    reactor_.timers().stop(static_cast<RampStep&>(*broker));
    board_.pardon(slot);
    board_.set(slot, kShareFull);  // whoever gets the slot next begins anew
}

// ---- Checks ----------------------------------------------------------------------------------

void HealthChecker::start_check(Watched& broker) {
    if (broker.broker.addresses.empty()) {
        CheckResult result;
        result.outcome = Outcome::TcpFailed;
        result.condition = BrokerCondition::Down;
        result.why = "its name was never resolved";
        take(broker, result);
        return;
    }
    broker.running = probes_.create(broker, plan(broker));
    if (broker.running == nullptr) {
        waiting_.push_back(broker);
        return;
    }
    running_.push_back(*broker.running);
    check_broker(*broker.running);
}

void HealthChecker::start_waiting() {
    while (in_flight() < probes_.limit()) {
        Watched* next = waiting_.pop_front();
        if (next == nullptr) return;
        start_check(*next);
    }
}

ProbePlan HealthChecker::plan(const Watched& watched) {
    const Broker& broker = watched.broker;
    ProbePlan plan;
    plan.check = *broker.check;
    plan.addresses = broker.addresses;
    plan.sources = options_.sources;
    const uint16_t own_port = broker.addresses.front().port();
    if (plan.check.port != 0) {
        for (Address& address : plan.addresses) address.set_port(plan.check.port);
    }
    if (plan.check.type == CheckType::Http) {
        plan.http_host = http_host(broker);
    } else {
        plan.context = watched.context;
        plan.server_name = broker.server_name;
    }
    // 23 bytes, the most that every broker takes (MQTT-3.1.3-5).
    plan.client_id = fmt::format("jumpgate-check-{:08x}", rng_.next() >> 32U);
    // Only the port that clients are sent to is known to expect a header.
    const bool at_clients_port = plan.check.port == 0 || plan.check.port == own_port;
    if (options_.send_proxy == SendProxy::Off || !at_clients_port) return plan;
    if (options_.send_proxy == SendProxy::V1) {
        write_proxy_v1_local(plan.preamble);
    } else {
        write_proxy_v2_local(plan.preamble);
    }
    return plan;
}

// Counted from the end of a check: one that takes long is not followed by the next at once. Up to
// a tenth is left out at random, so that many brokers, and many proxies, fall out of step.
uint64_t HealthChecker::next_delay_ms(const Watched& broker) {
    const ActiveCheck& check = *broker.broker.check;
    const bool up = broker.standing.place() == Standing::Place::Up;
    const uint64_t interval_ms = up ? check.healthy_interval_ms : check.unhealthy_interval_ms;
    return interval_ms - rng_.below(interval_ms / 10 + 1);
}

// ---- Verdicts --------------------------------------------------------------------------------

void HealthChecker::take(Watched& broker, const CheckResult& result) {
    BrokerHealth& health = broker.health;
    const bool first = broker.standing.place() == Standing::Place::Unknown;
    const bool turned = broker.standing.count(result.outcome, *broker.broker.check);
    const bool up = broker.standing.place() == Standing::Place::Up;
    const bool passed = result.outcome == Outcome::Passed;
    health.checks++;
    if (!passed && result.outcome != Outcome::Ignored) health.checks_failed++;
    health.last_check_ns = reactor_.now_ns();
    if (up || !passed) health.why = result.why;
    if (turned && up) {
        turn_up(broker, first);
    } else if (!up && !passed && result.outcome != Outcome::Ignored) {
        health.condition = result.condition;
        if (turned) turn_down(broker);
    }
    pardon_dials(broker, passed);
    reactor_.timers().start(static_cast<CheckDue&>(broker), next_delay_ms(broker));
}

// Clients' dials may have taken out a broker that is up for the checks. As many that pass in a row
// as bring back one that the checks took out end that too.
void HealthChecker::pardon_dials(Watched& broker, bool passed) {
    const bool marked = board_.marked[broker.slot].load(std::memory_order_relaxed);
    broker.passes_since_mark = marked && passed ? broker.passes_since_mark + 1 : 0;
    if (!marked || broker.passes_since_mark < broker.broker.check->healthy_successes) return;
    board_.pardon(broker.slot);
    broker.passes_since_mark = 0;
}

void HealthChecker::turn_up(Watched& broker, bool first) {
    broker.health.condition = BrokerCondition::Up;
    if (!first && broker.broker.slow_start_s > 0) {
        broker.up_since_ms = reactor_.timers().now_ms();
        ramp(broker);
    } else {
        board_.set(broker.slot, kShareFull);
    }
    // That all is well at the start is no news.
    if (!first || !broker.health.why.empty()) log(Severity::Info, "broker_up", broker);
}

void HealthChecker::turn_down(Watched& broker) {
    reactor_.timers().stop(static_cast<RampStep&>(broker));
    board_.set(broker.slot, 0);
    log(Severity::Warn, "broker_down", broker);
}

void HealthChecker::ramp(Watched& broker) {
    const uint64_t total_ms = uint64_t{broker.broker.slow_start_s} * 1'000;
    const uint64_t elapsed_ms = reactor_.timers().now_ms() - broker.up_since_ms;
    const bool over = elapsed_ms >= total_ms;  // also where slow_start_s is 0 by now
    broker.health.condition = over ? BrokerCondition::Up : BrokerCondition::Starting;
    board_.set(broker.slot, over ? kShareFull : slow_start_share(elapsed_ms, total_ms));
    if (over) return;
    reactor_.timers().start(static_cast<RampStep&>(broker), slow_start_step_ms(total_ms));
}

// ---- Lines -----------------------------------------------------------------------------------

void HealthChecker::log(Severity severity, std::string_view event, const Watched& broker) {
    if (options_.write == nullptr || options_.severity < severity) return;
    LogLine line(options_.line_format, severity, event);
    line.field("upstream", broker.broker.upstream).field("broker", broker.broker.name);
    line.field("condition", text(broker.health.condition));
    if (!broker.health.why.empty()) line.field("why", broker.health.why);
    line.field("checks", broker.standing.row());
    options_.write(options_.context, line.finish());
}

}  // namespace jumpgate
