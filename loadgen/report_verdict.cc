#include "loadgen/report_verdict.h"

#include <fmt/format.h>

#include <algorithm>

#include "loadgen/html.h"

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
    if (publishers < 1 || interval_ns <= 0) return {};
    std::string text = fmt::format("; {} per second ({}, one every {})",
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
    if (seconds > 0) {
        text += fmt::format(" within {:.2f} s, {} per second", seconds,
                            count_text(*connected / seconds));
    }
    sentences.push_back({all ? Grade::Good : Grade::Bad, all ? "reached" : "missed", text + ".",
                         "clients are missing"});
    // Of clients/: `connections_lost` at the top is the table by cause.
    const double lost = count_of(run, "clients/connections_lost");
    if (lost == 0) return;
    const double again = count_of(run, "clients/reconnects");
    sentences.push_back({Grade::Doubtful, "broken",
                         fmt::format("{} broke, and clients connected {} again.",
                                     several(lost, "connection"), several(again, "time")),
                         "connections broke"});
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

void add_account(const ReportRun& run, std::vector<Sentence>& sentences) {
    if (!run.number("messages/received") || run.text("mode") == "pub" ||
        run.text("mode") == "conn") {
        return;
    }
    add_lost(run, sentences);
    const double duplicated = count_of(run, "messages/duplicated");
    const bool allowed = run.number("plan/qos") == 1;
    if (duplicated == 0) {
        sentences.push_back({Grade::Good, "once", "No message came twice."});
    } else {
        sentences.push_back({allowed ? Grade::Good : Grade::Doubtful, "twice",
                             several(duplicated, "message") + " came more than once" +
                                 (allowed ? ", which QoS 1 allows." : "."),
                             "messages came twice"});
    }
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

void add_generator(const ReportRun& run, std::vector<Sentence>& sentences) {
    if (run.is("generator_saturated")) {
        sentences.push_back({Grade::Doubtful, "saturated",
                             "The generator was at its limit: these figures are its own, not the "
                             "broker's. Give it more processors, or ask for less.",
                             "the generator was saturated"});
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

std::string headline_of(Grade grade, const std::vector<Sentence>& sentences) {
    if (grade == Grade::Told) return "Nothing to judge by";
    if (grade == Grade::Good) return "Everything asked for was reached";
    std::string reasons;
    for (const Sentence& sentence : sentences) {
        if (sentence.grade != grade) continue;
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
    add_sent(run, verdict.sentences);
    add_account(run, verdict.sentences);
    add_generator(run, verdict.sentences);
    for (const Sentence& sentence : verdict.sentences) {
        verdict.grade = std::max(verdict.grade, sentence.grade);
    }
    verdict.headline = headline_of(verdict.grade, verdict.sentences);
    return verdict;
}

}  // namespace jumpgate::load
