#include "core/admin/metrics_text.h"

#include <fmt/format.h>

#include <iterator>

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
    name_ = name.starts_with("process_") ? "" : kPrefix;
    name_ += name;
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

// One bucket; `labels` come before "le".
void MetricsText::end_of_bucket(uint64_t count, std::initializer_list<Label> labels,
                                std::string_view bound) {
    begin(labels, "_bucket");
    if (labels.size() == 0) {
        text_ += '{';
    } else {
        text_.back() = ',';
    }
    fmt::format_to(std::back_inserter(text_), "le=\"{}\"}} {}\n", bound, count);
}

void MetricsText::buckets(const TimeBuckets& times, std::initializer_list<Label> labels) {
    uint64_t sum = 0;
    for (size_t i = 0; i < TimeBuckets::kBoundsUs.size(); ++i) {
        sum += times.counts[i];
        const double bound_s = static_cast<double>(TimeBuckets::kBoundsUs[i]) / 1e6;
        end_of_bucket(sum, labels, fmt::format("{}", bound_s));
    }
    end_of_bucket(times.count(), labels, "+Inf");
    sample(static_cast<double>(times.sum_us) / 1e6, labels, "_sum");
    sample(times.count(), labels, "_count");
}

}  // namespace jumpgate
