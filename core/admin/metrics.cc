#include "core/admin/metrics.h"

#include <fmt/format.h>

#include <array>
#include <span>

#include "core/admin/metrics_text.h"

namespace jumpgate {
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
    out.sample(uint64_t{1}, {{"version", JUMPGATE_VERSION},
                             {"wolfssl", watch.tls_version},
                             {"asm", watch.tls_assembly ? "yes" : "no"}});
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
}

// What came in through each address; those nobody has come to are there too.
void write_listeners(MetricsText& out, const Watch& watch) {
    std::vector<ListenerStats> all = watch.stats.listeners;
    all.resize(watch.listeners.size());
    out.name("connections_active", "gauge", "Connections now, those being set up among them.");
    for (size_t i = 0; i < all.size(); ++i)
        out.sample(all[i].connections, {{"listener", watch.listeners[i]}});
    out.name("connections_total", "counter", "Connections accepted.");
    for (size_t i = 0; i < all.size(); ++i)
        out.sample(all[i].accepted, {{"listener", watch.listeners[i]}});
    out.name("sessions_closed_total", "counter", "Relays that ended, by reason.");
    for (size_t i = 0; i < all.size(); ++i) {
        for (size_t end = 0; end < kRelayEnds; ++end)
            out.sample(all[i].closed[end], {{"listener", watch.listeners[i]},
                                            {"reason", text(static_cast<RelayEnd>(end))}});
    }
}

void write_clients(MetricsText& out, const Watch& watch) {
    const Stats& stats = watch.stats;
    write_listeners(out, watch);
    out.gauge("connections_in_setup", "Connections that have no broker yet, on all listeners.",
              static_cast<double>(stats.setups));
    out.gauge("connections_max", "The most connections at once.",
              static_cast<double>(watch.connections_max));
    out.name("connect_rejected_total", "counter", "Clients that were refused, by reason.");
    by_cause<Refusal>(out, "reason", stats.refused);
    out.name("mqtt_connects_total", "counter", "CONNECT packets accepted, by version of MQTT.");
    for (size_t i = 0; i < kMqttVersions.size(); ++i)
        out.sample(stats.mqtt_versions[i], {{"version", kMqttVersions[i]}});
    out.name("protocol_total", "counter", "Clients whose first packet was accepted, by protocol.");
    out.sample(stats.mqtt_versions[0] + stats.mqtt_versions[1], {{"protocol", "mqtt3"}});
    out.sample(stats.mqtt_versions[2], {{"protocol", "mqtt5"}});
    out.sample(stats.http_requests, {{"protocol", "http"}});
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

void write_handshakes(MetricsText& out, const HandshakeStats& stats, std::string_view side) {
    for (size_t i = 0; i < kTlsVersions.size(); ++i) {
        out.sample(stats.full[i],
                   {{"side", side}, {"result", "full"}, {"version", kTlsVersions[i]}});
        out.sample(stats.resumed[i],
                   {{"side", side}, {"result", "resumed"}, {"version", kTlsVersions[i]}});
    }
    uint64_t failed = 0;
    for (const uint64_t count : stats.failed) failed += count;
    out.sample(failed, {{"side", side}, {"result", "failed"}, {"version", "none"}});
}

void write_tls(MetricsText& out, const Stats& stats) {
    const HandshakeStats& clients = stats.client_handshakes;
    const HandshakeStats& brokers = stats.broker_handshakes;
    out.name("tls_handshakes_total", "counter",
             "Handshakes that ended: full, resumed with a ticket, failed.");
    write_handshakes(out, clients, "downstream");
    write_handshakes(out, brokers, "upstream");
    out.name("tls_handshake_failures_total", "counter", "Handshakes that failed, by cause.");
    for (size_t i = 1; i < tls::kFailures; ++i) {  // 0 is "none"
        const std::string_view cause = text(static_cast<tls::Failure>(i));
        out.sample(clients.failed[i], {{"side", "downstream"}, {"cause", cause}});
        out.sample(brokers.failed[i], {{"side", "upstream"}, {"cause", cause}});
    }
    out.name("tls_handshake_duration_seconds", "histogram",
             "Handshakes that succeeded: from the ClientHello until both sides are done.");
    out.buckets(clients.times, {{"side", "downstream"}});
    out.buckets(brokers.times, {{"side", "upstream"}});
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
    out.name("upstream_connect_duration_seconds", "histogram",
             "Dial of a broker: from its start until the CONNECT is sent.");
    out.buckets(watch.stats.dial_times);
    out.name("upstream_connack_duration_seconds", "histogram",
             "From the CONNECT until the broker's first bytes.");
    out.buckets(watch.stats.connack_times);
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
