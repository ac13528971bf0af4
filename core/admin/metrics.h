// Metrics: one reading of the process in Prometheus's text format 0.0.4.
//
// Law: pure; base units, `_total` on counters, HELP and TYPE for each name, every value of a fixed
// label said even where it is 0, but for CONNACK codes: those that came, of each broker. Client ids
// are never labels: there is no limit to them. docs/admin-api.md lists the names.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "core/proxy/control.h"

namespace jumpgate {

// Writes metrics one after another: name(), then its samples.
class MetricsText {
  public:
    using Label = std::pair<std::string_view, std::string_view>;

    // `type`: "counter", "gauge", "histogram".
    void name(std::string_view name, std::string_view type, std::string_view help);
    void sample(double value, std::initializer_list<Label> labels = {},
                std::string_view suffix = "");
    void sample(uint64_t value, std::initializer_list<Label> labels = {},
                std::string_view suffix = "");
    // A metric with one sample.
    void counter(std::string_view name, std::string_view help, uint64_t value);
    void gauge(std::string_view name, std::string_view help, double value);
    void histogram(std::string_view name, std::string_view help, const TimeBuckets& buckets);

    const std::string& text() const { return text_; }

  private:
    void begin(std::initializer_list<Label> labels, std::string_view suffix);

    std::string text_;
    std::string name_;
};

std::string metrics_text(const Watch& watch);

}  // namespace jumpgate
