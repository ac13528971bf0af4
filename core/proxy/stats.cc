#include "core/proxy/stats.h"

#include <fmt/format.h>

#include <iterator>
#include <span>

namespace jumpgate {

struct NamedCounter {
    std::string_view name;
    uint64_t Stats::*member;
};
// One table for adding up and for printing.
static constexpr auto kCounters = std::to_array<NamedCounter>({
    {"accepted", &Stats::accepted},
    {"setups", &Stats::setups},
    {"relays", &Stats::relays},
    {"handshakes", &Stats::handshakes},
    {"handshakes_resumed", &Stats::handshakes_resumed},
    {"handshakes_held_back", &Stats::handshakes_held_back},
    {"broker_handshakes", &Stats::broker_handshakes},
    {"broker_handshakes_resumed", &Stats::broker_handshakes_resumed},
    {"accept_pauses", &Stats::accept_pauses},
    {"buffer_exhaustions", &Stats::buffer_exhaustions},
    {"spills", &Stats::spills},
    {"cq_overflows", &Stats::cq_overflows},
    {"stray_errors", &Stats::stray_errors},
    {"enters", &Stats::enters},
    {"log_lines_dropped", &Stats::log_lines_dropped},
    {"bytes_up", &Stats::bytes_up},
    {"bytes_down", &Stats::bytes_down},
    {"bytes_spliced", &Stats::bytes_spliced},
    {"splice_promotions", &Stats::splice_promotions},
    {"splice_demotions", &Stats::splice_demotions},
    {"splice_fallbacks", &Stats::splice_fallbacks},
    {"half_close_timeouts", &Stats::half_close_timeouts},
    {"tls_truncations", &Stats::tls_truncations},
    {"tls_errors", &Stats::tls_errors},
});

void Stats::add(const Stats& other) {
    for (const NamedCounter& counter : kCounters) this->*counter.member += other.*counter.member;
    for (size_t i = 0; i < kRefusals; ++i) refused[i] += other.refused[i];
    for (size_t i = 0; i < tls::kFailures; ++i) {
        handshake_failures[i] += other.handshake_failures[i];
        broker_handshake_failures[i] += other.broker_handshake_failures[i];
    }
    if (nodes.size() < other.nodes.size()) nodes.resize(other.nodes.size());
    for (size_t i = 0; i < other.nodes.size(); ++i) {
        nodes[i].relays += other.nodes[i].relays;
        nodes[i].dials += other.nodes[i].dials;
        nodes[i].dial_failures += other.nodes[i].dial_failures;
        nodes[i].down = nodes[i].down || other.nodes[i].down;
    }
}

// "name":{"cause":count,...}, with every cause, so that a reader needs no defaults.
template <class Cause>
static void add_by_cause(std::string& out, std::string_view name,
                         std::span<const uint64_t> counts) {
    fmt::format_to(std::back_inserter(out), "\"{}\":{{", name);
    for (size_t i = 0; i < counts.size(); ++i) {
        fmt::format_to(std::back_inserter(out), "{}\"{}\":{}", i == 0 ? "" : ",",
                       text(static_cast<Cause>(i)), counts[i]);
    }
    out += "},";
}

std::string to_json(const Stats& stats, const std::vector<std::string>& node_names) {
    std::string out = "{";
    for (const NamedCounter& counter : kCounters) {
        fmt::format_to(std::back_inserter(out), "\"{}\":{},", counter.name, stats.*counter.member);
    }
    add_by_cause<Refusal>(out, "refused", stats.refused);
    add_by_cause<tls::Failure>(out, "handshake_failures", stats.handshake_failures);
    add_by_cause<tls::Failure>(out, "broker_handshake_failures", stats.broker_handshake_failures);
    out += "\"brokers\":[";
    for (size_t i = 0; i < stats.nodes.size(); ++i) {
        const NodeStats& node = stats.nodes[i];
        fmt::format_to(std::back_inserter(out),
                       "{}{{\"name\":\"{}\",\"down\":{},\"relays\":{},\"dials\":{},"
                       "\"dial_failures\":{}}}",
                       i == 0 ? "" : ",", i < node_names.size() ? node_names[i] : "?", node.down,
                       node.relays, node.dials, node.dial_failures);
    }
    out += "]}";
    return out;
}

}  // namespace jumpgate
