#include "loadgen/fail_if.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "loadgen/result_text.h"

namespace jumpgate::load {

namespace {

struct TimesName {
    std::string_view name;
    Histogram Recorder::*times;
};
constexpr TimesName kTimes[] = {
    {"latency", &Recorder::latency},     {"service", &Recorder::service},
    {"ack", &Recorder::acknowledgement}, {"lateness", &Recorder::send_lateness},
    {"connect", &Recorder::connect},     {"subscribe", &Recorder::subscribe},
};

constexpr std::string_view kCounters[] = {"lost",   "duplicated", "reordered", "failed",
                                          "errors", "late",       "moved"};

struct OpName {
    std::string_view name;
    FailIf::Op op;
};
constexpr OpName kOps[] = {
    // the longer ones first
    {">=", FailIf::Op::AtLeast},
    {"<=", FailIf::Op::AtMost},
    {">", FailIf::Op::Above},
    {"<", FailIf::Op::Below},
};

struct UnitName {
    std::string_view name;
    FailIf::Unit unit;
    double factor;
};
constexpr UnitName kUnits[] = {
    // "" last, as it fits all
    {"us", FailIf::Unit::Micros, 1},  {"ms", FailIf::Unit::Micros, 1e3},
    {"s", FailIf::Unit::Micros, 1e6}, {"%", FailIf::Unit::Percent, 1},
    {"", FailIf::Unit::Count, 1},
};

// The whole text, digits with at most one point.
std::optional<double> decimal(std::string_view text) {
    if (text.empty() || text.find_first_not_of("0123456789.") != text.npos) return std::nullopt;
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::string without_spaces(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c != ' ') out += c;
    }
    return out;
}

std::optional<Problem> read_metric(std::string_view metric, FailIf& limit) {
    if (std::ranges::find(kCounters, metric) != std::end(kCounters)) {
        limit.metric = metric;
        return std::nullopt;
    }
    const bool plain = metric == "max" || metric.starts_with('p');
    const size_t point = plain ? metric.npos : metric.find('.');
    const std::string_view of = plain ? "latency" : metric.substr(0, point);
    std::string_view figure = plain                  ? metric
                              : point == metric.npos ? std::string_view()
                                                     : metric.substr(point + 1);
    const auto found = std::ranges::find(kTimes, of, &TimesName::name);
    if (found == std::end(kTimes)) return Problem{"names no metric"};
    limit.metric = of;
    limit.times = found->times;
    limit.percent = 100;
    if (figure == "max") return std::nullopt;
    const std::optional<double> percent =
        figure.starts_with('p') ? decimal(figure.substr(1)) : std::nullopt;
    if (!percent || *percent > 100) return Problem{"names no percentile from p0 to p100"};
    limit.percent = *percent;
    return std::nullopt;
}

std::optional<Problem> read_value(std::string_view value, FailIf& limit) {
    for (const UnitName& unit : kUnits) {
        if (!value.ends_with(unit.name)) continue;
        const std::optional<double> number =
            decimal(value.substr(0, value.size() - unit.name.size()));
        if (!number) return Problem{"ends in no number with its unit"};
        limit.unit = unit.unit;
        limit.limit = *number * unit.factor;
        break;
    }
    const bool time = limit.unit == FailIf::Unit::Micros;
    if (limit.times != nullptr && !time) return Problem{"compares a time: it needs us, ms or s"};
    if (limit.times == nullptr && time) return Problem{"compares a count with a time"};
    return std::nullopt;
}

struct Share {
    uint64_t part;
    uint64_t whole;
    bool measured = part > 0 || whole > 0;
};

// Of messages with a header of jumpload's, which alone have an account.
Share account_share(uint64_t part, uint64_t whole, const Recorder& r) {
    return {part, whole, part > 0 || r.service.count() > 0};
}

// A counter, and what it is a part of.
Share share_of(std::string_view metric, const Recorder& r, uint64_t clients) {
    const uint64_t received = r[Count::Received];
    if (metric == "lost") return account_share(r.lost(), received + r.lost(), r);
    if (metric == "duplicated") return account_share(r[Count::Duplicated], received, r);
    if (metric == "reordered") return account_share(r[Count::Reordered], received, r);
    if (metric == "failed") return {r[Count::Failed], clients};
    if (metric == "moved") {
        const uint64_t moved = r[Count::BrokerMoved];
        return {moved, moved + r[Count::BrokerKept]};
    }
    if (metric == "late") return {r[Count::Late], r[Count::Sent]};
    return {r.errors(), r[Count::Connections] + r.setup_failures()};
}

std::string value_text(const FailIf& limit, double value) {
    switch (limit.unit) {
        case FailIf::Unit::Micros:
            return time_text(static_cast<uint64_t>(value));
        case FailIf::Unit::Percent:
            return fmt::format("{:.4g} %", value);
        case FailIf::Unit::Count:
            break;
    }
    return fmt::format("{:.0f}", value);
}

}  // namespace

Parsed<FailIf> parse_fail_if(std::string_view text) {
    FailIf limit;
    limit.text = without_spaces(text);
    const std::string_view all = limit.text;
    const size_t at = all.find_first_of("<>");
    if (at == all.npos) return Problem{"compares nothing"};
    for (const OpName& op : kOps) {
        if (!all.substr(at).starts_with(op.name)) continue;
        limit.op = op.op;
        if (std::optional<Problem> problem = read_metric(all.substr(0, at), limit)) return *problem;
        if (std::optional<Problem> problem = read_value(all.substr(at + op.name.size()), limit)) {
            return *problem;
        }
        break;
    }
    return limit;
}

FailIfVerdict judge(const FailIf& limit, const Recorder& recorder, uint64_t clients) {
    FailIfVerdict verdict;
    if (limit.times != nullptr) {
        const Histogram& times = recorder.*limit.times;
        verdict.measured = times.count() > 0;
        verdict.value = static_cast<double>(times.percentile_us(limit.percent));
    } else {
        const Share share = share_of(limit.metric, recorder, clients);
        const bool percent = limit.unit == FailIf::Unit::Percent;
        verdict.measured = share.measured && (!percent || share.whole > 0);
        verdict.value = static_cast<double>(share.part);
        if (percent && share.whole > 0) verdict.value *= 100 / static_cast<double>(share.whole);
    }
    switch (limit.op) {
        case FailIf::Op::Above:
            verdict.failed = verdict.value > limit.limit;
            break;
        case FailIf::Op::AtLeast:
            verdict.failed = verdict.value >= limit.limit;
            break;
        case FailIf::Op::Below:
            verdict.failed = verdict.value < limit.limit;
            break;
        case FailIf::Op::AtMost:
            verdict.failed = verdict.value <= limit.limit;
            break;
    }
    verdict.failed = verdict.failed || !verdict.measured;
    return verdict;
}

static std::string_view why_unmeasured(std::string_view metric) {
    if (metric == "moved")
        return ": no client came back whose broker had given its name (--broker-from)";
    if (metric == "lost" || metric == "duplicated" || metric == "reordered")
        return ": no message came that could be accounted for";
    return "";
}

std::string broken_text(const FailIf& limit, const FailIfVerdict& verdict) {
    if (!verdict.measured) {
        return fmt::format("{}: {} was not measured{}", limit.text, limit.metric,
                           why_unmeasured(limit.metric));
    }
    const std::string of = limit.times == nullptr ? limit.metric
                           : limit.percent == 100
                               ? fmt::format("the longest {}", limit.metric)
                               : fmt::format("p{:g} of {}", limit.percent, limit.metric);
    return fmt::format("{}: {} is {}", limit.text, of, value_text(limit, verdict.value));
}

}  // namespace jumpgate::load
