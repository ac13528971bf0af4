#include "loadgen/live_line.h"

#include <fmt/format.h>

#include "loadgen/json_writer.h"
#include "loadgen/result_text.h"

namespace jumpgate::load {

std::string errors_text(const Tallies& totals) {
    std::string line;
    const auto add = [&](std::string_view what, uint64_t count) {
        if (count == 0) return;
        line += fmt::format("{}{} {}", line.empty() ? "" : ", ", what, count);
    };
    for (size_t i = 0; i < static_cast<size_t>(Cause::kCount); ++i) {
        const auto cause = static_cast<Cause>(i);
        add(word(cause), totals.setup_failures(cause) + totals.connections_lost(cause));
    }
    add("refused messages", totals[Count::AckRefused]);
    return line;
}

std::string live_line(const Options& options, const Second& second, const Tallies& totals) {
    std::string line = fmt::format("{:6.1f} s  {}/{} connected", second.elapsed_s, second.connected,
                                   options.clients_here);
    if (options.publishers() > 0) {
        line += fmt::format("  sent {}/s", second.per_second(second.sent));
    }
    if (options.publishers() > 0 && options.qos > 0) {
        line += fmt::format("  acknowledged {}/s", second.per_second(second.acknowledged));
    }
    if (options.plan.subscribers > 0) {
        line += fmt::format("  received {}/s  p50 {}  p99 {}", second.per_second(second.received),
                            time_text(second.latency.p50_us), time_text(second.latency.p99_us));
    }
    if (second.connections_lost + second.reconnects > 0) {
        line +=
            fmt::format("  lost {}  reconnected {}", second.connections_lost, second.reconnects);
    }
    const std::string errors = errors_text(totals);
    if (!errors.empty()) line += "  errors: " + errors;
    return line + "\n";
}

std::string live_json(const Second& second) {
    JsonWriter json;
    json.open();
    json.field("elapsed_s", second.elapsed_s);
    json.field("stage", word(second.stage));
    json.field("connected", second.connected);
    json.field("sent", second.per_second(second.sent));
    json.field("received", second.per_second(second.received));
    json.field("acknowledged", second.per_second(second.acknowledged));
    json.field("errors", second.errors);
    json.field("reconnects", second.reconnects);
    json.field("connections_lost", second.connections_lost);
    json.field("latency_p50_us", second.latency.p50_us);
    json.field("latency_p99_us", second.latency.p99_us);
    json.field("latency_max_us", second.latency.max_us);
    json.field("send_lateness_p99_us", second.send_lateness.p99_us);
    json.close();
    return json.text() + "\n";
}

}  // namespace jumpgate::load
