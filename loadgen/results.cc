#include "loadgen/results.h"

#include "core/base/time.h"
#include "loadgen/arrival.h"

namespace jumpgate::load {

// Of what all shards share; their parts add up to it.
static uint64_t share_of(uint64_t total, const Shard& shard) {
    return total / shard.count + (shard.index < total % shard.count ? 1 : 0);
}

RunPlan RunPlan::of(const Options& options) {
    RunPlan plan;
    plan.mode = word(options.mode);
    plan.clients = options.clients_here;
    for (uint32_t index = 0; index < options.count; ++index) {
        if (!options.shard.has(options.plan.unit(index))) continue;
        const Role role = options.plan.role(index);
        plan.publishers += publishes(role) ? 1 : 0;
        plan.subscribers += subscribes(role) ? 1 : 0;
        plan.idle += role == Role::Idle ? 1 : 0;
    }
    plan.streams = options.plan.accounts() ? share_of(options.plan.streams(), options.shard) : 0;
    plan.connrate = share_of(options.connrate, options.shard);
    plan.threads = options.threads;
    plan.version = options.version;
    plan.qos = options.qos;
    plan.size_bytes = options.size_bytes;
    plan.closed_loop = options.behaviour.think_time_ns.has_value();
    plan.think_time_ns = options.behaviour.think_time_ns.value_or(0);
    plan.interval_ns = plan.closed_loop ? 0 : options.interval_ns;
    plan.duration_s = options.duration_s;
    plan.tick_ns = plan.closed_loop ? 1 : message_schedule(options, 0).tick_ns;
    plan.warm_up_ns = options.arrival.warm_up_ns;
    plan.lateness_limit_ms = options.lateness_limit_ms;
    plan.seed = options.seed;
    plan.reconnect = options.reconnect;
    plan.tls = options.tls.on;
    plan.shard = options.shard;
    return plan;
}

bool Results::sends_too_late() const {
    return recorder.send_lateness.percentile_us(99) >
           plan.lateness_limit_ms * kNanosPerMilli / kNanosPerMicro;
}

bool Results::thread_too_busy() const { return recorder.busiest_share > kBusyShareMax; }

bool Results::generator_saturated() const { return sends_too_late() || thread_too_busy(); }

int Results::exit_code() const {
    const uint64_t unexcused =
        plan.reconnect ? recorder[Count::LostOnLiveConnections] : recorder.lost();
    const bool doubled = recorder[Count::DuplicatedAgainstQos] > 0;
    if (unexcused > 0 || doubled || generator_saturated() || !broken_limits().empty()) return 3;
    if (recorder[Count::Failed] > 0) return 1;
    const bool excused = plan.reconnect || interrupted;
    return recorder.unsent() > 0 && !excused ? 3 : 0;  // the plan was not played
}

std::vector<std::string> Results::broken_limits() const {
    std::vector<std::string> lines;
    for (const FailIf& limit : fail_if) {
        const FailIfVerdict verdict = judge(limit, recorder, plan.clients);
        if (verdict.failed) lines.push_back(broken_text(limit, verdict));
    }
    return lines;
}

std::string_view Results::latency_from() const {
    return plan.streams > 0 && !plan.closed_loop ? "planned send" : "actual send";
}

}  // namespace jumpgate::load
