#include "loadgen/result_json.h"

#include <fmt/format.h>

#include "loadgen/hdr_codec.h"
#include "loadgen/json_writer.h"
#include "loadgen/result_fields.h"
#include "tls/failure.h"

namespace jumpgate::load {

namespace {

void add_environment(JsonWriter& json, const Environment& environment) {
    json.open("environment");
    json.field("host", environment.host);
    json.field("kernel", environment.kernel);
    json.field("cpu", environment.cpu);
    json.field("cpus", environment.cpus);
    json.field("descriptors_max", environment.descriptors_max);
    json.field("start_utc", utc_text(environment.start_unix_ns));
    json.field("start_unix_ns", environment.start_unix_ns);
    json.field("clock", "CLOCK_MONOTONIC");
    json.close();
}

void add_shard(JsonWriter& json, const std::optional<Shard>& shard) {
    if (!shard) return;
    json.open("shard");
    json.field("index", uint64_t{shard->index});
    json.field("count", uint64_t{shard->count});
    json.close();
}

void add_plan(JsonWriter& json, const RunPlan& plan) {
    json.open("plan");
    for_each_plan_field(
        [&](std::string_view name, auto field, Merging) { json.field(name, plan.*field); });
    json.close();
}

// Groups of counters, with what is beside them in the same object.
void add_counts(JsonWriter& json, const Results& results, std::string_view group) {
    json.open(group);
    if (group == "clients") json.field("requested", results.plan.clients);
    if (group == "messages") {
        json.field("lost", results.recorder.lost());
        json.field("unsent", results.recorder.unsent());
        json.field("window_full_s",
                   static_cast<double>(results.recorder[Count::WindowFullUs]) / 1e6);
    }
    for (const CountField& field : count_fields()) {
        if (field.group == group) json.field(field.name, results.recorder[field.count]);
    }
    json.close();
}

void add_warm_up(JsonWriter& json, const Results& results) {
    const Tallies& head = results.warm_up;
    json.open("warm_up");
    json.field("seconds", static_cast<double>(results.plan.warm_up_ns) / 1e9);
    json.field("planned", head[Count::Planned]);
    json.field("sent", head[Count::Sent]);
    json.field("dropped", head[Count::Dropped]);
    json.field("received", head[Count::Received]);
    json.field("lost", head.lost());
    json.field("without_subscriber", head[Count::WithoutSubscriber]);
    json.close();
}

void add_faults(JsonWriter& json, const Recorder& recorder) {
    const auto by_cause = [&](std::string_view name, uint64_t (Tallies::*count)(Cause) const) {
        json.open(name);
        for (size_t i = 0; i < static_cast<size_t>(Cause::kCount); ++i) {
            const auto cause = static_cast<Cause>(i);
            if ((recorder.*count)(cause) > 0) json.field(word(cause), (recorder.*count)(cause));
        }
        json.close();
    };
    by_cause("setup_failures", &Tallies::setup_failures);
    by_cause("connections_lost", &Tallies::connections_lost);
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
}

void add_times(JsonWriter& json, std::string_view name, const Histogram& times) {
    json.open(fmt::format("{}_us", name));
    json.field("count", times.count());
    json.field("min", times.min_us());
    json.field("mean", times.mean_us());
    json.field("p50", times.percentile_us(50));
    json.field("p90", times.percentile_us(90));
    json.field("p99", times.percentile_us(99));
    json.field("p99_9", times.percentile_us(99.9));
    json.field("p99_99", times.percentile_us(99.99));
    json.field("max", times.max_us());
    json.field("sum", times.exact().sum_us);
    json.field("above_range", times.saturated());
    json.close();
}

void add_all_times(JsonWriter& json, const Recorder& recorder) {
    for (const TimesField& field : times_fields())
        add_times(json, field.name, recorder.*field.times);
    Histogram handshakes = recorder.tls_full;
    handshakes.merge(recorder.tls_resumed);
    add_times(json, "tls", handshakes);
    json.open("histograms");
    for (const TimesField& field : times_fields()) {
        json.field(field.name, encode_hdr(recorder.*field.times));
    }
    json.close();
}

void add_second_times(JsonWriter& json, std::string_view name, const SecondTimes& times) {
    json.field(fmt::format("{}_count", name), times.count);
    json.field(fmt::format("{}_p50_us", name), times.p50_us);
    json.field(fmt::format("{}_p99_us", name), times.p99_us);
    json.field(fmt::format("{}_max_us", name), times.max_us);
    json.field(fmt::format("{}_hdr", name), times.hdr);
}

void add_second(JsonWriter& json, const Second& second) {
    json.open();
    json.field("second", second.second);
    json.field("elapsed_s", second.elapsed_s);
    json.field("length_s", second.length_s);
    json.field("stage", word(second.stage));
    json.field("connected", second.connected);
    json.field("sent", second.sent);
    json.field("received", second.received);
    json.field("acknowledged", second.acknowledged);
    json.field("errors", second.errors);
    json.field("reconnects", second.reconnects);
    json.field("connections_lost", second.connections_lost);
    add_second_times(json, "latency", second.latency);
    add_second_times(json, "send_lateness", second.send_lateness);
    json.close();
}

void add_thresholds(JsonWriter& json, const Results& results) {
    json.open_list("thresholds");
    for (const FailIf& limit : results.fail_if) {
        const FailIfVerdict verdict = judge(limit, results.recorder, results.plan.clients);
        json.open();
        json.field("expression", limit.text);
        json.field("value", verdict.value);
        json.field("limit", limit.limit);
        json.field("measured", verdict.measured);
        json.field("failed", verdict.failed);
        json.close();
    }
    json.close_list();
}

void add_shards(JsonWriter& json, const std::vector<MergedRun>& shards) {
    json.open_list("shards");
    for (const MergedRun& shard : shards) {
        json.open();
        json.field("command", shard.command);
        add_environment(json, shard.environment);
        add_shard(json, shard.shard);
        json.close();
    }
    json.close_list();
}

}  // namespace

std::string result_json(const Results& results) {
    const Recorder& recorder = results.recorder;
    JsonWriter json;
    json.open();
    json.field("schema_version", kSchemaVersion);
    json.field("tool", results.tool);
    json.field("command", results.command);
    json.field("mode", results.plan.mode);
    json.field("interrupted", results.interrupted);
    json.field("exit_code", results.exit_code());
    json.field("seconds", results.measured_s);
    json.field("connect_seconds", results.connect_s);
    json.open("outages");
    json.field("count", results.outages.count);
    json.field("longest_ms", results.outages.longest_ms);
    json.field("most_away", results.outages.most_away);
    json.field("ended", results.outages.ended);
    json.close();
    add_environment(json, results.environment);
    add_plan(json, results.plan);
    if (results.shards.empty()) add_shard(json, results.plan.shard);
    add_counts(json, results, "clients");
    add_faults(json, recorder);
    add_counts(json, results, "tls");
    add_counts(json, results, "placement");
    json.open("brokers");
    for (const auto& [name, clients] : recorder.brokers) {
        json.open(name);
        json.field("clients", clients);
        json.close();
    }
    json.close();
    add_counts(json, results, "pings");
    json.field("reconnects", recorder[Count::Reconnects]);
    for (const CountField& field : count_fields()) {
        if (field.group.empty()) json.field(field.name, recorder[field.count]);
    }
    add_counts(json, results, "messages");
    add_counts(json, results, "bytes");
    add_warm_up(json, results);
    json.field("latency_from", results.latency_from());
    add_all_times(json, recorder);
    json.field("busiest_thread_share", recorder.busiest_share);
    json.field("busy_ns", recorder.busy_ns);
    json.field("wall_ns", recorder.wall_ns);
    json.field("generator_saturated", results.generator_saturated());
    add_thresholds(json, results);
    if (!results.shards.empty()) add_shards(json, results.shards);
    json.open_list("seconds_series");
    for (const Second& second : results.seconds) add_second(json, second);
    json.close_list();
    json.close();
    return json.text() + "\n";
}

}  // namespace jumpgate::load
