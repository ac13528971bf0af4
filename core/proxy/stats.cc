#include "core/proxy/stats.h"

#include <fmt/format.h>

#include <iterator>

namespace jumpgate {

struct NamedCounter {
    std::string_view name;
    uint64_t Stats::*member;
};
// One table for adding up and for printing.
static constexpr std::array<NamedCounter, 19> kCounters = {{
    {"accepted", &Stats::accepted},
    {"setups", &Stats::setups},
    {"relays", &Stats::relays},
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
}};

void Stats::add(const Stats& other) {
    for (const NamedCounter& counter : kCounters) this->*counter.member += other.*counter.member;
    for (size_t i = 0; i < kRefusals; ++i) refused[i] += other.refused[i];
    if (nodes.size() < other.nodes.size()) nodes.resize(other.nodes.size());
    for (size_t i = 0; i < other.nodes.size(); ++i) {
        nodes[i].relays += other.nodes[i].relays;
        nodes[i].dials += other.nodes[i].dials;
        nodes[i].dial_failures += other.nodes[i].dial_failures;
        nodes[i].down = nodes[i].down || other.nodes[i].down;
    }
}

std::string to_json(const Stats& stats, const std::vector<std::string>& node_names) {
    std::string out = "{";
    for (const NamedCounter& counter : kCounters) {
        fmt::format_to(std::back_inserter(out), "\"{}\":{},", counter.name, stats.*counter.member);
    }
    out += "\"refused\":{";
    for (size_t i = 0; i < kRefusals; ++i) {
        fmt::format_to(std::back_inserter(out), "{}\"{}\":{}", i == 0 ? "" : ",",
                       text(static_cast<Refusal>(i)), stats.refused[i]);
    }
    out += "},\"brokers\":[";
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
