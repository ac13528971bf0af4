#include "core/proxy/stats.h"

#include <fmt/format.h>

#include <iterator>
#include <span>

#include "core/base/check.h"

namespace jumpgate {

struct NamedCounter {
    std::string_view name;
    uint64_t Stats::*member;
};
// One table for adding up and for printing.
static constexpr auto kCounters = std::to_array<NamedCounter>({
    {"setups", &Stats::setups},
    {"relays", &Stats::relays},
    {"handshakes_held_back", &Stats::handshakes_held_back},
    {"http_requests", &Stats::http_requests},
    {"accept_pauses", &Stats::accept_pauses},
    {"buffer_exhaustions", &Stats::buffer_exhaustions},
    {"spills", &Stats::spills},
    {"cq_overflows", &Stats::cq_overflows},
    {"stray_errors", &Stats::stray_errors},
    {"enters", &Stats::enters},
    {"log_lines_dropped", &Stats::log_lines_dropped},
    {"half_close_timeouts", &Stats::half_close_timeouts},
    {"tls_truncations", &Stats::tls_truncations},
    {"tls_errors", &Stats::tls_errors},
});

std::string_view mqtt_version(uint8_t level) {
    return level >= 3 && level < 3 + kMqttVersions.size() ? kMqttVersions[level - 3U] : "";
}

template <class Slots>
static auto& at_slot(Slots& slots, uint16_t slot) {
    if (slot >= slots.size()) slots.resize(size_t{slot} + 1);
    return slots[slot];
}

NodeStats& Stats::node(uint16_t slot) { return at_slot(nodes, slot); }
RouteStats& Stats::route(uint16_t slot) { return at_slot(routes, slot); }
ListenerStats& Stats::listener(uint8_t index) { return at_slot(listeners, index); }

uint64_t Stats::accepted() const {
    uint64_t sum = 0;
    for (const ListenerStats& one : listeners) sum += one.accepted;
    return sum;
}

void Stats::connect_accepted(uint8_t level) {
    CHECK(!mqtt_version(level).empty());
    mqtt_versions[level - 3U]++;
}

// Of each direction: printed with "_up" or "_down" behind the name.
struct NamedDirectionCounter {
    std::string_view name;
    uint64_t DirectionStats::*member;
};
static constexpr auto kDirectionCounters = std::to_array<NamedDirectionCounter>({
    {"bytes", &DirectionStats::bytes},
    {"bytes_spliced", &DirectionStats::bytes_spliced},
    {"splice_promotions", &DirectionStats::splice_promotions},
    {"splice_demotions", &DirectionStats::splice_demotions},
    {"splice_fallbacks", &DirectionStats::splice_fallbacks},
});

void Stats::clear_gauges() {
    setups = relays = 0;
    for (NodeStats& one : nodes) one.relays = 0;
    for (RouteStats& one : routes) one.connections = 0;
    for (ListenerStats& one : listeners) one.connections = 0;
}

template <class Counts>
static void add_each(Counts& sum, const Counts& more) {
    for (size_t i = 0; i < sum.size(); ++i) sum[i] += more[i];
}

std::array<uint64_t, kRelayEnds> Stats::closed() const {
    std::array<uint64_t, kRelayEnds> sum{};
    for (const ListenerStats& one : listeners) add_each(sum, one.closed);
    return sum;
}

void HandshakeStats::done(std::string_view version, bool with_session, uint64_t took_us) {
    (with_session ? resumed : full)[version == kTlsVersions[1] ? 1 : 0]++;
    times.record(took_us);
}

void HandshakeStats::add(const HandshakeStats& other) {
    add_each(full, other.full);
    add_each(resumed, other.resumed);
    add_each(failed, other.failed);
    times.add(other.times);
}

static void add_node(NodeStats& sum, const NodeStats& more) {
    sum.relays += more.relays;
    sum.dials += more.dials;
    sum.dial_failures += more.dial_failures;
    sum.down = sum.down || more.down;
    sum.relays_total += more.relays_total;
    sum.bytes_up += more.bytes_up;
    sum.bytes_down += more.bytes_down;
    add_each(sum.connacks, more.connacks);
}

void Stats::add(const Stats& other) {
    for (const NamedCounter& counter : kCounters) this->*counter.member += other.*counter.member;
    for (const NamedDirectionCounter& counter : kDirectionCounters) {
        up.*counter.member += other.up.*counter.member;
        down.*counter.member += other.down.*counter.member;
    }
    add_each(refused, other.refused);
    client_handshakes.add(other.client_handshakes);
    broker_handshakes.add(other.broker_handshakes);
    add_each(mqtt_versions, other.mqtt_versions);
    dial_times.add(other.dial_times);
    connack_times.add(other.connack_times);
    if (nodes.size() < other.nodes.size()) nodes.resize(other.nodes.size());
    for (size_t i = 0; i < other.nodes.size(); ++i) add_node(nodes[i], other.nodes[i]);
    if (routes.size() < other.routes.size()) routes.resize(other.routes.size());
    for (size_t i = 0; i < other.routes.size(); ++i) {
        routes[i].connections += other.routes[i].connections;
        routes[i].connections_total += other.routes[i].connections_total;
    }
    if (listeners.size() < other.listeners.size()) listeners.resize(other.listeners.size());
    for (size_t i = 0; i < other.listeners.size(); ++i) {
        listeners[i].accepted += other.listeners[i].accepted;
        listeners[i].connections += other.listeners[i].connections;
        add_each(listeners[i].closed, other.listeners[i].closed);
    }
}

// ---- JSON --------------------------------------------------------------------------------------

// "name":{"key":count,...} of all counts, so that a reader needs no defaults, or of those above 0.
enum class Show : uint8_t { All, NotZero };
template <class Name>
static void put_counts(std::string& out, std::string_view name, std::span<const uint64_t> counts,
                       Name name_of, Show show = Show::All) {
    fmt::format_to(std::back_inserter(out), "\"{}\":{{", name);
    bool first = true;
    for (size_t i = 0; i < counts.size(); ++i) {
        if (counts[i] == 0 && show == Show::NotZero) continue;
        fmt::format_to(std::back_inserter(out), "{}\"{}\":{}", first ? "" : ",", name_of(i),
                       counts[i]);
        first = false;
    }
    out += "},";
}

template <class Cause>
static std::string_view text_of(size_t index) {
    return text(static_cast<Cause>(index));
}

// Each bucket by its upper bound in microseconds; each value is in one bucket only.
static void put_times(std::string& out, std::string_view name, const TimeBuckets& times) {
    const auto bound = [](size_t i) {
        const bool last = i == TimeBuckets::kBoundsUs.size();
        return last ? std::string("above") : fmt::format("{}", TimeBuckets::kBoundsUs[i]);
    };
    fmt::format_to(std::back_inserter(out), "\"{}\":{{", name);
    put_counts(out, "buckets_us", times.counts, bound);
    fmt::format_to(std::back_inserter(out), "\"count\":{},\"sum_us\":{}}},", times.count(),
                   times.sum_us);
}

static std::string_view name_at(const std::vector<std::string>& names, size_t slot) {
    return slot < names.size() ? std::string_view(names[slot]) : "?";
}

static void put_node(std::string& out, const NodeStats& node, std::string_view name) {
    fmt::format_to(std::back_inserter(out),
                   "{{\"name\":\"{}\",\"down\":{},\"relays\":{},\"dials\":{},\"dial_failures\":{},"
                   "\"relays_total\":{},\"bytes_up\":{},\"bytes_down\":{},",
                   name, node.down, node.relays, node.dials, node.dial_failures, node.relays_total,
                   node.bytes_up, node.bytes_down);
    put_counts(out, "connacks", node.connacks, text_of<Connack>, Show::NotZero);
    out.back() = '}';
}

std::string to_json(const Stats& stats, const std::vector<std::string>& node_names,
                    const std::vector<std::string>& route_names) {
    std::string out = fmt::format(
        "{{\"accepted\":{},\"handshakes\":{},\"handshakes_resumed\":{},\"broker_handshakes\":{},"
        "\"broker_handshakes_resumed\":{},",
        stats.accepted(), stats.client_handshakes.done_total(),
        stats.client_handshakes.resumed_total(), stats.broker_handshakes.done_total(),
        stats.broker_handshakes.resumed_total());
    for (const NamedCounter& counter : kCounters) {
        fmt::format_to(std::back_inserter(out), "\"{}\":{},", counter.name, stats.*counter.member);
    }
    for (const NamedDirectionCounter& counter : kDirectionCounters) {
        fmt::format_to(std::back_inserter(out), "\"{0}_up\":{1},\"{0}_down\":{2},", counter.name,
                       stats.up.*counter.member, stats.down.*counter.member);
    }
    put_counts(out, "refused", stats.refused, text_of<Refusal>);
    put_counts(out, "handshake_failures", stats.client_handshakes.failed, text_of<tls::Failure>);
    put_counts(out, "broker_handshake_failures", stats.broker_handshakes.failed,
               text_of<tls::Failure>);
    put_counts(out, "mqtt_versions", stats.mqtt_versions,
               [](size_t i) { return kMqttVersions[i]; });
    put_counts(out, "closed", stats.closed(), text_of<RelayEnd>);
    put_times(out, "dial_times", stats.dial_times);
    put_times(out, "connack_times", stats.connack_times);
    out += "\"brokers\":[";
    for (size_t i = 0; i < stats.nodes.size(); ++i) {
        if (i > 0) out += ',';
        put_node(out, stats.nodes[i], name_at(node_names, i));
    }
    out += "],\"routes\":[";
    for (size_t i = 0; i < stats.routes.size(); ++i) {
        fmt::format_to(std::back_inserter(out),
                       "{}{{\"name\":\"{}\",\"connections\":{},\"connections_total\":{}}}",
                       i == 0 ? "" : ",", name_at(route_names, i), stats.routes[i].connections,
                       stats.routes[i].connections_total);
    }
    out += "]}";
    return out;
}

}  // namespace jumpgate
