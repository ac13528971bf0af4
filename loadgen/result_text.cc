#include "loadgen/result_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "loadgen/result_fields.h"
#include "mqtt/reason.h"
#include "tls/failure.h"

namespace jumpgate::load {

namespace {

template <class Visit>
void for_each_cause(Visit visit) {
    for (size_t i = 0; i < static_cast<size_t>(Cause::kCount); ++i) visit(static_cast<Cause>(i));
}

using Out = std::back_insert_iterator<std::string>;

void add_row(Out out, std::string_view name, const Histogram& times) {
    if (times.count() == 0) return;
    fmt::format_to(out, "  {:<16}{:>11}{:>11}{:>11}{:>11}{:>11}\n", name,
                   time_text(times.percentile_us(50)), time_text(times.percentile_us(90)),
                   time_text(times.percentile_us(99)), time_text(times.percentile_us(99.9)),
                   time_text(times.max_us()));
}

void add_times(Out out, const Recorder& recorder) {
    const auto measured = [&](const TimesField& field) {
        return (recorder.*field.times).count() > 0;
    };
    if (std::ranges::none_of(times_fields(), measured)) return;
    fmt::format_to(out, "  {:<16}{:>11}{:>11}{:>11}{:>11}{:>11}\n", "times", "p50", "p90", "p99",
                   "p99.9", "max");
    for (const TimesField& field : times_fields()) {
        add_row(out, field.title, recorder.*field.times);
    }
}

void add_faults(Out out, const Recorder& recorder) {
    for_each_cause([&](Cause cause) {
        const uint64_t failures = recorder.setup_failures(cause);
        const uint64_t losses = recorder.connections_lost(cause);
        if (failures + losses == 0) return;
        fmt::format_to(out, "  {}: {} attempts failed, {} connections lost{}{}\n", word(cause),
                       failures, losses, failures > 0 && !advice(cause).empty() ? "; " : "",
                       failures > 0 ? advice(cause) : "");
    });
    for (unsigned code = 0; code < 256; ++code) {
        const auto byte = static_cast<uint8_t>(code);
        if (recorder.connack_codes(byte) == 0) continue;
        fmt::format_to(out, "  connack 0x{:02x} ({}): {}\n", code,
                       mqtt::text(static_cast<mqtt::ReasonCode>(byte)),
                       recorder.connack_codes(byte));
    }
    for (unsigned alert = 0; alert < 256; ++alert) {
        const auto byte = static_cast<uint8_t>(alert);
        if (recorder.alerts(byte) == 0) continue;
        fmt::format_to(out, "  alert {} ({}): {}\n", tls::alert_text(byte), alert,
                       recorder.alerts(byte));
    }
}

void add_handshakes(Out out, const Recorder& recorder) {
    fmt::format_to(out,
                   "TLS: {} full handshakes, {} resumed of {} that offered a session; {} with "
                   "TLS 1.3, {} with 1.2\n",
                   recorder[Count::TlsFull], recorder[Count::TlsResumed],
                   recorder[Count::TlsOffered], recorder[Count::Tls13], recorder[Count::Tls12]);
}

void add_behaviour(Out out, const Recorder& recorder) {
    if (recorder[Count::Takeovers] > 0) {
        fmt::format_to(out, "takeovers: {}, {} clients were told (0x8E)\n",
                       recorder[Count::Takeovers], recorder.connections_lost(Cause::TakenOver));
    }
    if (recorder[Count::Redirects] > 0) {
        fmt::format_to(out, "redirects: {} Server References followed\n",
                       recorder[Count::Redirects]);
    }
}

void add_outages(Out out, const OutageSummary& outages) {
    if (outages.count == 0) return;
    fmt::format_to(out, "outages: {}, {} clients away at most; the longest took {:.2f} s {}\n",
                   outages.count, outages.most_away, static_cast<double>(outages.longest_ms) / 1e3,
                   outages.ended ? "until 99 % were back" : "and has not ended");
}

void add_loop(Out out, const RunPlan& plan) {
    if (!plan.closed_loop) return;
    fmt::format_to(out,
                   "closed loop: each client sends {} after its last answer; latency is from the "
                   "actual send,\n  and what a slow broker kept from being sent is in no figure "
                   "(coordinated omission)\n",
                   time_text(plan.think_time_ns / 1'000));
}

// Who serves how many, and how even that is; nothing where no broker gave its name.
void add_brokers(Out out, const Recorder& recorder) {
    if (recorder.brokers.empty()) return;
    uint64_t sum = 0;
    uint64_t most = 0;
    for (const auto& [name, clients] : recorder.brokers) {
        sum += clients;
        most = std::max(most, clients);
    }
    const double mean = static_cast<double>(sum) / static_cast<double>(recorder.brokers.size());
    fmt::format_to(out, "brokers: {}, the fullest has {:.3f} times the mean\n",
                   recorder.brokers.size(), static_cast<double>(most) / mean);
    for (const auto& [name, clients] : recorder.brokers) {
        fmt::format_to(out, "  {:<28}{:>9} clients{:>8.2f} %\n", name, clients,
                       100 * static_cast<double>(clients) / static_cast<double>(sum));
    }
    const uint64_t kept = recorder[Count::BrokerKept];
    const uint64_t moved = recorder[Count::BrokerMoved];
    if (kept + moved == 0) return;
    fmt::format_to(out, "  reconnects: {} found their broker again, {} another one ({:.2f} %)\n",
                   kept, moved,
                   100 * static_cast<double>(moved) / static_cast<double>(kept + moved));
}

// Latency counts from the planned send, so what the generator was late is in it.
void add_own_lateness(Out out, const Results& results) {
    constexpr uint64_t kWorthSayingUs = 1'000;
    const Recorder& recorder = results.recorder;
    const bool received = recorder.latency.count() > 0;
    const uint64_t p99_us =
        (received ? recorder.latency : recorder.acknowledgement).percentile_us(99);
    const uint64_t late_us = recorder.send_lateness.percentile_us(99);
    if (p99_us == 0 || late_us <= kWorthSayingUs || late_us <= p99_us / 2) return;
    fmt::format_to(out, "most of the p99 is the generator's own lateness: {} late of {} {}",
                   time_text(late_us), time_text(p99_us),
                   received ? "latency" : "to the acknowledgement");
    if (received) {
        fmt::format_to(out, "; p99 of service time, from the actual send, is {}",
                       time_text(recorder.service.percentile_us(99)));
    }
    fmt::format_to(out, "\n");
}

// Who serves whom is most of what `conn` can tell of a fleet.
void add_nameless(Out out, const Results& results) {
    const Recorder& recorder = results.recorder;
    if (results.plan.mode != word(Mode::Conn) || recorder[Count::Connected] == 0) return;
    if (!recorder.brokers.empty()) return;
    fmt::format_to(out,
                   "brokers: none gave its name, so who served whom is not known; --broker-from "
                   "says where to learn it\n");
}

void add_warm_up(Out out, const Tallies& head) {
    fmt::format_to(out, "warm-up, in no other figure: {} planned, {} sent, {} received, {} lost\n",
                   head[Count::Planned], head[Count::Sent], head[Count::Received], head.lost());
}

void add_messages(Out out, const Results& results) {
    const Recorder& recorder = results.recorder;
    const double seconds = std::max(results.measured_s, 1e-9);
    fmt::format_to(out, "messages");
    if (results.plan.publishers > 0) {
        fmt::format_to(out, ": {} planned, {} sent ({:.1f}/s)", recorder[Count::Planned],
                       recorder[Count::Sent], static_cast<double>(recorder[Count::Sent]) / seconds);
        if (recorder.unsent() > 0) fmt::format_to(out, ", {} NEVER SENT", recorder.unsent());
        if (results.plan.qos > 0) {
            fmt::format_to(out, ", {} acknowledged, {} unacknowledged, {} refused",
                           recorder[Count::Acknowledged], recorder[Count::Unacknowledged],
                           recorder[Count::AckRefused]);
        }
        fmt::format_to(out,
                       "\n  {} late, {} held by a missing connection, {} by a full window, "
                       "{} sent again",
                       recorder[Count::Late], recorder[Count::HeldByConnection],
                       recorder[Count::HeldByWindow], recorder[Count::Resent]);
    }
    if (results.plan.subscribers > 0) {
        fmt::format_to(out,
                       "\n  {} received ({:.1f}/s), {} lost ({} in flight, {} on live "
                       "connections), {} without a subscriber, {} duplicated ({} against QoS), "
                       "{} reordered, {} unexpected",
                       recorder[Count::Received],
                       static_cast<double>(recorder[Count::Received]) / seconds, recorder.lost(),
                       recorder[Count::LostInFlight], recorder[Count::LostOnLiveConnections],
                       recorder[Count::WithoutSubscriber], recorder[Count::Duplicated],
                       recorder[Count::DuplicatedAgainstQos], recorder[Count::Reordered],
                       recorder[Count::Unexpected]);
    }
    if (recorder[Count::WindowFullUs] > 0) {
        fmt::format_to(out, "\n  {:.2f} client seconds of waiting for a full window",
                       static_cast<double>(recorder[Count::WindowFullUs]) / 1e6);
    }
    if (recorder[Count::Dropped] > 0) {
        fmt::format_to(out, "\n  {} not sent: too late (--drop-late)", recorder[Count::Dropped]);
    }
    fmt::format_to(out, "\n");
}

// Whether it kept up; which of its limits it passed, where it did not.
void add_generator(Out out, const Results& results) {
    const Recorder& recorder = results.recorder;
    fmt::format_to(out, "generator: busiest thread {:.0f} % busy", recorder.busiest_share * 100);
    if (results.generator_saturated()) fmt::format_to(out, "; SATURATED: ");
    if (results.sends_too_late()) {
        fmt::format_to(out, "99 % of sends up to {} late, over --lateness-limit-ms {}; ",
                       time_text(recorder.send_lateness.percentile_us(99)),
                       results.plan.lateness_limit_ms);
    }
    if (results.thread_too_busy()) {
        fmt::format_to(out, "a thread busy for over {:.0f} % of the time; ", kBusyShareMax * 100);
    }
    if (results.generator_saturated()) {
        fmt::format_to(out, "these figures are the generator's limits, not the broker's");
    }
    fmt::format_to(out, "\n");
}

}  // namespace

std::string time_text(uint64_t value_us) {
    const auto value = static_cast<double>(value_us);
    if (value_us < 1'000) return fmt::format("{} us", value_us);
    if (value_us < 1'000'000) return fmt::format("{:.2f} ms", value / 1e3);
    return fmt::format("{:.2f} s", value / 1e6);
}

std::string result_text(const Results& results) {
    const Recorder& recorder = results.recorder;
    std::string text;
    const Out out(text);
    fmt::format_to(
        out, "\njumpload {}: {:.2f} s measured{}{}\n", results.plan.mode, results.measured_s,
        results.shards.empty() ? std::string()
                               : fmt::format(", {} results merged", results.shards.size()),
        results.interrupted ? ", interrupted: partial results" : "");
    fmt::format_to(out,
                   "clients: {} requested, {} connected, {} failed, {} reconnects, {} "
                   "connections lost; {:.2f} s to connect\n",
                   results.plan.clients, recorder[Count::Connected], recorder[Count::Failed],
                   recorder[Count::Reconnects], recorder[Count::ConnectionsLost],
                   results.connect_s);
    add_faults(out, recorder);
    if (results.plan.tls) add_handshakes(out, recorder);
    if (recorder[Count::PingsSent] > 0) {
        fmt::format_to(out, "pings: {} sent, {} answered\n", recorder[Count::PingsSent],
                       recorder[Count::PingsAnswered]);
    }
    add_behaviour(out, recorder);
    add_outages(out, results.outages);
    add_brokers(out, recorder);
    if (results.plan.mode != word(Mode::Conn)) add_messages(out, results);
    add_loop(out, results.plan);
    if (results.plan.warm_up_ns > 0) add_warm_up(out, results.warm_up);
    add_times(out, recorder);
    add_generator(out, results);
    add_own_lateness(out, results);
    add_nameless(out, results);
    for (const std::string& line : results.broken_limits()) {
        fmt::format_to(out, "FAILED: {}\n", line);
    }
    return text;
}

}  // namespace jumpgate::load
