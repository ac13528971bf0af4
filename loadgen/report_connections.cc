#include "loadgen/report_connections.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <string_view>

#include "loadgen/cause.h"
#include "loadgen/html.h"
#include "loadgen/report_figures.h"
#include "mqtt/reason.h"

namespace jumpgate::load {

namespace {

// --- the phases of a set-up ---

struct Phase {
    std::string_view name;  // of the histogram
    std::string_view title;
};

constexpr std::array kPhases = {Phase{"tcp_us", "TCP"}, Phase{"tls_us", "TLS"},
                                Phase{"connack_us", "CONNACK"}, Phase{"subscribe_us", "SUBACK"}};
// Where the phases were not measured apart.
constexpr std::array kWhole = {Phase{"connect_us", "TCP and CONNACK"},
                               Phase{"subscribe_us", "SUBACK"}};

double mean_us(const ReportRun& run, std::string_view name) {
    const std::string path = std::string(name) + "/";
    if (run.number(path + "count").value_or(0) == 0) return 0;
    return run.number(path + "mean").value_or(0);
}

double sum_us(const ReportRun& run, std::span<const Phase> phases) {
    double sum = 0;
    for (const Phase& phase : phases) sum += mean_us(run, phase.name);
    return sum;
}

std::string phases_row(const ReportRun& run, size_t number, std::span<const Phase> phases,
                       double longest_us) {
    std::string cells;
    std::string bar;
    for (size_t i = 0; i < phases.size(); ++i) {
        const double mean = mean_us(run, phases[i].name);
        cells += fmt::format("<td>{}</td>", mean > 0 ? time_text(mean) : "");
        if (mean <= 0) continue;
        bar += fmt::format("<i class=\"fill-{}\" style=\"width:{:.2f}%\" title=\"{} {}\"></i>",
                           i + 1, mean / longest_us * 100, phases[i].title, time_text(mean));
    }
    return fmt::format(
        "<tr><th scope=\"row\">{}</th><td class=\"chart\"><div class=\"bar\">{}</div></td>{}"
        "<td>{}</td></tr>\n",
        run_name(run, number), bar, cells, time_text(sum_us(run, phases)));
}

// --- brokers ---

std::string broker_cell(double count, double all, double most) {
    return fmt::format(
        "<td>{}</td><td>{}</td><td class=\"chart\"><div class=\"bar\"><i class=\"fill-1\" "
        "style=\"width:{:.2f}%\"></i></div></td>",
        count_text(count), share_text(all > 0 ? count / all : 0),
        most > 0 ? count / most * 100 : 0);
}

std::string brokers_of(const ReportRun& run, size_t number, bool named) {
    const ReportRun::Counts brokers = run.counts("brokers", "clients");
    if (brokers.empty()) return {};
    double all = 0;
    double most = 0;
    for (const auto& [broker, count] : brokers) {
        all += count;
        most = std::max(most, count);
    }
    std::string rows;
    for (const auto& [broker, count] : brokers) {
        rows += fmt::format("<tr><th scope=\"row\">{}</th>{}</tr>\n", escape_html(broker),
                            broker_cell(count, all, most));
    }
    const double mean = all / static_cast<double>(brokers.size());
    return fmt::format(
        "<div class=\"table\"><table><caption>{}{} brokers; the fullest has {} the mean"
        "</caption>\n<thead><tr><th scope=\"col\">broker</th><th scope=\"col\">clients</th>"
        "<th scope=\"col\">share</th><th></th></tr></thead>\n<tbody>\n{}</tbody></table></div>\n",
        named ? run_name(run, number) + ": " : "", brokers.size(),
        ratio_text(mean > 0 ? most / mean : 0), rows);
}

// --- errors ---

std::string_view meaning(Cause cause) {
    switch (cause) {
        case Cause::Refused:
            return "nobody listens there";
        case Cause::Reset:
            return "the broker, or a proxy before it, aborted the connection";
        case Cause::Closed:
            return "the broker closed the connection in good order";
        case Cause::Timeout:
            return "no answer within --connect-timeout-ms";
        case Cause::PingTimeout:
            return "no PINGRESP within --ping-timeout-ms";
        case Cause::Unreachable:
            return "no route, or a host that does not answer";
        case Cause::ConnackRefused:
            return "the broker refused the client; see the CONNACK codes";
        case Cause::SubackRefused:
            return "the broker refused the subscription";
        case Cause::QosNotSupported:
            return "the broker grants less than --qos";
        case Cause::DisconnectPacket:
            return "the broker sent DISCONNECT";
        case Cause::Protocol:
            return "the broker sent what MQTT does not allow";
        case Cause::TlsCipher:
            return "no cipher suite, group or signature algorithm in common";
        case Cause::BadCertificate:
            return "the broker's certificate has a fault";
        case Cause::BadRecord:
            return "what came does not decrypt";
        case Cause::Truncated:
            return "the broker's end came without close_notify";
        default:
            return advice(cause);
    }
}

std::string_view cause_meaning(std::string_view name) {
    for (size_t i = 0; i < static_cast<size_t>(Cause::kCount); ++i) {
        const auto cause = static_cast<Cause>(i);
        if (word(cause) == name) return meaning(cause);
    }
    return {};
}

// "0x87" -> "Not authorized"
std::string_view code_meaning(std::string_view name) {
    const unsigned long code = std::strtoul(std::string(name).c_str(), nullptr, 0);
    if (code == 0 || code > 0xFF) return {};
    return mqtt::text(static_cast<mqtt::ReasonCode>(code));
}

std::string_view alert_meaning(std::string_view) { return "TLS alert that the broker sent"; }

struct ErrorKind {
    std::string_view path;
    std::string_view title;
    std::string_view (*meaning)(std::string_view name);
};

constexpr std::array kErrors = {
    ErrorKind{"setup_failures", "Attempts to connect that failed", cause_meaning},
    ErrorKind{"connack_codes", "CONNACK, refused", code_meaning},
    ErrorKind{"tls_alerts", "TLS alerts", alert_meaning},
    ErrorKind{"connections_lost", "Connections lost", cause_meaning},
};

std::string errors_of(std::span<const ReportRun> runs, const ErrorKind& kind) {
    std::map<std::string, std::vector<double>> by_name;
    for (size_t i = 0; i < runs.size(); ++i) {
        for (const auto& [name, count] : runs[i].counts(kind.path)) {
            std::vector<double>& counts = by_name[name];
            counts.resize(runs.size());
            counts[i] = count;
        }
    }
    std::string rows;
    for (const auto& [name, counts] : by_name) {
        rows += fmt::format("<tr><th scope=\"row\">{}</th><td class=\"words\">{}</td>",
                            escape_html(name), escape_html(kind.meaning(name)));
        for (const double count : counts) rows += fmt::format("<td>{}</td>", count_text(count));
        rows += "</tr>\n";
    }
    if (rows.empty()) return {};
    return fmt::format(
        "<tbody class=\"group\"><tr><th scope=\"rowgroup\" colspan=\"{}\">{}</th></tr></tbody>\n"
        "<tbody>\n{}</tbody>\n",
        runs.size() + 2, kind.title, rows);
}

}  // namespace

std::string phases_table(std::span<const ReportRun> runs) {
    const bool apart = std::ranges::any_of(
        runs, [](const ReportRun& run) { return mean_us(run, "connack_us") > 0; });
    const std::span<const Phase> phases =
        apart ? std::span<const Phase>(kPhases) : std::span<const Phase>(kWhole);
    double longest_us = 0;
    for (const ReportRun& run : runs) longest_us = std::max(longest_us, sum_us(run, phases));
    if (longest_us <= 0) return {};
    std::string head = "<th></th><th></th>";
    for (size_t i = 0; i < phases.size(); ++i) {
        head += fmt::format("<th scope=\"col\"><span class=\"swatch fill-{}\"></span>{}</th>",
                            i + 1, phases[i].title);
    }
    std::string rows;
    for (size_t i = 0; i < runs.size(); ++i) {
        if (sum_us(runs[i], phases) > 0) rows += phases_row(runs[i], i, phases, longest_us);
    }
    return fmt::format(
        "<section><h2>Where connecting spends its time</h2>\n<div class=\"table\"><table>"
        "<thead><tr>{}<th scope=\"col\">sum</th></tr></thead>\n<tbody>\n{}</tbody></table></div>\n"
        "<p class=\"note\">Means, which add up; the percentiles stand above.</p></section>\n",
        head, rows);
}

std::string brokers_table(std::span<const ReportRun> runs) {
    std::string tables;
    for (size_t i = 0; i < runs.size(); ++i) tables += brokers_of(runs[i], i, runs.size() > 1);
    if (tables.empty()) return {};
    return fmt::format("<section><h2>Clients by broker</h2>\n{}</section>\n", tables);
}

std::string errors_table(std::span<const ReportRun> runs) {
    std::string body;
    for (const ErrorKind& kind : kErrors) body += errors_of(runs, kind);
    if (body.empty()) return "<section><h2>Errors</h2><p>None.</p></section>\n";
    std::string head = "<th scope=\"col\">cause</th><th scope=\"col\" class=\"words\">meaning</th>";
    for (size_t i = 0; i < runs.size(); ++i) {
        head += fmt::format("<th scope=\"col\">{}</th>",
                            runs.size() > 1 ? run_name(runs[i], i) : "count");
    }
    return fmt::format(
        "<section><h2>Errors</h2>\n<div class=\"table\"><table><thead><tr>{}</tr></thead>\n{}"
        "</table></div></section>\n",
        head, body);
}

}  // namespace jumpgate::load
