// ReportRun: one result of jumpload, read back from its JSON for a report page.
//
// Law: what a file does not hold is absent, never a zero: files of older versions lack parts, and a
// page leaves those out. Nothing is computed here but the points of percentile curves.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/parsed.h"

namespace jumpgate::load {

class ReportRun {
  public:
    // The schema of results that we read; files without a number are older and read as well.
    static constexpr int kSchemaVersion = 1;

    // `label` names the run on the page. The problem reads well after the file's name.
    static Parsed<ReportRun> parse(std::string label, std::string_view json);
    ReportRun(ReportRun&&) noexcept;
    ReportRun& operator=(ReportRun&&) noexcept;
    ~ReportRun();

    const std::string& label() const { return label_; }

    // Paths name members from the outside in: "messages/lost".
    std::optional<double> number(std::string_view path) const;
    std::optional<std::string> text(std::string_view path) const;  // of a string
    bool is(std::string_view path) const;                          // there, and true

    // Whether the run knew what its subscribers were to receive: not one that only subscribes.
    bool accounts() const;

    // The members of an object that are numbers, or objects with the number `inner`, in the order
    // of their names.
    using Counts = std::vector<std::pair<std::string, double>>;
    Counts counts(std::string_view path, std::string_view inner = {}) const;

    // Everything in an object or array as words for a reader: "kernel", "6.1"; members of members
    // as "cpu model". Empty: there is nothing.
    using Words = std::vector<std::pair<std::string, std::string>>;
    Words words(std::string_view path) const;
    std::vector<Words> items(std::string_view path) const;  // of each object of an array

    // A column per number of the seconds' objects, all of one length; the first is elapsed_s.
    // Counts become rates: a late second is longer. NaN: that second lacks the number, or is too
    // short for a rate. Empty: the file holds no seconds.
    struct Column {
        std::string name;
        std::vector<double> values;
    };
    std::vector<Column> seconds() const;
    // When the messages counted, in seconds since the start: behind connecting and the warm-up,
    // before the drain. {0, 0}: unknown.
    std::pair<double, double> measured() const;

    // The value that a share of all values does not exceed, at 20 shares for each nine (p90, p99,
    // ...), or where the file holds no histogram at those of its summary. `rest` is
    // 1 / (1 - share): 2 for the median, 1000 for p99.9. The last point is the maximum.
    struct Point {
        double rest;
        double value_us;
    };
    std::vector<Point> curve(std::string_view name) const;  // "latency"; empty: there is none

  private:
    explicit ReportRun(std::string label);
    const nlohmann::json* find(std::string_view path) const;
    std::optional<Problem> read_histograms();
    std::vector<Point> summary_curve(std::string_view name) const;

    std::string label_;
    std::unique_ptr<nlohmann::json> json_;
    std::map<std::string, std::vector<Point>, std::less<>> curves_;
};

}  // namespace jumpgate::load
