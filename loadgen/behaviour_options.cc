#include "loadgen/behaviour_options.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/time.h"
#include "loadgen/arrival_options.h"
#include "loadgen/quantity.h"

namespace jumpgate::load {

namespace {

constexpr std::string_view kStormForm = "at=TIME,drop=SHARE%[,every=TIME]";

// Stores what `parsed` holds; false where that is a problem, which goes to `why`.
template <class T>
bool store(Parsed<T> parsed, std::string_view key, std::optional<T>& target, Problem& why) {
    if (const Problem* problem = std::get_if<Problem>(&parsed)) {
        why.text = "has a value of " + std::string(key) + " that " + problem->text;
        return false;
    }
    if (target) {
        why.text = "gives " + std::string(key) + " twice";
        return false;
    }
    target = std::get<T>(parsed);
    return true;
}

Flag& add_share(FlagTable& table, std::string name, double& target, std::string help) {
    return table.value(
        std::move(name), parse_share_per_second, [&target](double share) { target = share; },
        "SHARE%/s", "a share per second above 0, such as 20%/s, to 1000%/s", std::move(help));
}

void add_think_time(FlagTable& table, BehaviourOptions& options) {
    Flag& flag = table.value(
        "think-time", parse_duration_ns, [&options](uint64_t ns) { options.think_time_ns = ns; },
        "TIME", "a duration such as 500ms, 30s or 2m",
        "A closed loop in place of a planned rate: each client sends its next message that long "
        "after the last one was answered (PUBACK, PUBCOMP; QoS 0: after the send). A slow broker "
        "then gets less load, and what would have waited is in no latency, which counts from the "
        "actual send: coordinated omission.");
    flag.family = kPaceFamily;
}

}  // namespace

Parsed<StormPlan> parse_storm(std::string_view text) {
    std::optional<uint64_t> at_ns;
    std::optional<uint64_t> every_ns;
    std::optional<double> share;
    Problem why;
    while (!text.empty()) {
        const size_t comma = std::min(text.find(','), text.size());
        const std::string_view part = text.substr(0, comma);
        text.remove_prefix(std::min(text.size(), comma + 1));
        const size_t equals = std::min(part.find('='), part.size());
        const std::string_view key = part.substr(0, equals);
        const std::string_view value = part.substr(std::min(equals + 1, part.size()));
        bool stored = false;
        if (key == "at") {
            stored = store(parse_duration_ns(value), key, at_ns, why);
        } else if (key == "every") {
            stored = store(parse_duration_ns(value), key, every_ns, why);
        } else if (key == "drop") {
            stored = store(parse_share(value), key, share, why);
        } else {
            why.text = "is not " + std::string(kStormForm);
        }
        if (!stored) return why;
    }
    if (!at_ns || !share) return Problem{"is not " + std::string(kStormForm)};
    if (every_ns && *every_ns == 0) return Problem{"comes every 0 s"};
    return StormPlan{*at_ns, *share, every_ns.value_or(0)};
}

void add_behaviour_flags(FlagTable& table, BehaviourOptions& options, bool publishes) {
    table.group("Behaviour");
    if (publishes) add_think_time(table, options);
    table.value(
        "storm", parse_storm, [&options](const StormPlan& storm) { options.storm = storm; }, "WHAT",
        std::string(kStormForm),
        "At that moment of the measured time this share of the clients loses its connection at "
        "once, without a DISCONNECT, and comes back as with --reconnect; every: again and again.");
    add_share(table, "churn", options.churn_per_s,
              "Each second this share of the clients says goodbye and comes back as with "
              "--reconnect; each client in its turn, evenly over time.");
    add_share(table, "takeover", options.takeover_per_s,
              "Each second for this share of the clients a second connection with the same client "
              "id stands up and leaves again. The broker ends the first, with 0x8E in MQTT 5 "
              "(counted), and the client comes back as with --reconnect.");
    table.number("redirects", options.redirects_max, 0, 100, "",
                 "MQTT 5: how many Server References in a row (reason 0x9C, 0x9D) a client "
                 "follows; 0: none. A name that no other client was sent to is looked up, for "
                 "which its thread waits.");
}

std::optional<std::string> settle_storm(const BehaviourOptions& options, uint64_t duration_s) {
    const uint64_t end_ns = duration_s * kNanosPerSecond;
    if (!options.storm || end_ns == 0 || options.storm->at_ns < end_ns) return std::nullopt;
    return fmt::format("--storm: comes {} s into the run, which --duration ends after {} s",
                       static_cast<double>(options.storm->at_ns) / 1e9, duration_s);
}

std::optional<std::string> settle_think_time(const BehaviourOptions& options,
                                             std::span<const PlanFlag> plan) {
    if (!options.think_time_ns) return std::nullopt;
    for (const PlanFlag& flag : plan) {
        if (!flag.given) continue;
        return fmt::format(
            "--think-time: a closed loop sends when it was answered, and --{} plans "
            "when to send; leave one away",
            flag.name);
    }
    return std::nullopt;
}

}  // namespace jumpgate::load
