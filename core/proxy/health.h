// HealthChecker: asks each broker that has `checks.active`, again and again, and says on the
// BrokerBoard what it is worth.
//
// Law: lives on the control thread's reactor, whose ring has kDialSlots dial slots where so many
// descriptors are allowed. One check of a broker at a time, as many as slots of all; who finds no
// room waits in line. A broker that stays keeps its state over snapshots. A recovered broker comes
// back by slow start; at its first check, or after a failure that did not count, there is none.
// Of clients' dials it knows only that they failed (BrokerBoard::marked): NodeHealth counts them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/log.h"
#include "core/base/rng.h"
#include "core/base/slab.h"
#include "core/proxy/broker_board.h"
#include "core/proxy/health_probe.h"
#include "core/proxy/snapshot.h"

namespace jumpgate {

struct HealthOptions {
    SendProxy send_proxy = SendProxy::Off;  // a header that says "I speak for myself" goes first
    std::vector<Address> sources{};         // --source-address
    LineFormat line_format = LineFormat::Text;
    Severity severity = Severity::Info;
    // Gets the lines broker_up and broker_down, newline included; null: nobody does.
    void (*write)(void* context, std::string_view line) = nullptr;
    void* context = nullptr;
    uint64_t seed = 0;  // of client ids and jitter; 0: a random one
};

// What is known of a broker by its checks.
struct BrokerHealth {
    BrokerCondition condition = BrokerCondition::Unchecked;
    std::string why;
    uint64_t checks = 0;         // done
    uint64_t checks_failed = 0;  // of those
    uint64_t last_check_ns = 0;  // CLOCK_MONOTONIC; 0: none yet
};

class HealthChecker {
  public:
    static constexpr uint32_t kProbesMax = 256;
    static constexpr uint32_t kDialSlots = kProbesMax;

    // `reactor` and `board` outlive it.
    HealthChecker(Reactor& reactor, BrokerBoard& board, const HealthOptions& options);
    ~HealthChecker();  // CHECK: stopped
    HealthChecker(const HealthChecker&) = delete;
    HealthChecker& operator=(const HealthChecker&) = delete;

    // Checks the brokers of `snapshot` from now on, and no others; at once those that are new, or
    // are asked otherwise than before: else an hour may pass by the old interval. Copies what it
    // needs. From a callback of the reactor, or before it runs.
    void follow(const Snapshot& snapshot);
    // Ends all checks; turns the reactor until the last one is home. Not from its callbacks.
    void stop();

    // Null: this broker is not checked. Valid until the next turn or follow().
    const BrokerHealth* of(uint16_t slot) const;
    size_t in_flight() const { return probes_.live(); }

  private:
    struct WaitLink : Link {};
    struct Watched;
    struct Running;

    void follow_slot(uint16_t slot, const Broker* broker, const Snapshot& snapshot);
    void drop(uint16_t slot);
    void forget_check(Watched& broker);
    void start_check(Watched& broker);
    void take(Watched& broker, const CheckResult& result);
    void turn_up(Watched& broker, bool first);
    void turn_down(Watched& broker);
    void pardon_dials(Watched& broker, bool passed);
    void ramp(Watched& broker);
    void start_waiting();
    ProbePlan plan(const Watched& broker);
    uint64_t next_delay_ms(const Watched& broker);
    void log(Severity severity, std::string_view event, const Watched& broker);

    Reactor& reactor_;
    BrokerBoard& board_;
    const HealthOptions options_;
    Rng rng_;
    std::vector<std::unique_ptr<Watched>> watched_;  // by slot; null: not checked
    Slab<Running, 16> probes_;
    IntrusiveList<Probe, ProbeLink> running_;
    IntrusiveList<Watched, WaitLink> waiting_;
    bool stopping_ = false;
};

}  // namespace jumpgate
