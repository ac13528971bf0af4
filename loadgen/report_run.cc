#include "loadgen/report_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/base/histogram.h"
#include "loadgen/hdr_codec.h"

namespace jumpgate::load {

namespace {

using Json = nlohmann::json;

// What is deeper is no result of ours; and nobody reads "a b c d e f" on a page.
constexpr int kWordsDepthMax = 4;

constexpr double kPointsPerNine = 20;

constexpr double kAbsent = std::numeric_limits<double>::quiet_NaN();
// A run may end with a small part of a second, which says nothing about rates: crews are looked at
// five times a second.
constexpr double kRateSecondsMin = 0.5;

std::string words_of(const Json& value) {
    if (value.is_string()) return value.get_ref<const std::string&>();
    if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
    if (value.is_number_integer()) return value.dump();
    if (value.is_number()) return fmt::format("{:.6g}", value.get<double>());
    return {};
}

// {"a", "b"} reads as "a, b".
std::string list_of(const Json& array) {
    std::string text;
    for (const Json& item : array) {
        if (!text.empty()) text += ", ";
        text += words_of(item);
    }
    return text;
}

void add_words(ReportRun::Words& words, const std::string& name, const Json& value, int depth) {
    if (value.is_object() && depth < kWordsDepthMax) {
        for (const auto& member : value.items()) {
            const std::string inner = name.empty() ? member.key() : name + " " + member.key();
            add_words(words, inner, member.value(), depth + 1);
        }
        return;
    }
    std::string text = value.is_array() ? list_of(value) : words_of(value);
    if (!text.empty()) words.emplace_back(name, std::move(text));
}

std::optional<double> number_in(const Json& object, std::string_view name) {
    const auto found = object.find(name);
    if (found == object.end() || !found->is_number()) return std::nullopt;
    return found->get<double>();
}

// What a second counted, and how many there were in it: only the counts of things done.
bool is_rate(std::string_view name) {
    constexpr std::array<std::string_view, 6> kRates = {"sent",   "received",   "acknowledged",
                                                        "errors", "reconnects", "connections_lost"};
    return std::ranges::find(kRates, name) != kRates.end();
}

std::vector<ReportRun::Point> curve_of(const Histogram& histogram, double exact_max_us) {
    const auto count = static_cast<double>(histogram.count());
    const double max_us = exact_max_us > 0 ? exact_max_us : static_cast<double>(histogram.max_us());
    std::vector<ReportRun::Point> points;
    for (int step = 0;; ++step) {
        const double rest = std::pow(10, static_cast<double>(step) / kPointsPerNine);
        if (rest >= count) break;
        const auto value = static_cast<double>(histogram.percentile_us(100 - 100 / rest));
        points.push_back({rest, std::min(value, max_us)});
    }
    points.push_back({count, max_us});
    return points;
}

}  // namespace

ReportRun::ReportRun(std::string label)
    : label_(std::move(label)), json_(std::make_unique<Json>()) {}
ReportRun::ReportRun(ReportRun&&) noexcept = default;
ReportRun& ReportRun::operator=(ReportRun&&) noexcept = default;
ReportRun::~ReportRun() = default;

Parsed<ReportRun> ReportRun::parse(std::string label, std::string_view json) {
    ReportRun run(std::move(label));
    *run.json_ = Json::parse(json, nullptr, false);
    if (run.json_->is_discarded()) {
        return Problem{"is no JSON; allowed: what `jumpload MODE --json FILE` has written"};
    }
    const std::optional<std::string> tool = run.text("tool");
    if (!tool || !tool->starts_with("jumpload") || !run.text("mode")) {
        return Problem{
            "is no result of a run (it needs \"tool\": \"jumpload ...\", and \"mode\"); "
            "allowed: what `jumpload MODE --json FILE` has written"};
    }
    const Json* version = run.find("schema_version");
    if (version != nullptr && *version != kSchemaVersion) {
        return Problem{fmt::format(
            "has schema_version {}; allowed: {}; use the version of jumpload that wrote it ({})",
            words_of(*version), kSchemaVersion, *tool)};
    }
    if (std::optional<Problem> problem = run.read_histograms()) return std::move(*problem);
    return run;
}

const Json* ReportRun::find(std::string_view path) const {
    const Json* place = json_.get();
    while (!path.empty()) {
        const size_t slash = std::min(path.find('/'), path.size());
        if (!place->is_object()) return nullptr;
        const auto member = place->find(std::string(path.substr(0, slash)));
        if (member == place->end()) return nullptr;
        place = &*member;
        path.remove_prefix(std::min(path.size(), slash + 1));
    }
    return place;
}

std::optional<double> ReportRun::number(std::string_view path) const {
    const Json* found = find(path);
    if (found == nullptr || !found->is_number()) return std::nullopt;
    return found->get<double>();
}

std::optional<std::string> ReportRun::text(std::string_view path) const {
    const Json* found = find(path);
    if (found == nullptr || !found->is_string()) return std::nullopt;
    return found->get<std::string>();
}

bool ReportRun::is(std::string_view path) const {
    const Json* found = find(path);
    return found != nullptr && found->is_boolean() && found->get<bool>();
}

bool ReportRun::accounts() const {
    if (const auto streams = number("plan/streams")) return *streams > 0;
    return text("mode") == "p2p";  // the only one of older versions
}

ReportRun::Counts ReportRun::counts(std::string_view path, std::string_view inner) const {
    Counts counts;
    const Json* found = find(path);
    if (found == nullptr || !found->is_object()) return counts;
    for (const auto& member : found->items()) {
        const Json* value = &member.value();
        if (value->is_object() && value->contains(inner)) value = &*value->find(inner);
        if (value->is_number()) counts.emplace_back(member.key(), value->get<double>());
    }
    return counts;
}

ReportRun::Words ReportRun::words(std::string_view path) const {
    Words words;
    if (const Json* found = find(path)) add_words(words, "", *found, 0);
    return words;
}

std::vector<ReportRun::Words> ReportRun::items(std::string_view path) const {
    std::vector<Words> items;
    const Json* found = find(path);
    if (found == nullptr || !found->is_array()) return items;
    for (const Json& item : *found) {
        if (item.is_object()) add_words(items.emplace_back(), "", item, 0);
    }
    return items;
}

std::vector<ReportRun::Column> ReportRun::seconds() const {
    const Json* series = find("seconds_series");
    if (series == nullptr || !series->is_array() || series->empty()) return {};
    std::vector<Column> columns = {{"elapsed_s", {}}};
    for (const Json& second : *series) {
        if (!second.is_object() || !number_in(second, "elapsed_s")) return {};
        for (const auto& member : second.items()) {
            const auto has_name = [&](const Column& column) { return column.name == member.key(); };
            if (member.value().is_number() && std::ranges::none_of(columns, has_name)) {
                columns.push_back({member.key(), {}});
            }
        }
    }
    for (Column& column : columns) {
        column.values.reserve(series->size());
        for (const Json& second : *series) {
            const double length_s = std::max(number_in(second, "length_s").value_or(1), 1e-3);
            const double value = number_in(second, column.name).value_or(kAbsent);
            const double rate = length_s < kRateSecondsMin ? kAbsent : value / length_s;
            column.values.push_back(is_rate(column.name) ? rate : value);
        }
    }
    return columns;
}

std::pair<double, double> ReportRun::measured() const {
    std::pair<double, double> range;
    const Json* series = find("seconds_series");
    if (series == nullptr || !series->is_array()) return range;
    for (const Json& second : *series) {
        if (!second.is_object() || !second.contains("stage")) return {};
        if (*second.find("stage") != "measuring") continue;
        const double end = number_in(second, "elapsed_s").value_or(0);
        if (range.second == 0) range.first = end - number_in(second, "length_s").value_or(1);
        range.second = end;
    }
    return range;
}

std::vector<ReportRun::Point> ReportRun::curve(std::string_view name) const {
    const auto found = curves_.find(name);
    return found != curves_.end() ? found->second : summary_curve(name);
}

// Of n values the greatest has the last share of 1 / n for itself.
std::vector<ReportRun::Point> ReportRun::summary_curve(std::string_view name) const {
    const std::string of = std::string(name) + "_us/";
    const double count = number(of + "count").value_or(0);
    if (count < 1) return {};
    constexpr std::array<std::pair<std::string_view, double>, 6> kSummary = {
        {{"min", 1}, {"p50", 2}, {"p90", 10}, {"p99", 100}, {"p99_9", 1'000}, {"p99_99", 10'000}}};
    std::vector<Point> points;
    for (const auto& [percentile, rest] : kSummary) {
        const std::optional<double> value = number(of + std::string(percentile));
        if (value && rest < count) points.push_back({rest, *value});
    }
    if (const auto max = number(of + "max")) points.push_back({count, *max});
    return points;
}

std::optional<Problem> ReportRun::read_histograms() {
    const Json* histograms = find("histograms");
    if (histograms == nullptr || !histograms->is_object()) return std::nullopt;
    for (const auto& member : histograms->items()) {
        if (!member.value().is_string()) continue;
        const Parsed<Histogram> decoded = decode_hdr(member.value().get_ref<const std::string&>());
        if (const Problem* problem = std::get_if<Problem>(&decoded)) {
            return Problem{fmt::format("histograms.{}: {}", member.key(), problem->text)};
        }
        const Histogram& histogram = std::get<Histogram>(decoded);
        // Bucket ends are rounded; the summary has the exact one.
        const auto max = number(member.key() + "_us/max");
        if (histogram.count() == 0) continue;
        curves_[member.key()] = curve_of(histogram, max.value_or(0));
    }
    return std::nullopt;
}

}  // namespace jumpgate::load
