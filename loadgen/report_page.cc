#include "loadgen/report_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/base/check.h"
#include "loadgen/html.h"
#include "loadgen/report_connections.h"
#include "loadgen/report_figures.h"
#include "loadgen/report_template.h"
#include "loadgen/report_verdict.h"

namespace jumpgate::load {

namespace {

// What report.js draws.
constexpr std::array<std::string_view, 9> kCurves = {"latency",     "service", "acknowledgement",
                                                     "connect",     "tcp",     "tls_full",
                                                     "tls_resumed", "connack", "subscribe"};

constexpr std::array<std::string_view, 12> kColumns = {"elapsed_s",
                                                       "connected",
                                                       "sent",
                                                       "received",
                                                       "acknowledged",
                                                       "connections_lost",
                                                       "reconnects",
                                                       "latency_p50_us",
                                                       "latency_p99_us",
                                                       "latency_max_us",
                                                       "send_lateness_p99_us",
                                                       "send_lateness_max_us"};

std::string run_list(std::span<const ReportRun> runs) {
    std::string items;
    for (size_t i = 0; i < runs.size(); ++i) {
        const std::string mode = runs[i].text("mode").value_or("");
        const std::string when = runs[i].text("environment/start_utc").value_or("");
        items +=
            fmt::format("<li>{} <b>{}</b> {}</li>\n", runs.size() > 1 ? run_name(runs[i], i) : "",
                        escape_html(mode), escape_html(when));
    }
    return "<ul class=\"runs\">\n" + items + "</ul>";
}

std::string verdict_card(const ReportRun& run, size_t number, bool named) {
    const ReportVerdict verdict = judge(run);
    std::string items;
    for (const Sentence& sentence : verdict.sentences) {
        items +=
            fmt::format("<li class=\"{}\"><span class=\"mark\">{}</span><span>{}</span></li>\n",
                        word(sentence.grade), sentence.mark, escape_html(sentence.text));
    }
    return fmt::format("<section class=\"verdict {}\">{}<h2>{}</h2>\n<ul>\n{}</ul></section>\n",
                       word(verdict.grade),
                       named ? "<p class=\"run\">" + run_name(run, number) + "</p>" : "",
                       escape_html(verdict.headline), items);
}

std::string word_list(std::string_view title, const ReportRun::Words& words) {
    if (words.empty()) return {};
    std::string items;
    for (const auto& [name, value] : words) {
        items += fmt::format("<dt>{}</dt><dd>{}</dd>\n", escape_html(name), escape_html(value));
    }
    return fmt::format("<div><h3>{}</h3>\n<dl>\n{}</dl></div>\n", title, items);
}

// What a merged result was merged of: the commands, by host.
ReportRun::Words shards(const ReportRun& run) {
    ReportRun::Words shards;
    for (const ReportRun::Words& shard : run.items("shards")) {
        std::string host = fmt::format("{}", shards.size() + 1);
        std::string command;
        for (const auto& [name, value] : shard) {
            if (name == "environment host") host += ", " + value;
            if (name == "command") command = value;
        }
        shards.emplace_back(std::move(host), std::move(command));
    }
    return shards;
}

// Where a run comes from: its command line, its plan, its machine.
std::string origin_of(const ReportRun& run, size_t number, bool named) {
    std::string html = "<div class=\"origin\">";
    if (named) html += fmt::format("<h3>{}</h3>\n", run_name(run, number));
    const std::string command = run.text("command").value_or("");
    if (!command.empty()) html += fmt::format("<pre>{}</pre>\n", escape_html(command));
    const std::string lists = word_list("Plan", run.words("plan")) +
                              word_list("Environment", run.words("environment")) +
                              word_list("Merged of", shards(run));
    return html + fmt::format(
                      "<details{}><summary>Plan and environment, {}</summary>\n<div "
                      "class=\"lists\">{}</div></details></div>\n",
                      named ? "" : " open", escape_html(run.text("tool").value_or("")), lists);
}

std::string origins(std::span<const ReportRun> runs) {
    std::string parts;
    for (size_t i = 0; i < runs.size(); ++i) parts += origin_of(runs[i], i, runs.size() > 1);
    return "<section><h2>Command and environment</h2>\n" + parts + "</section>\n";
}

// 12 digits: every count there is. JSON has no NaN.
void add_number(std::string& json, double value) {
    if (std::isfinite(value)) {
        fmt::format_to(std::back_inserter(json), "{:.12g}", value);
    } else {
        json += "null";
    }
}

std::string columns_json(const std::vector<ReportRun::Column>& columns) {
    std::string json = "{";
    for (const ReportRun::Column& column : columns) {
        if (std::ranges::find(kColumns, column.name) == kColumns.end()) continue;
        if (json.size() > 1) json += ",\n";
        json += to_script_json(column.name) + ":[";
        for (size_t i = 0; i < column.values.size(); ++i) {
            if (i > 0) json += ',';
            add_number(json, column.values[i]);
        }
        json += ']';
    }
    return json + "}";
}

std::string curves_json(const ReportRun& run) {
    std::string json = "{";
    for (const std::string_view name : kCurves) {
        const std::vector<ReportRun::Point> points = run.curve(name);
        if (points.empty()) continue;
        if (json.size() > 1) json += ",\n";
        json += to_script_json(name) + ":[";
        for (const ReportRun::Point& point : points) {
            json += &point == &points.front() ? "[" : ",[";
            add_number(json, point.rest);
            json += ',';
            add_number(json, point.value_us);
            json += ']';
        }
        json += ']';
    }
    return json + "}";
}

std::string series_json(std::span<const ReportRun> runs) {
    std::string json = "[";
    for (const ReportRun& run : runs) {
        if (json.size() > 1) json += ",\n";
        const auto [begin_s, end_s] = run.measured();
        json += fmt::format("{{\"label\":{},\n\"measured\":[{:.3f},{:.3f}],\n",
                            to_script_json(run.label()), begin_s, end_s);
        json += fmt::format("\"series\":{},\n\"curves\":{}}}", columns_json(run.seconds()),
                            curves_json(run));
    }
    return json + "]";
}

// Each @@word@@ of the frame, once through: what is put in is not looked at again.
template <class TextOf>
std::string filled(std::string_view frame, TextOf text_of) {
    std::string page;
    while (true) {
        const size_t open = frame.find("@@");
        if (open == frame.npos) return page.append(frame);
        const size_t close = frame.find("@@", open + 2);
        CHECK(close != frame.npos);
        page.append(frame.substr(0, open));
        page += text_of(frame.substr(open + 2, close - open - 2));
        frame.remove_prefix(close + 2);
    }
}

}  // namespace

std::string report_page(std::span<const ReportRun> runs, std::string_view title) {
    CHECK(!runs.empty());
    return filled(kReportTemplate, [&](std::string_view place) -> std::string {
        if (place == "title") return escape_html(title);
        if (place == "generator") return "jumpload " JUMPGATE_VERSION;
        if (place == "runs") return run_list(runs);
        if (place == "verdicts") {
            std::string cards;
            for (size_t i = 0; i < runs.size(); ++i) {
                cards += verdict_card(runs[i], i, runs.size() > 1);
            }
            return "<div class=\"verdicts\">\n" + cards + "</div>\n";
        }
        if (place == "key_figures") return key_figures(runs);
        if (place == "times") return times_table(runs);
        if (place == "phases") return phases_table(runs);
        if (place == "brokers") return brokers_table(runs);
        if (place == "errors") return errors_table(runs);
        if (place == "origins") return origins(runs);
        CHECK(place == "series");
        return series_json(runs);
    });
}

}  // namespace jumpgate::load
