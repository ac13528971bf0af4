#include "loadgen/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>

#include "loadgen/child_run.h"
#include "loadgen/result_text.h"

namespace jumpgate::load {

using Json = nlohmann::json;

namespace {

constexpr uint64_t kSeed = 1;

std::optional<double> per(double amount, double number) {
    return number > 0 ? std::optional(amount / number) : std::nullopt;
}

// A percentile, where anything was measured.
std::optional<double> time_of(const Json& result, const std::string& histogram,
                              std::string_view percentile) {
    if (number_at(result, histogram + ".count") == 0) return std::nullopt;
    return number_at(result, histogram + "." + std::string(percentile));
}

std::string number_text(double value) {
    if (value >= 1'000 || value == 0) return fmt::format("{:.0f}", value);
    return fmt::format("{:.{}f}", value, value >= 100 ? 1 : value >= 1 ? 2 : 3);
}

// Times say their unit: it depends on how long they are.
std::string value_text(double value, const Figure& figure) {
    if (figure.unit != "us") return number_text(value);
    const bool whole = value >= 1'000 || value == std::floor(value);
    return whole ? time_text(static_cast<uint64_t>(std::llround(value)))
                 : number_text(value) + " us";
}

std::string row_name(const Figure& figure) {
    const bool bare = figure.unit.empty() || figure.unit == "us";
    return fmt::format("{}{}{}", figure.name, bare ? "" : ", ", bare ? "" : figure.unit);
}

}  // namespace

double messages_of(const Json& result, const std::string& part) {
    const bool heard = number_at(result, "plan.subscribers") > 0;
    return number_at(result, part + (heard ? ".received" : ".sent"));
}

std::vector<Figure> figures() {
    return {{"connects", "1/s", true},        {"connect p50", "us", false},
            {"connect p99", "us", false},     {"messages", "1/s", true},
            {"latency p50", "us", false},     {"latency p99", "us", false},
            {"latency p99.9", "us", false},   {"lost", "", false},
            {"CPU per message", "us", false}, {"CPU per connection", "us", false}};
}

std::vector<std::optional<double>> values_of(const Json& result, std::optional<uint64_t> cpu_us) {
    const double connections = number_at(result, "clients.connections");
    const double messages = messages_of(result, "messages");
    const bool any = messages > 0 || number_at(result, "messages.planned") > 0;
    std::vector<std::optional<double>> values = {
        per(connections, number_at(result, "connect_seconds")),
        time_of(result, "connect_us", "p50"),
        time_of(result, "connect_us", "p99"),
        any ? per(messages, number_at(result, "seconds")) : std::nullopt,
        time_of(result, "latency_us", "p50"),
        time_of(result, "latency_us", "p99"),
        time_of(result, "latency_us", "p99_9"),
        any ? std::optional(number_at(result, "messages.lost")) : std::nullopt,
    };
    const bool known = cpu_us.has_value();
    const double cpu = static_cast<double>(cpu_us.value_or(0));
    // The processes worked for the messages of the warm-up as well.
    values.push_back(known ? per(cpu, messages + messages_of(result, "warm_up")) : std::nullopt);
    values.push_back(known && !any ? per(cpu, connections) : std::nullopt);
    return values;
}

Comparison::Comparison(std::vector<std::string> targets)
    : targets_(std::move(targets)), runs_(targets_.size()) {}

void Comparison::add(size_t target, Run values) { runs_[target].push_back(std::move(values)); }

size_t Comparison::rounds() const {
    return std::ranges::min(runs_, {}, [](const auto& runs) { return runs.size(); }).size();
}

Comparison::Cell Comparison::cell(size_t target, size_t figure) const {
    std::vector<double> values;
    for (const Run& run : runs_[target])
        if (run[figure]) values.push_back(*run[figure]);
    Cell cell;
    if (values.empty()) return cell;
    cell.median = median_of(values);
    if (target == 0) return cell;
    std::vector<double> ratios;
    const size_t rounds = std::min(runs_[0].size(), runs_[target].size());
    for (size_t round = 0; round < rounds; ++round) {
        const std::optional<double> first = runs_[0][round][figure];
        const std::optional<double> value = runs_[target][round][figure];
        if (first && value && *first > 0) ratios.push_back(*value / *first);
    }
    if (ratios.empty()) return cell;
    cell.ratio = median_of(ratios);
    cell.interval = median_interval(ratios, kSeed);
    return cell;
}

static std::string ratio_text(const Comparison::Cell& cell) {
    if (!cell.ratio) return {};
    if (!cell.interval) return fmt::format("x{:.2f}", *cell.ratio);
    return fmt::format("x{:.2f} [{:.2f} {:.2f}]", *cell.ratio, cell.interval->low,
                       cell.interval->high);
}

std::string Comparison::text() const {
    std::string text = fmt::format("{:<26}", "median of the rounds");
    const auto out = std::back_inserter(text);
    for (size_t target = 0; target < targets_.size(); ++target)
        fmt::format_to(out, "{:>{}}", targets_[target], target == 0 ? 12 : 36);
    text += '\n';
    const std::vector<Figure> all = figures();
    bool unsure = false;
    for (size_t figure = 0; figure < all.size(); ++figure) {
        std::string row = fmt::format("{:<26}", row_name(all[figure]));
        bool any = false;
        for (size_t target = 0; target < targets_.size(); ++target) {
            const Cell one = cell(target, figure);
            any |= one.median.has_value();
            row += fmt::format("{:>12}", one.median ? value_text(*one.median, all[figure]) : "-");
            if (target == 0) continue;
            unsure |= one.ratio && !one.interval;
            row += fmt::format("{:>24}", ratio_text(one));
        }
        if (any) text += row.substr(0, row.find_last_not_of(' ') + 1) + '\n';
    }
    if (unsure)
        fmt::format_to(out,
                       "{} rounds or more give an interval: fewer ratios say too little of what "
                       "others would be\n",
                       kIntervalValuesMin);
    return text;
}

Json Comparison::json() const {
    Json targets = Json::object();
    const std::vector<Figure> all = figures();
    for (size_t target = 0; target < targets_.size(); ++target) {
        Json rows = Json::object();
        for (size_t figure = 0; figure < all.size(); ++figure) {
            const Cell one = cell(target, figure);
            if (!one.median) continue;
            Json row = {{"unit", all[figure].unit},
                        {"more_is_better", all[figure].more_is_better},
                        {"median", *one.median}};
            for (const Run& run : runs_[target])
                row["values"].push_back(run[figure] ? Json(*run[figure]) : Json());
            if (one.ratio) row["ratio"] = {{"median", *one.ratio}};
            if (one.interval) {
                row["ratio"]["low"] = one.interval->low;
                row["ratio"]["high"] = one.interval->high;
            }
            rows[std::string(all[figure].name)] = std::move(row);
        }
        targets[targets_[target]] = std::move(rows);
    }
    return {{"targets", std::move(targets)}};
}

}  // namespace jumpgate::load
