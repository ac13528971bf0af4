// Comparison: the figures of many runs, by target and round, and their ratios to the first target.
//
// Law: pure. A figure that some run does not have is left out for that run; ratios are taken where
// both sides of a round have it and the first target's is above 0.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loadgen/bootstrap.h"

namespace jumpgate::load {

// Messages of a result: those that came through, or those that went out where nobody listened.
// `part`: "messages", or "warm_up".
double messages_of(const nlohmann::json& result, const std::string& part = "messages");

// What is compared, in the order of the table.
struct Figure {
    std::string_view name;  // "latency p99"
    std::string_view unit;  // "us"
    bool more_is_better;
};
std::vector<Figure> figures();

// One run: the value of each of figures(), if it has it. `cpu_us`: of the target's processes.
std::vector<std::optional<double>> values_of(const nlohmann::json& result,
                                             std::optional<uint64_t> cpu_us);

class Comparison {
  public:
    explicit Comparison(std::vector<std::string> targets);

    void add(size_t target, std::vector<std::optional<double>> values);

    // That all targets have had.
    size_t rounds() const;

    struct Cell {
        std::optional<double> median;
        std::optional<double> ratio;       // to the first target; none for it
        std::optional<Interval> interval;  // of the ratio, where there are rounds enough
    };
    Cell cell(size_t target, size_t figure) const;

    // Times in their units, and why there are no intervals, where there are none.
    std::string text() const;
    // {"targets":{NAME:{FIGURE:{"values":[...],"median":..,"ratio":{...}}}}}; times in us, and a
    // ratio without an interval has a median only.
    nlohmann::json json() const;

  private:
    using Run = std::vector<std::optional<double>>;

    std::vector<std::string> targets_;
    std::vector<std::vector<Run>> runs_;  // by target, then round
};

}  // namespace jumpgate::load
