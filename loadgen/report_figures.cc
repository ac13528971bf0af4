#include "loadgen/report_figures.h"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <string_view>

#include "loadgen/html.h"

namespace jumpgate::load {

namespace {

constexpr size_t kColours = 8;  // of lines and spots, report.css

enum class Kind : uint8_t { Count, Time, Milliseconds, Share };

// `path`, or where `per` is given how much of it came in each of those seconds.
struct Figure {
    std::string_view title;
    Kind kind;
    std::string_view path;
    std::string_view per = {};
};

constexpr std::string_view kLost = "messages/lost";

constexpr std::array kFigures = {
    Figure{"Messages sent per second", Kind::Count, "messages/sent", "seconds"},
    Figure{"Messages received per second", Kind::Count, "messages/received", "seconds"},
    Figure{"Messages lost", Kind::Count, kLost},
    Figure{"Latency, median", Kind::Time, "latency_us/p50"},
    Figure{"Latency, p99", Kind::Time, "latency_us/p99"},
    Figure{"Latency, p99.9", Kind::Time, "latency_us/p99_9"},
    Figure{"Latency, max", Kind::Time, "latency_us/max"},
    Figure{"Acknowledged in, p99", Kind::Time, "acknowledgement_us/p99"},
    Figure{"Clients connected per second", Kind::Count, "clients/connected", "connect_seconds"},
    Figure{"Connect, median", Kind::Time, "connect_us/p50"},
    Figure{"Connect, p99", Kind::Time, "connect_us/p99"},
    Figure{"Longest outage, until 99 % were back", Kind::Milliseconds, "outages/longest_ms"},
    Figure{"Busiest thread of the generator", Kind::Share, "busiest_thread_share"},
};

struct Times {
    std::string_view name;
    std::string_view title;
};

constexpr std::array kTimes = {
    Times{"latency_us", "Latency, from the plan"},
    Times{"service_us", "Latency, from the send"},
    Times{"acknowledgement_us", "Acknowledged in"},
    Times{"send_lateness_us", "Lateness of the generator"},
    Times{"connect_us", "Connect"},
    Times{"tcp_us", "TCP"},
    Times{"tls_full_us", "TLS, full handshake"},
    Times{"tls_resumed_us", "TLS, resumed"},
    Times{"connack_us", "CONNACK"},
    Times{"subscribe_us", "Subscribe (SUBACK)"},
};

constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kPercentiles = {
    {{"mean", "mean"},
     {"p50", "p50"},
     {"p90", "p90"},
     {"p99", "p99"},
     {"p99_9", "p99.9"},
     {"max", "max"}}};

// A time of a run that recorded none is absent, not 0.
std::optional<double> value_of(const ReportRun& run, const Figure& figure) {
    if (figure.kind == Kind::Time) {
        const std::string_view histogram = figure.path.substr(0, figure.path.find('/'));
        if (run.number(std::string(histogram) + "/count").value_or(0) == 0) return std::nullopt;
    }
    if (figure.path == kLost && !run.accounts()) return std::nullopt;
    const std::optional<double> value = run.number(figure.path);
    if (figure.per.empty() || !value) return value;
    const double seconds = run.number(figure.per).value_or(0);
    if (seconds <= 0) return std::nullopt;
    return *value / seconds;
}

std::string text_of(Kind kind, double value) {
    switch (kind) {
        case Kind::Count:
            return count_text(value);
        case Kind::Time:
            return time_text(value);
        case Kind::Milliseconds:
            return time_text(value * 1e3);
        case Kind::Share:
            return share_text(value);
    }
    return {};
}

std::string ratio_of(const std::optional<double>& value, const std::optional<double>& first) {
    if (!value || *value <= 0 || !first || *first <= 0) return {};
    return fmt::format("<span class=\"ratio\">{}</span>", ratio_text(*value / *first));
}

// That no message was lost is worth a row; that none was sent is not.
bool is_worth_a_row(const Figure& figure, const std::optional<double>& value) {
    return value && (*value > 0 || figure.path == kLost);
}

constexpr std::string_view kNone = "<span class=\"none\">-</span>";

std::string figure_row(std::span<const ReportRun> runs, const Figure& figure) {
    std::string row = fmt::format("<tr><th scope=\"row\">{}</th>", figure.title);
    const std::optional<double> first = value_of(runs[0], figure);
    bool any = false;
    for (const ReportRun& run : runs) {
        const std::optional<double> value = value_of(run, figure);
        any = any || is_worth_a_row(figure, value);
        row += fmt::format("<td>{}{}</td>", value ? text_of(figure.kind, *value) : kNone,
                           &run == &runs[0] ? "" : ratio_of(value, first));
    }
    return any ? row + "</tr>\n" : "";
}

// One run has nothing to stand beside: its figures are shown large.
std::string tiles(const ReportRun& run) {
    std::string tiles;
    for (const Figure& figure : kFigures) {
        const std::optional<double> value = value_of(run, figure);
        if (!is_worth_a_row(figure, value)) continue;
        tiles += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", figure.title,
                             text_of(figure.kind, *value));
    }
    if (tiles.empty()) return {};
    return "<section><h2>Key figures</h2>\n<dl class=\"tiles\">\n" + tiles + "</dl></section>\n";
}

bool recorded(const ReportRun& run, std::string_view name) {
    return run.number(std::string(name) + "/count").value_or(0) > 0;
}

std::string times_row(const ReportRun& run, const ReportRun* first, std::string_view name,
                      std::string_view title) {
    const std::string path = std::string(name) + "/";
    std::string row = fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td>", title,
                                  count_text(run.number(path + "count").value_or(0)));
    for (const auto& [field, words] : kPercentiles) {
        const std::string at = path + std::string(field);
        const std::optional<double> value = run.number(at);
        row += fmt::format("<td>{}{}</td>", value ? time_text(*value) : std::string(kNone),
                           first == nullptr ? "" : ratio_of(value, first->number(at)));
    }
    return row + "</tr>\n";
}

// All runs of one time, under its name.
std::string times_group(std::span<const ReportRun> runs, const Times& times) {
    std::string rows;
    for (size_t i = 0; i < runs.size(); ++i) {
        if (!recorded(runs[i], times.name)) continue;
        const bool compares = i > 0 && recorded(runs[0], times.name);
        rows += times_row(runs[i], compares ? &runs[0] : nullptr, times.name, run_name(runs[i], i));
    }
    if (rows.empty()) return {};
    return fmt::format(
        "<tbody class=\"group\"><tr><th scope=\"rowgroup\" colspan=\"{}\">{}</th></tr></tbody>\n"
        "<tbody>{}</tbody>\n",
        kPercentiles.size() + 2, times.title, rows);
}

// `jumpload sub` cannot know another process's plan, and says so.
std::string_view title_of(const ReportRun& run, const Times& times) {
    const bool unplanned = times.name == "latency_us" && run.text("latency_from") == "actual send";
    return unplanned ? "Latency, from the send" : times.title;
}

}  // namespace

std::string run_name(const ReportRun& run, size_t number) {
    return fmt::format("<span class=\"swatch run-{}\"></span>{}", number % kColours + 1,
                       escape_html(run.label()));
}

std::string key_figures(std::span<const ReportRun> runs) {
    if (runs.size() == 1) return tiles(runs[0]);
    std::string rows;
    for (const Figure& figure : kFigures) rows += figure_row(runs, figure);
    if (rows.empty()) return {};
    std::string head = "<th></th>";
    for (size_t i = 0; i < runs.size(); ++i) {
        head += fmt::format("<th scope=\"col\">{}</th>", run_name(runs[i], i));
    }
    return fmt::format(
        "<section><h2>Key figures</h2>\n<div class=\"table\"><table>"
        "<thead><tr>{}</tr></thead>\n<tbody>\n{}</tbody></table></div>\n"
        "<p class=\"note\">The factors are ratios to the first run.</p></section>\n",
        head, rows);
}

std::string times_table(std::span<const ReportRun> runs) {
    std::string body;
    for (const Times& times : kTimes) {
        if (runs.size() > 1) {
            body += times_group(runs, times);
        } else if (recorded(runs[0], times.name)) {
            body += times_row(runs[0], nullptr, times.name, title_of(runs[0], times));
        }
    }
    if (body.empty()) return {};
    std::string head = "<th></th><th scope=\"col\">count</th>";
    for (const auto& [field, words] : kPercentiles) {
        head += fmt::format("<th scope=\"col\">{}</th>", words);
    }
    return fmt::format(
        "<section><h2>Times</h2>\n<div class=\"table\"><table>"
        "<thead><tr>{}</tr></thead>\n{}</table></div></section>\n",
        head, body);
}

}  // namespace jumpgate::load
