#include "loadgen/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "core/base/time.h"
#include "loadgen/json_writer.h"
#include "mqtt/reason.h"
#include "tls/failure.h"

namespace jumpgate::load {

namespace {

// A thread that is busier than this has no head-room left to be on time.
constexpr double kBusyShareMax = 0.9;

uint64_t lost(const Recorder& recorder) {
    return recorder[Count::LostInFlight] + recorder[Count::LostOnLiveConnections];
}

template <class Visit>
void for_each_cause(Visit visit) {
    for (size_t i = 0; i < static_cast<size_t>(Cause::kCount); ++i) visit(static_cast<Cause>(i));
}

// "12.3 us", "4.56 ms", "7.89 s"
std::string time_text(uint64_t value_us) {
    const auto value = static_cast<double>(value_us);
    if (value_us < 1'000) return fmt::format("{} us", value_us);
    if (value_us < 1'000'000) return fmt::format("{:.2f} ms", value / 1e3);
    return fmt::format("{:.2f} s", value / 1e6);
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
    fmt::format_to(out, "  {:<16}{:>11}{:>11}{:>11}{:>11}{:>11}\n", "times", "p50", "p90", "p99",
                   "p99.9", "max");
    add_row(out, "latency", recorder.latency);
    add_row(out, "service time", recorder.service);
    add_row(out, "acknowledged in", recorder.acknowledgement);
    add_row(out, "send lateness", recorder.send_lateness);
    add_row(out, "connect", recorder.connect);
    add_row(out, "  TCP", recorder.tcp);
    add_row(out, "  TLS, full", recorder.tls_full);
    add_row(out, "  TLS, resumed", recorder.tls_resumed);
    add_row(out, "  CONNACK", recorder.connack);
    add_row(out, "subscribe", recorder.subscribe);
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

void add_messages(Out out, const Options& options, const Results& results) {
    const Recorder& recorder = results.recorder;
    const double seconds = std::max(results.measured_s, 1e-9);
    fmt::format_to(out, "messages");
    if (options.publishers() > 0) {
        fmt::format_to(out, ": {} planned, {} sent ({:.1f}/s)", recorder[Count::Planned],
                       recorder[Count::Sent], static_cast<double>(recorder[Count::Sent]) / seconds);
        if (options.qos > 0) {
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
    if (options.plan.subscribers > 0) {
        fmt::format_to(out,
                       "\n  {} received ({:.1f}/s), {} lost ({} in flight, {} on live "
                       "connections), {} without a subscriber, {} duplicated ({} against QoS), "
                       "{} reordered, {} unexpected",
                       recorder[Count::Received],
                       static_cast<double>(recorder[Count::Received]) / seconds, lost(recorder),
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

void add_warm_up(Out out, const Recorder& head) {
    fmt::format_to(out, "warm-up, in no other figure: {} planned, {} sent, {} received, {} lost\n",
                   head[Count::Planned], head[Count::Sent], head[Count::Received], lost(head));
}

void add_times(JsonWriter& json, std::string_view name, const Histogram& times) {
    json.open(name);
    json.field("count", times.count());
    json.field("min", times.min_us());
    json.field("mean", times.mean_us());
    json.field("p50", times.percentile_us(50));
    json.field("p90", times.percentile_us(90));
    json.field("p99", times.percentile_us(99));
    json.field("p99_9", times.percentile_us(99.9));
    json.field("max", times.max_us());
    json.close();
}

void add_clients(JsonWriter& json, const Options& options, const Recorder& recorder) {
    json.open("clients");
    json.field("requested", options.count);
    json.field("connected", recorder[Count::Connected]);
    json.field("failed", recorder[Count::Failed]);
    json.field("connections", recorder[Count::Connections]);
    json.field("connections_lost", recorder[Count::ConnectionsLost]);
    json.field("reconnects", recorder[Count::Reconnects]);
    json.close();
    json.open("setup_failures");
    for_each_cause([&](Cause cause) {
        if (recorder.setup_failures(cause) > 0) {
            json.field(word(cause), recorder.setup_failures(cause));
        }
    });
    json.close();
    json.open("connections_lost");
    for_each_cause([&](Cause cause) {
        if (recorder.connections_lost(cause) > 0) {
            json.field(word(cause), recorder.connections_lost(cause));
        }
    });
    json.close();
    json.open("connack_codes");
    for (unsigned code = 0; code < 256; ++code) {
        const uint64_t count = recorder.connack_codes(static_cast<uint8_t>(code));
        if (count > 0) json.field(fmt::format("0x{:02x}", code), count);
    }
    json.close();
    json.open("tls_alerts");
    for (unsigned alert = 0; alert < 256; ++alert) {
        const uint64_t count = recorder.alerts(static_cast<uint8_t>(alert));
        if (count == 0) continue;
        const std::string_view name = tls::alert_text(static_cast<uint8_t>(alert));
        json.field(name == "unknown_alert" ? fmt::format("{}", alert) : std::string(name), count);
    }
    json.close();
    json.open("tls");
    json.field("handshakes_full", recorder[Count::TlsFull]);
    json.field("handshakes_resumed", recorder[Count::TlsResumed]);
    json.field("sessions_offered", recorder[Count::TlsOffered]);
    json.field("TLSv1.2", recorder[Count::Tls12]);
    json.field("TLSv1.3", recorder[Count::Tls13]);
    json.close();
    json.field("takeovers", recorder[Count::Takeovers]);
    json.field("redirects", recorder[Count::Redirects]);
    json.open("pings");
    json.field("sent", recorder[Count::PingsSent]);
    json.field("answered", recorder[Count::PingsAnswered]);
    json.close();
}

void add_messages(JsonWriter& json, const Recorder& recorder) {
    json.open("messages");
    json.field("planned", recorder[Count::Planned]);
    json.field("sent", recorder[Count::Sent]);
    json.field("resent", recorder[Count::Resent]);
    json.field("acknowledged", recorder[Count::Acknowledged]);
    json.field("unacknowledged", recorder[Count::Unacknowledged]);
    json.field("refused", recorder[Count::AckRefused]);
    json.field("received", recorder[Count::Received]);
    json.field("lost", lost(recorder));
    json.field("lost_in_flight", recorder[Count::LostInFlight]);
    json.field("lost_on_live_connections", recorder[Count::LostOnLiveConnections]);
    json.field("without_subscriber", recorder[Count::WithoutSubscriber]);
    json.field("duplicated", recorder[Count::Duplicated]);
    json.field("duplicated_against_qos", recorder[Count::DuplicatedAgainstQos]);
    json.field("retained", recorder[Count::Retained]);
    json.field("reordered", recorder[Count::Reordered]);
    json.field("unexpected", recorder[Count::Unexpected]);
    json.field("late", recorder[Count::Late]);
    json.field("held_by_connection", recorder[Count::HeldByConnection]);
    json.field("held_by_window", recorder[Count::HeldByWindow]);
    json.field("dropped", recorder[Count::Dropped]);
    json.field("window_full_s", static_cast<double>(recorder[Count::WindowFullUs]) / 1e6);
    json.close();
    json.open("bytes");
    json.field("sent", recorder[Count::BytesSent]);
    json.field("received", recorder[Count::BytesReceived]);
    json.close();
}

void add_warm_up(JsonWriter& json, const Options& options, const Recorder& head) {
    json.open("warm_up");
    json.field("seconds", static_cast<double>(options.arrival.warm_up_ns) / 1e9);
    json.field("planned", head[Count::Planned]);
    json.field("sent", head[Count::Sent]);
    json.field("dropped", head[Count::Dropped]);
    json.field("received", head[Count::Received]);
    json.field("lost", lost(head));
    json.field("without_subscriber", head[Count::WithoutSubscriber]);
    json.close();
}

}  // namespace

bool Results::generator_saturated(const Options& options) const {
    return recorder.send_lateness.percentile_us(99) >
               uint64_t{options.lateness_limit_ms} * kNanosPerMilli / kNanosPerMicro ||
           recorder.busiest_share > kBusyShareMax;
}

int Results::exit_code(const Options& options) const {
    const uint64_t unexcused =
        options.reconnect ? recorder[Count::LostOnLiveConnections] : lost(recorder);
    const bool doubled = recorder[Count::DuplicatedAgainstQos] > 0;
    if (unexcused > 0 || doubled || generator_saturated(options)) return 3;
    return recorder[Count::Failed] > 0 ? 1 : 0;
}

std::string text_report(const Options& options, const Results& results) {
    const Recorder& recorder = results.recorder;
    std::string text;
    const Out out(text);
    fmt::format_to(out, "\njumpload {}: {:.2f} s measured{}\n", word(options.mode),
                   results.measured_s, results.interrupted ? ", interrupted: partial results" : "");
    fmt::format_to(out,
                   "clients: {} requested, {} connected, {} failed, {} reconnects, {} "
                   "connections lost; {:.2f} s to connect\n",
                   options.count, recorder[Count::Connected], recorder[Count::Failed],
                   recorder[Count::Reconnects], recorder[Count::ConnectionsLost],
                   results.connect_s);
    add_faults(out, recorder);
    if (options.tls.on) add_handshakes(out, recorder);
    if (recorder[Count::PingsSent] > 0) {
        fmt::format_to(out, "pings: {} sent, {} answered\n", recorder[Count::PingsSent],
                       recorder[Count::PingsAnswered]);
    }
    add_behaviour(out, recorder);
    if (options.mode != Mode::Conn) add_messages(out, options, results);
    if (options.arrival.warm_up_ns > 0) add_warm_up(out, results.warm_up);
    add_times(out, recorder);
    fmt::format_to(out, "generator: busiest thread {:.0f} % busy{}\n", recorder.busiest_share * 100,
                   results.generator_saturated(options)
                       ? "; SATURATED: these figures are the generator's limits, not the broker's"
                       : "");
    return text;
}

std::string json_report(const Options& options, const Results& results) {
    const Recorder& recorder = results.recorder;
    JsonWriter json;
    json.open();
    json.field("tool", "jumpload " JUMPGATE_VERSION);
    json.field("mode", word(options.mode));
    json.field("interrupted", results.interrupted);
    json.field("seconds", results.measured_s);
    json.field("connect_seconds", results.connect_s);
    json.open("plan");
    json.field("version", options.version);
    json.field("qos", options.qos);
    json.field("size_bytes", options.size_bytes);
    json.field("interval_ns", options.interval_ns);
    json.field("publishers", options.publishers());
    json.field("subscribers", options.plan.subscribers);
    json.field("idle", options.plan.idle);
    json.field("streams", options.plan.accounts() ? options.plan.streams() : 0);
    json.field("connrate", options.connrate);
    json.field("threads", options.threads);
    json.field("seed", options.seed);
    json.close();
    add_clients(json, options, recorder);
    json.field("reconnects", recorder[Count::Reconnects]);
    add_messages(json, recorder);
    add_warm_up(json, options, results.warm_up);
    // `jumpload sub` cannot know another process's plan.
    json.field("latency_from", options.plan.accounts() ? "planned send" : "actual send");
    add_times(json, "latency_us", recorder.latency);
    add_times(json, "service_us", recorder.service);
    add_times(json, "acknowledgement_us", recorder.acknowledgement);
    add_times(json, "send_lateness_us", recorder.send_lateness);
    add_times(json, "connect_us", recorder.connect);
    Histogram handshakes = recorder.tls_full;
    handshakes.merge(recorder.tls_resumed);
    add_times(json, "tcp_us", recorder.tcp);
    add_times(json, "tls_us", handshakes);
    add_times(json, "tls_full_us", recorder.tls_full);
    add_times(json, "tls_resumed_us", recorder.tls_resumed);
    add_times(json, "connack_us", recorder.connack);
    add_times(json, "subscribe_us", recorder.subscribe);
    json.field("busiest_thread_share", recorder.busiest_share);
    json.field("generator_saturated", results.generator_saturated(options));
    json.close();
    return json.text() + "\n";
}

std::string live_line(const Options& options, const Second& second) {
    std::string line = fmt::format("{:6.1f} s  {}/{} connected", second.elapsed_s, second.connected,
                                   options.count);
    if (options.publishers() > 0) line += fmt::format("  sent {}/s", second.sent);
    if (options.publishers() > 0 && options.qos > 0) {
        line += fmt::format("  acknowledged {}/s", second.acknowledged);
    }
    if (options.plan.subscribers > 0) {
        line += fmt::format("  received {}/s  p50 {}  p99 {}", second.received,
                            time_text(second.latency_p50_us), time_text(second.latency_p99_us));
    }
    if (second.connections_lost + second.reconnects > 0) {
        line +=
            fmt::format("  lost {}  reconnected {}", second.connections_lost, second.reconnects);
    }
    return line + "\n";
}

std::string live_json(const Second& second) {
    JsonWriter json;
    json.open();
    json.field("elapsed_s", second.elapsed_s);
    json.field("connected", second.connected);
    json.field("sent", second.sent);
    json.field("received", second.received);
    json.field("acknowledged", second.acknowledged);
    json.field("reconnects", second.reconnects);
    json.field("connections_lost", second.connections_lost);
    json.field("latency_p50_us", second.latency_p50_us);
    json.field("latency_p99_us", second.latency_p99_us);
    json.close();
    return json.text() + "\n";
}

}  // namespace jumpgate::load
