#include "loadgen/arrival_options.h"

#include <fmt/format.h>

#include <algorithm>

#include "loadgen/quantity.h"

namespace jumpgate::load {

namespace {

constexpr size_t kProfilePointsMax = 1'000;
constexpr uint64_t kTickMaxUs = 100'000;
constexpr uint64_t kEpochMaxS = 9'999'999'999;

Flag& add_duration(FlagTable& table, std::string name, uint64_t& target_ns, std::string help) {
    Flag& flag = table.value(
        std::move(name), parse_duration_ns, [&target_ns](uint64_t ns) { target_ns = ns; }, "TIME",
        "a duration such as 500ms, 30s or 2m", std::move(help));
    flag.default_text = "0";
    return flag;
}

void add_message_flags(FlagTable& table, ArrivalOptions& options) {
    table.choice<Spacing>("arrival", options.spacing,
                          {{"uniform", Spacing::Uniform}, {"poisson", Spacing::Poisson}},
                          "Times of messages. uniform: each client at its interval. poisson: at "
                          "random, each client's 32 messages anywhere within 32 intervals; the "
                          "whole fleet as a Poisson process.");
    Flag& profile = table.value(
        "profile", parse_profile,
        [&options](std::vector<RatePoint> points) { options.profile = std::move(points); },
        "TIME:RATE[,TIME:RATE]", "times in order, such as 0:1k,30s:5k",
        "Messages per second of all clients together over time, straight lines between the "
        "points, from the first message on; the last rate stays. In place of -I.");
    profile.family = kPaceFamily;
    add_duration(table, "warm-up", options.warm_up_ns,
                 "Messages due within this time from the first on are sent, but are in no count "
                 "and no percentile but their own; --duration begins behind it.");
    table.toggle("drop-late", options.drop_late,
                 "Skip and count messages that could only be sent more than --lateness-limit-ms "
                 "after their time. Otherwise they are sent late.");
}

}  // namespace

Parsed<std::vector<RatePoint>> parse_profile(std::string_view text) {
    std::vector<RatePoint> points;
    while (true) {
        const size_t comma = std::min(text.find(','), text.size());
        const std::string_view point = text.substr(0, comma);
        const size_t colon = point.find(':');
        if (colon == point.npos) return Problem{"is not TIME:RATE[,TIME:RATE]"};
        const Parsed<uint64_t> at_ns = parse_duration_ns(point.substr(0, colon));
        const Parsed<double> rate = parse_rate(point.substr(colon + 1));
        if (const Problem* problem = std::get_if<Problem>(&at_ns)) {
            return Problem{"has a point whose time " + problem->text};
        }
        if (const Problem* problem = std::get_if<Problem>(&rate)) {
            return Problem{"has a point whose rate " + problem->text};
        }
        points.push_back({std::get<uint64_t>(at_ns), std::get<double>(rate)});
        if (comma == text.size()) break;
        text.remove_prefix(comma + 1);
    }
    if (!std::ranges::is_sorted(points, {}, &RatePoint::at_ns)) {
        return Problem{"has points that are not in the order of their times"};
    }
    const auto is_idle = [](const RatePoint& point) { return point.per_second <= 0; };
    if (std::ranges::all_of(points, is_idle)) return Problem{"has no rate above 0"};
    if (points.size() > kProfilePointsMax) return Problem{"has more than 1,000 points"};
    return points;
}

Parsed<StartAt> parse_start_at(std::string_view text) {
    StartAt at;
    at.after_now = text.starts_with('+');
    if (at.after_now) {
        const Parsed<uint64_t> wait_ns = parse_duration_ns(text.substr(1));
        if (const Problem* problem = std::get_if<Problem>(&wait_ns)) return *problem;
        at.ns = std::get<uint64_t>(wait_ns);
        return at;
    }
    // Not through a double: its 53 bits hold a present time to 0.2 us only.
    const size_t point = std::min(text.find('.'), text.size());
    const Parsed<uint64_t> whole = parse_number(text.substr(0, point), 0, kEpochMaxS);
    std::string fraction(text.substr(std::min(point + 1, text.size())));
    const bool digits = fraction.find_first_not_of("0123456789") == fraction.npos;
    if (std::holds_alternative<Problem>(whole) || !digits || fraction.size() > 9 ||
        (point < text.size() && fraction.empty())) {
        return Problem{"is no time"};
    }
    fraction.resize(9, '0');
    at.ns = std::get<uint64_t>(whole) * 1'000'000'000 +
            std::get<uint64_t>(parse_number(fraction, 0, 999'999'999));
    return at;
}

Parsed<std::optional<uint32_t>> parse_tick_us(std::string_view text) {
    if (text == "auto") return std::optional<uint32_t>();
    const Parsed<uint64_t> number = parse_number(text, 0, kTickMaxUs);
    if (const Problem* problem = std::get_if<Problem>(&number)) return *problem;
    return std::optional<uint32_t>(static_cast<uint32_t>(std::get<uint64_t>(number)));
}

void add_arrival_flags(FlagTable& table, ArrivalOptions& options, bool publishes) {
    table.group("Time");
    table.value(
        "start-at", parse_start_at, [&options](StartAt at) { options.start_at = at; }, "TIME",
        "+5s, or seconds since 1970 such as 1764000000.5",
        "The first dial, by the wall clock: a common start of several processes. The first message "
        "is then due at a whole second behind it.");
    add_duration(table, "ramp", options.ramp_ns,
                 publishes ? "Message rate rises from 0 to the full rate over this time."
                           : "Connect rate rises from 0 to --connrate over this time.");
    Flag& tick = table.value(
        "tick-us", parse_tick_us,
        [&options](std::optional<uint32_t> tick_us) { options.tick_us = tick_us; }, "N",
        "auto, or 0 to 100000",
        "Dials and messages are planned for whole ticks, so that several leave in one system call: "
        "less processor time for each. auto: at most 16 in a tick and at most 1000 us, and no tick "
        "where fewer than two would meet. 0: each has a moment of its own.");
    tick.default_text = "auto";
    if (publishes) add_message_flags(table, options);
}

std::optional<std::string> settle_pace(FlagTable& table) {
    const Flag* first = nullptr;
    for (const char* name : {"interval_of_msg", "rate", "profile", "think-time"}) {
        const Flag* row = table.row(name);
        if (row == nullptr || !row->given()) continue;
        if (first != nullptr)
            return fmt::format("--{}: --{} says when messages go, too; give one of them", row->name,
                               first->name);
        first = row;
    }
    return std::nullopt;
}

std::optional<std::string> settle_arrival(const ArrivalOptions& options) {
    if (options.profile.empty() || options.ramp_ns == 0) return std::nullopt;
    return "--profile: gives the rate that --ramp would change; begin it with 0:0 instead";
}

}  // namespace jumpgate::load
