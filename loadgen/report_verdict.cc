#include "loadgen/report_verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "loadgen/html.h"
#include "loadgen/results.h"

namespace jumpgate::load {

namespace {

// Sent below this share of the plan is not what was asked for (docs: within 0.5 %).
constexpr double kReachedShare = 0.995;

double count_of(const ReportRun& run, std::string_view path) {
    return run.number(path).value_or(0);
}

// "1 message", "2,000 messages"
std::string several(double count, std::string_view noun) {
    return fmt::format("{} {}{}", count_text(count), noun, count == 1 ? "" : "s");
}

std::string version_text(double version) {
    return version == 3 ? "3.1" : version == 4 ? "3.1.1" : fmt::format("{:g}", version);
}

// "2,500 messages per second (500 publishers, one every 200 ms) of 16 bytes at QoS 1"
std::string asked_messages(const ReportRun& run) {
    const double publishers = count_of(run, "plan/publishers");
    const double interval_ns = count_of(run, "plan/interval_ns");
    const bool closed_loop = run.is("plan/closed_loop");
    if (publishers < 1 || (interval_ns <= 0 && !closed_loop)) return {};
    std::string text =
        closed_loop
            ? fmt::format("; {} in a closed loop, each sends {} after its last answer: messages",
                          several(publishers, "publisher"),
                          time_text(count_of(run, "plan/think_time_ns") / 1e3))
            : fmt::format("; {} per second ({}, one every {})",
                          several(publishers * 1e9 / interval_ns, "message"),
                          several(publishers, "publisher"), time_text(interval_ns / 1e3));
    if (const auto size = run.number("plan/size_bytes")) {
        text += " of " + several(*size, "byte");
    }
    if (const auto qos = run.number("plan/qos")) text += fmt::format(" at QoS {:.0f}", *qos);
    return text;
}

void add_asked(const ReportRun& run, std::vector<Sentence>& sentences) {
    const auto requested = run.number("clients/requested");
    if (!requested) return;
    std::string text = several(*requested, "client");
    if (const auto mode = run.text("mode")) text = *mode + " with " + text;
    if (const auto rate = run.number("plan/connrate")) {
        text += fmt::format(", {} connecting per second", count_text(*rate));
    }
    text += asked_messages(run);
    if (const double subscribers = count_of(run, "plan/subscribers"); subscribers > 0) {
        text += "; " + several(subscribers, "subscriber");
    }
    if (const auto version = run.number("plan/version")) {
        text += "; MQTT " + version_text(*version);
    }
    if (const auto seconds = run.number("seconds")) {
        text += fmt::format("; measured for {:.1f} s", *seconds);
    }
    sentences.push_back({Grade::Told, "asked", text + "."});
}

void add_connected(const ReportRun& run, std::vector<Sentence>& sentences) {
    const auto requested = run.number("clients/requested");
    const auto connected = run.number("clients/connected");
    if (!requested || !connected) return;
    const bool all = *connected >= *requested;
    std::string text = all ? fmt::format("All {} connected", several(*requested, "client"))
                           : fmt::format("{} of {} connected", count_text(*connected),
                                         several(*requested, "client"));
    const double seconds = count_of(run, "connect_seconds");
    if (seconds > 0 && *connected > 0) {
        text += fmt::format(" within {:.2f} s, {} per second", seconds,
                            count_text(*connected / seconds));
    }
    sentences.push_back({all ? Grade::Good : Grade::Bad, all ? "reached" : "missed", text + ".",
                         "clients are missing"});
    // Of clients/: `connections_lost` at the top is the table by cause.
    const double lost = count_of(run, "clients/connections_lost");
    if (lost == 0) return;
    const double again = count_of(run, "clients/reconnects");
    const bool planned = run.is("plan/reconnect") && again >= lost;
    sentences.push_back({planned ? Grade::Told : Grade::Doubtful, "broken",
                         fmt::format("{} broke, and clients connected {} again.",
                                     several(lost, "connection"), several(again, "time")),
                         "connections broke"});
}

// Times in which fewer than 99 % of the clients were connected.
void add_outages(const ReportRun& run, std::vector<Sentence>& sentences) {
    const double outages = count_of(run, "outages/count");
    if (outages == 0) return;
    const bool ended = run.is("outages/ended");
    const std::string longest = time_text(count_of(run, "outages/longest_ms") * 1e3);
    const std::string text = fmt::format(
        "{}, {} away at most: {} {}.", several(outages, "outage"),
        several(count_of(run, "outages/most_away"), "client"), outages == 1 ? "it" : "the longest",
        ended ? "took " + longest + " until 99 % were back"
              : "had not ended after " + longest + " when the run did");
    const bool planned = run.is("plan/reconnect") && ended;
    sentences.push_back({planned ? Grade::Told : Grade::Doubtful, "outage", text,
                         ended ? "there was an outage" : "clients were still away at the end"});
}

void add_sent(const ReportRun& run, std::vector<Sentence>& sentences) {
    const double planned = count_of(run, "messages/planned");
    if (planned < 1) return;
    const double sent = count_of(run, "messages/sent");
    const bool reached = sent >= planned * kReachedShare;
    std::string text =
        sent == planned ? fmt::format("All {} of the plan were sent", several(planned, "message"))
                        : fmt::format("{} of {} of the plan were sent ({})", count_text(sent),
                                      several(planned, "message"), share_text(sent / planned));
    const double seconds = count_of(run, "seconds");
    if (seconds > 0) text += fmt::format(", {} per second", count_text(sent / seconds));
    const double late = count_of(run, "messages/late");
    if (late > 0) text += fmt::format("; {} of them late", count_text(late));
    const double dropped = count_of(run, "messages/dropped");
    if (dropped > 0) text += fmt::format("; {} dropped as too late", count_text(dropped));
    sentences.push_back({reached ? Grade::Good : Grade::Bad, reached ? "reached" : "missed",
                         text + ".", "less was sent than planned"});
}

void add_lost(const ReportRun& run, std::vector<Sentence>& sentences) {
    const double lost = count_of(run, "messages/lost");
    if (lost == 0) {
        sentences.push_back({Grade::Good, "complete", "No message was lost."});
        return;
    }
    const double all = lost + count_of(run, "messages/received");
    const double live = count_of(run, "messages/lost_on_live_connections");
    // What was under way on a connection that broke is lost at QoS 0, and by clean sessions.
    const bool excused = live == 0 && run.is("plan/reconnect");
    std::string text = fmt::format("{} {} lost ({})", several(lost, "message"),
                                   lost == 1 ? "was" : "were", share_text(lost / all));
    if (run.number("messages/lost_in_flight")) {
        text += fmt::format(": {} under way on connections that broke, {} on live ones",
                            count_text(lost - live), count_text(live));
    }
    sentences.push_back(
        {excused ? Grade::Doubtful : Grade::Bad, "lost", text + ".", "messages were lost"});
}

// At QoS 1 the standard allows it, at QoS 2 it does not, at QoS 0 nobody has reason to.
void add_duplicated(const ReportRun& run, std::vector<Sentence>& sentences) {
    const double duplicated = count_of(run, "messages/duplicated");
    const auto against = run.number("messages/duplicated_against_qos");
    if (duplicated == 0) {
        sentences.push_back({Grade::Good, "once", "No message came twice."});
    } else if (against ? *against == 0 : run.number("plan/qos") == 1) {
        sentences.push_back(
            {Grade::Good, "twice",
             several(duplicated, "message") + " came more than once, which QoS 1 allows."});
    } else {
        sentences.push_back({against ? Grade::Bad : Grade::Doubtful, "twice",
                             several(duplicated, "message") + " came more than once.",
                             "messages came twice"});
    }
}

void add_account(const ReportRun& run, std::vector<Sentence>& sentences) {
    const auto received = run.number("messages/received");
    if (!received) return;
    if (!run.accounts()) {
        if (*received == 0) return;
        sentences.push_back({Grade::Told, "received",
                             several(*received, "message") +
                                 " came; whether some were lost only their publishers know."});
    } else {
        add_lost(run, sentences);
    }
    add_duplicated(run, sentences);
    const double reordered = count_of(run, "messages/reordered");
    if (reordered == 0) {
        sentences.push_back({Grade::Good, "in order", "No message came out of order."});
    } else {
        sentences.push_back({Grade::Doubtful, "disorder",
                             several(reordered, "message") + " came out of order.",
                             "messages came out of order"});
    }
    if (const double strange = count_of(run, "messages/unexpected"); strange > 0) {
        sentences.push_back({Grade::Doubtful, "strange",
                             several(strange, "message") + " came that nobody of this run sent.",
                             "strangers' messages came"});
    }
}

std::string word_of(const ReportRun::Words& words, std::string_view name) {
    for (const auto& [key, value] : words) {
        if (key == name) return value;
    }
    return {};
}

// Of --fail-if: "p99>20ms" is measured in microseconds, "lost>1%" in percent, "lost>0" in messages.
std::string limit_value(const ReportRun::Words& limit, std::string_view expression) {
    const double value = std::strtod(word_of(limit, "value").c_str(), nullptr);
    if (expression.ends_with('s')) return time_text(value);
    if (expression.ends_with('%')) return fmt::format("{:.4g} %", value);
    return count_text(value);
}

void add_limits(const ReportRun& run, std::vector<Sentence>& sentences) {
    for (const ReportRun::Words& limit : run.items("thresholds")) {
        const std::string expression = word_of(limit, "expression");
        const bool failed = word_of(limit, "failed") == "yes";
        std::string text = fmt::format("The run was to fail at {}", expression);
        if (word_of(limit, "measured") == "no") {
            text += "; nothing of the kind was measured.";
        } else {
            text += fmt::format("; it was {}.", limit_value(limit, expression));
        }
        sentences.push_back({failed ? Grade::Bad : Grade::Good, failed ? "broken" : "held",
                             std::move(text), "a limit was broken"});
    }
}

// " (99 % of sends ..., its busiest thread ...)": which of its limits the generator passed.
std::string limits_passed(const ReportRun& run) {
    std::string passed;
    const double late_us = count_of(run, "send_lateness_us/p99");
    const auto limit_ms = run.number("plan/lateness_limit_ms");
    if (limit_ms && late_us > *limit_ms * 1e3) {
        passed = fmt::format("99 % of sends were up to {} late, over the limit of {}",
                             time_text(late_us), time_text(*limit_ms * 1e3));
    }
    const double busy = count_of(run, "busiest_thread_share");
    if (busy > kBusyShareMax) {
        passed +=
            fmt::format("{}its busiest thread was {} busy, over the limit of {}",
                        passed.empty() ? "" : "; ", share_text(busy), share_text(kBusyShareMax));
    }
    return passed.empty() ? passed : " (" + passed + ")";
}

// Then latency from the plan says more of the generator than of the broker.
bool mostly_lateness(const ReportRun& run) {
    constexpr double kNoticeableUs = 1'000;
    const double late_us = count_of(run, "send_lateness_us/p99");
    return count_of(run, "latency_us/count") > 0 && late_us > kNoticeableUs &&
           late_us > count_of(run, "latency_us/p99") / 2;
}

void add_generator(const ReportRun& run, std::vector<Sentence>& sentences) {
    if (run.is("generator_saturated")) {
        sentences.push_back({Grade::Doubtful, "saturated",
                             fmt::format("The generator was at its limit{}: these figures are its "
                                         "own, not the broker's. Give it more processors, or ask "
                                         "for less.",
                                         limits_passed(run)),
                             "the generator was saturated"});
    } else if (mostly_lateness(run)) {
        sentences.push_back(
            {Grade::Doubtful, "late",
             fmt::format("Most of the 99th percentile of latency ({}) is the generator's own: 99 % "
                         "of sends were up to {} late. Service time counts from the actual send.",
                         time_text(count_of(run, "latency_us/p99")),
                         time_text(count_of(run, "send_lateness_us/p99"))),
             "the generator was late"});
    } else if (const auto busy = run.number("busiest_thread_share")) {
        std::string text =
            fmt::format("The generator kept up: its busiest thread was {} busy", share_text(*busy));
        if (count_of(run, "send_lateness_us/count") > 0) {
            text += fmt::format(", 99 % of sends were at most {} late",
                                time_text(count_of(run, "send_lateness_us/p99")));
        }
        sentences.push_back({Grade::Good, "kept up", text + "."});
    }
    if (run.is("interrupted")) {
        sentences.push_back({Grade::Doubtful, "partial",
                             "The run was interrupted before its time: these results are partial.",
                             "it was interrupted"});
    }
}

Grade worst(const std::vector<Sentence>& sentences) {
    Grade grade = Grade::Told;
    for (const Sentence& sentence : sentences) grade = std::max(grade, sentence.grade);
    return grade;
}

// Whatever jumpload itself saw wrong is never good here.
void add_exit_code(const ReportRun& run, std::vector<Sentence>& sentences) {
    const double code = count_of(run, "exit_code");
    if (code == 0 || worst(sentences) > Grade::Good) return;
    sentences.push_back({Grade::Bad, "failed",
                         fmt::format("jumpload itself ended with exit code {:.0f}.", code),
                         "jumpload says so"});
}

std::string headline_of(Grade grade, const std::vector<Sentence>& sentences) {
    if (grade == Grade::Told) return "Nothing to judge by";
    if (grade == Grade::Good) return "Everything asked for was reached";
    std::string reasons;
    for (const Sentence& sentence : sentences) {
        if (sentence.grade != grade || reasons.find(sentence.reason) != reasons.npos) continue;
        reasons += (reasons.empty() ? "" : ", ") + std::string(sentence.reason);
    }
    return (grade == Grade::Bad ? "Not what was asked for: " : "Read with care: ") + reasons;
}

}  // namespace

std::string_view word(Grade grade) {
    switch (grade) {
        case Grade::Told:
            return "told";
        case Grade::Good:
            return "good";
        case Grade::Doubtful:
            return "doubtful";
        case Grade::Bad:
            return "bad";
    }
    return "told";
}

ReportVerdict judge(const ReportRun& run) {
    ReportVerdict verdict;
    add_asked(run, verdict.sentences);
    add_connected(run, verdict.sentences);
    add_outages(run, verdict.sentences);
    add_sent(run, verdict.sentences);
    add_account(run, verdict.sentences);
    add_limits(run, verdict.sentences);
    add_generator(run, verdict.sentences);
    add_exit_code(run, verdict.sentences);
    verdict.grade = worst(verdict.sentences);
    verdict.headline = headline_of(verdict.grade, verdict.sentences);
    return verdict;
}

}  // namespace jumpgate::load
