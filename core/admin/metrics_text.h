// MetricsText: writes Prometheus's text format 0.0.4.
//
// Law: pure; HELP and TYPE once for each name, then its samples, escaped as the format wants. It
// does not look whether names are good: promtool does, in the tests.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/time_buckets.h"

namespace jumpgate {

// Writes metrics one after another: name(), then its samples.
class MetricsText {
  public:
    using Label = std::pair<std::string_view, std::string_view>;

    // `type`: "counter", "gauge", "histogram". Written as "jumpgate_..." but for "process_...", the
    // names that any program has.
    void name(std::string_view name, std::string_view type, std::string_view help);
    void sample(double value, std::initializer_list<Label> labels = {},
                std::string_view suffix = "");
    void sample(uint64_t value, std::initializer_list<Label> labels = {},
                std::string_view suffix = "");
    // A metric with one sample.
    void counter(std::string_view name, std::string_view help, uint64_t value);
    void gauge(std::string_view name, std::string_view help, double value);
    // The samples of a histogram that name() has begun.
    void buckets(const TimeBuckets& times, std::initializer_list<Label> labels = {});

    const std::string& text() const { return text_; }

  private:
    void begin(std::initializer_list<Label> labels, std::string_view suffix);
    void end_of_bucket(uint64_t count, std::initializer_list<Label> labels, std::string_view bound);

    std::string text_;
    std::string name_;
};

}  // namespace jumpgate
