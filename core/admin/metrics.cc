#include "core/admin/metrics.h"

#include <fmt/format.h>

#include <array>
#include <iterator>
#include <span>

namespace jumpgate {

static constexpr std::string_view kPrefix = "jumpgate_";

// Label values as the format wants them: backslash, quote and line feed escaped.
static void append_escaped(std::string& out, std::string_view value) {
    for (const char c : value) {
        if (c == '\n') {
            out += "\\n";
            continue;
        }
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
}

void MetricsText::name(std::string_view name, std::string_view type, std::string_view help) {
    name_ = std::string(kPrefix) + std::string(name);
    fmt::format_to(std::back_inserter(text_), "# HELP {} {}\n# TYPE {} {}\n", name_, help, name_,
                   type);
}

void MetricsText::begin(std::initializer_list<Label> labels, std::string_view suffix) {
    text_ += name_;
    text_ += suffix;
    if (labels.size() == 0) return;
    char separator = '{';
    for (const auto& [label, value] : labels) {
        fmt::format_to(std::back_inserter(text_), "{}{}=\"", separator, label);
        append_escaped(text_, value);
        text_ += '"';
        separator = ',';
    }
    text_ += '}';
}

void MetricsText::sample(double value, std::initializer_list<Label> labels,
                         std::string_view suffix) {
    begin(labels, suffix);
    fmt::format_to(std::back_inserter(text_), " {}\n", value);
}

void MetricsText::sample(uint64_t value, std::initializer_list<Label> labels,
                         std::string_view suffix) {
    begin(labels, suffix);
    fmt::format_to(std::back_inserter(text_), " {}\n", value);
}

void MetricsText::counter(std::string_view name_of, std::string_view help, uint64_t value) {
    name(name_of, "counter", help);
    sample(value);
}

void MetricsText::gauge(std::string_view name_of, std::string_view help, double value) {
    name(name_of, "gauge", help);
    sample(value);
}

void MetricsText::histogram(std::string_view name_of, std::string_view help,
                            const TimeBuckets& buckets) {
    name(name_of, "histogram", help);
    uint64_t sum = 0;
    for (size_t i = 0; i < TimeBuckets::kBoundsUs.size(); ++i) {
        sum += buckets.counts[i];
        const double bound_s = static_cast<double>(TimeBuckets::kBoundsUs[i]) / 1e6;
        sample(sum, {{"le", fmt::format("{}", bound_s)}}, "_bucket");
    }
    sample(buckets.count(), {{"le", "+Inf"}}, "_bucket");
    sample(static_cast<double>(buckets.sum_us) / 1e6, {}, "_sum");
    sample(buckets.count(), {}, "_count");
}

namespace {

template <class Cause>
void by_cause(MetricsText& out, std::string_view label, std::span<const uint64_t> counts) {
    for (size_t i = 0; i < counts.size(); ++i)
        out.sample(counts[i], {{label, text(static_cast<Cause>(i))}});
}

void by_direction(MetricsText& out, const Stats& stats, std::string_view name,
                  std::string_view help, uint64_t DirectionStats::*counter) {
    out.name(name, "counter", help);
    out.sample(stats.up.*counter, {{"direction", "up"}});
    out.sample(stats.down.*counter, {{"direction", "down"}});
}

void write_process(MetricsText& out, const Watch& watch) {
    out.name("build_info", "gauge", "What runs here; always 1.");
    out.sample(uint64_t{1}, {{"version", JUMPGATE_VERSION}});
    out.gauge("start_time_seconds", "When the process began, Unix time.",
              static_cast<double>(watch.started_s));
    out.gauge("draining", "1 where no new clients are accepted.", watch.draining ? 1 : 0);
    out.gauge("watch_complete", "0 where a worker did not answer in time: its numbers are missing.",
              watch.complete ? 1 : 0);
    out.gauge("config_version",
              "1 at start, then one more each time that it was built anew: by a change, a reload, "
              "or other addresses of a name.",
              static_cast<double>(watch.config_version));
    out.gauge("config_last_change_timestamp_seconds", "When it was built last, Unix time.",
              static_cast<double>(watch.config_changed_s));
    out.gauge("config_route_tables",
              "In memory: 1, and those from before that connections being set up still read.",
              static_cast<double>(watch.route_tables));
    out.name("certificate_not_after_timestamp_seconds", "gauge",
             "When a certificate in use expires, Unix time.");
    for (const CertificateState& certificate : watch.certificates)
        out.sample(static_cast<double>(certificate.not_after_s),
                   {{"certificate", certificate.label}});
    out.name("config_route_fingerprint", "gauge",
             "Label `hash` is equal where two proxies route alike; always 1.");
    out.sample(uint64_t{1}, {{"hash", fmt::format("{:016x}", watch.route_fingerprint)}});
    out.name("listener_info", "gauge", "An address where clients are accepted; always 1.");
    for (const std::string& listener : watch.listeners)
        out.sample(uint64_t{1}, {{"listener", listener}});
}

void write_clients(MetricsText& out, const Watch& watch) {
    const Stats& stats = watch.stats;
    out.counter("connections_accepted_total", "Connections accepted.", stats.accepted);
    out.name("connections_active", "gauge", "Connections now, by phase.");
    out.sample(stats.setups, {{"phase", "setup"}});
    out.sample(stats.relays, {{"phase", "relay"}});
    out.gauge("connections_max", "The most connections at once.",
              static_cast<double>(watch.connections_max));
    out.name("connect_rejected_total", "counter", "Clients that were refused, by reason.");
    by_cause<Refusal>(out, "reason", stats.refused);
    out.name("sessions_closed_total", "counter", "Relays that ended, by reason.");
    by_cause<RelayEnd>(out, "reason", stats.closed);
    out.name("mqtt_connects_total", "counter", "CONNECT packets accepted, by version of MQTT.");
    for (size_t i = 0; i < kMqttVersions.size(); ++i)
        out.sample(stats.mqtt_versions[i], {{"version", kMqttVersions[i]}});
    by_direction(out, stats, "bytes_total", "Bytes relayed: up is client to broker.",
                 &DirectionStats::bytes);
    by_direction(out, stats, "spliced_bytes_total", "Bytes that were moved without a copy.",
                 &DirectionStats::bytes_spliced);
    by_direction(out, stats, "splice_promotions_total", "Streams that began to be spliced.",
                 &DirectionStats::splice_promotions);
    by_direction(out, stats, "splice_demotions_total", "Streams that went back to copying.",
                 &DirectionStats::splice_demotions);
    by_direction(out, stats, "splice_fallbacks_total", "Splices that found no pipe or descriptor.",
                 &DirectionStats::splice_fallbacks);
    out.name("route_connections_active", "gauge", "Relays now, by stream route.");
    for (const RouteState& route : watch.routes)
        out.sample(route.connections, {{"route", route.id}});
    out.name("route_connections_total", "counter", "Relays ever, by stream route.");
    for (const RouteState& route : watch.routes)
        out.sample(route.connections_total, {{"route", route.id}});
}

void write_tls(MetricsText& out, const Stats& stats) {
    out.name("tls_handshakes_total", "counter", "Handshakes done, resumed ones among them.");
    out.sample(stats.handshakes, {{"side", "downstream"}});
    out.sample(stats.broker_handshakes, {{"side", "upstream"}});
    out.name("tls_handshakes_resumed_total", "counter", "Handshakes done with a ticket.");
    out.sample(stats.handshakes_resumed, {{"side", "downstream"}});
    out.sample(stats.broker_handshakes_resumed, {{"side", "upstream"}});
    out.name("tls_handshake_failures_total", "counter", "Handshakes that failed, by cause.");
    for (size_t i = 1; i < tls::kFailures; ++i) {  // 0 is "none"
        const std::string_view cause = text(static_cast<tls::Failure>(i));
        out.sample(stats.handshake_failures[i], {{"side", "downstream"}, {"cause", cause}});
        out.sample(stats.broker_handshake_failures[i], {{"side", "upstream"}, {"cause", cause}});
    }
    out.counter("tls_errors_total", "Relays ended by a bad record or an alert.", stats.tls_errors);
    out.counter("tls_truncations_total", "Streams that ended without close_notify.",
                stats.tls_truncations);
}

// One metric with a sample for each broker.
template <class Number>
void by_broker(MetricsText& out, const Watch& watch, std::string_view name, std::string_view type,
               std::string_view help, Number number) {
    out.name(name, type, help);
    for (const BrokerState& broker : watch.brokers)
        out.sample(number(broker), {{"upstream", broker.upstream}, {"node", broker.name}});
}

void write_brokers(MetricsText& out, const Watch& watch) {
    using Broker = const BrokerState&;
    by_broker(out, watch, "upstream_up", "gauge", "1 where a broker is used, or would be.",
              [](Broker b) { return uint64_t{is_used(b.condition)}; });
    by_broker(out, watch, "upstream_listed", "gauge", "0 where only clients of before are left.",
              [](Broker b) { return uint64_t{b.listed}; });
    by_broker(out, watch, "upstream_weight", "gauge", "The configured weight; 0 drains.",
              [](Broker b) { return uint64_t{b.weight}; });
    by_broker(out, watch, "upstream_effective_weight", "gauge",
              "The weight now: 0 while down, growing in slow start.",
              [](Broker b) { return b.effective_weight; });
    by_broker(out, watch, "upstream_connections_active", "gauge", "Clients on a broker now.",
              [](Broker b) { return b.stats.relays; });
    by_broker(out, watch, "upstream_connections_total", "counter", "Clients it ever got.",
              [](Broker b) { return b.stats.relays_total; });
    by_broker(out, watch, "upstream_dials_total", "counter", "Attempts to connect.",
              [](Broker b) { return b.stats.dials; });
    by_broker(out, watch, "upstream_dial_failures_total", "counter", "Attempts that failed.",
              [](Broker b) { return b.stats.dial_failures; });
    by_broker(out, watch, "upstream_checks_total", "counter", "Active health checks.",
              [](Broker b) { return b.checks; });
    by_broker(out, watch, "upstream_check_failures_total", "counter", "Active checks that failed.",
              [](Broker b) { return b.checks_failed; });
    out.name("upstream_connacks_total", "counter", "What brokers answered a CONNECT, by code.");
    for (const BrokerState& broker : watch.brokers)
        for (size_t i = 0; i < kConnacks; ++i)
            if (broker.stats.connacks[i] != 0 || i == 0)  // 41 codes: those that came
                out.sample(broker.stats.connacks[i], {{"upstream", broker.upstream},
                                                      {"node", broker.name},
                                                      {"code", text(static_cast<Connack>(i))}});
    out.histogram("upstream_connect_duration_seconds",
                  "Dial of a broker: from its start until the CONNECT is sent.",
                  watch.stats.dial_times);
    out.histogram("upstream_connack_duration_seconds",
                  "From the CONNECT until the broker's first bytes.", watch.stats.connack_times);
}

void write_workers(MetricsText& out, const Watch& watch) {
    out.name("core_busy_seconds_total", "counter", "CPU time of a worker's thread.");
    for (size_t i = 0; i < watch.workers.size(); ++i)
        out.sample(static_cast<double>(watch.workers[i].busy_ns) / 1e9,
                   {{"core", std::to_string(i)}});
    out.name(
        "core_busy_ratio", "gauge",
        "CPU share of a worker since the reading before, of a second or more: 0 idle, 1 full.");
    for (size_t i = 0; i < watch.workers.size(); ++i)
        out.sample(watch.workers[i].busy_share, {{"core", std::to_string(i)}});
    out.name("ring_cq_overflow_total", "counter",
             "Times that a worker's completion queue was full.");
    for (size_t i = 0; i < watch.workers.size(); ++i)
        out.sample(watch.workers[i].cq_overflows, {{"core", std::to_string(i)}});
    const Stats& stats = watch.stats;
    out.counter("accept_pauses_total", "Times that the descriptor table was full.",
                stats.accept_pauses);
    out.counter("buffer_exhaustions_total", "Receives that found no buffer.",
                stats.buffer_exhaustions);
    out.counter("spills_total", "Stuck sends moved out of the shared buffers.", stats.spills);
    out.counter("log_lines_dropped_total", "Log lines that found a full queue.",
                stats.log_lines_dropped);
}

}  // namespace

std::string metrics_text(const Watch& watch) {
    MetricsText out;
    write_process(out, watch);
    write_clients(out, watch);
    write_tls(out, watch.stats);
    write_brokers(out, watch);
    write_workers(out, watch);
    return out.text();
}

}  // namespace jumpgate
