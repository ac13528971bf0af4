#include "loadgen/quantity.h"

#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include "core/base/time.h"

namespace jumpgate::load {

// Takes the number in front of `text`: digits, perhaps with a point; no sign, no exponent.
static std::optional<double> take_number(std::string_view& text) {
    const size_t length = std::min(text.find_first_not_of("0123456789."), text.size());
    double number = 0;
    const auto [end, fault] =
        std::from_chars(text.data(), text.data() + length, number, std::chars_format::fixed);
    if (length == 0 || fault != std::errc() || end != text.data() + length) return std::nullopt;
    text.remove_prefix(length);
    return number;
}

Parsed<uint64_t> parse_duration_ns(std::string_view text) {
    static constexpr std::array<std::pair<std::string_view, double>, 6> kUnits = {
        {{"", 1e9}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3'600e9}}};
    constexpr double kYear = 365.0 * 86'400e9;
    const std::optional<double> number = take_number(text);
    if (!number) return Problem{"is no duration"};
    for (const auto& [unit, ns] : kUnits) {
        if (text != unit) continue;
        if (*number * ns > kYear) return Problem{"is longer than a year"};
        return static_cast<uint64_t>(std::llround(*number * ns));
    }
    return Problem{"has an unknown unit; known: us, ms, s, m, h"};
}

Parsed<double> parse_rate(std::string_view text) {
    const std::optional<double> number = take_number(text);
    const double unit = text.empty() ? 1 : text == "k" ? 1e3 : text == "M" ? 1e6 : 0;
    if (!number || unit == 0) return Problem{"is no rate"};
    if (*number * unit > 1e9) return Problem{"is above 1,000 M"};
    return *number * unit;
}

static Parsed<double> parse_percent(std::string_view text, std::string_view behind, double most) {
    const std::optional<double> number = take_number(text);
    if (!number || text != behind) return Problem{"is no share"};
    if (*number <= 0 || *number > most) return Problem{"is out of range"};
    return *number / 100;
}

Parsed<double> parse_share(std::string_view text) { return parse_percent(text, "%", 100); }

Parsed<double> parse_share_per_second(std::string_view text) {
    return parse_percent(text, "%/s", 1'000);
}

}  // namespace jumpgate::load
