#include "loadgen/result_reader.h"

#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "loadgen/hdr_codec.h"
#include "loadgen/result_fields.h"
#include "tls/failure.h"

namespace jumpgate::load {

namespace {

using Json = nlohmann::json;

// One object of the document. The first problem of all objects stays.
class Object {
  public:
    Object(const Json* json, std::string path, std::optional<Problem>& problem)
        : json_(json), path_(std::move(path)), problem_(problem) {}

    const Json* find(std::string_view name) const {
        if (json_ == nullptr) return nullptr;
        const auto found = json_->find(name);
        return found == json_->end() ? nullptr : &*found;
    }
    bool has(std::string_view name) const { return find(name) != nullptr; }

    void read(std::string_view name, uint64_t& out) const {
        const Json* json = find(name);
        if (json == nullptr || !json->is_number_unsigned()) return complain(name, "a whole number");
        out = *json->get_ptr<const Json::number_unsigned_t*>();
    }
    void read(std::string_view name, double& out) const {
        const Json* json = find(name);
        if (json == nullptr || !json->is_number()) return complain(name, "a number");
        out = json->get<double>();
    }
    void read(std::string_view name, bool& out) const {
        const Json* json = find(name);
        if (json == nullptr || !json->is_boolean()) return complain(name, "true or false");
        out = *json->get_ptr<const Json::boolean_t*>();
    }
    void read(std::string_view name, std::string& out) const {
        const Json* json = find(name);
        if (json == nullptr || !json->is_string()) return complain(name, "a text");
        out = *json->get_ptr<const Json::string_t*>();
    }
    Object object(std::string_view name) const {
        const Json* json = find(name);
        if (json == nullptr || !json->is_object()) {
            complain(name, "an object");
            json = nullptr;
        }
        return Object(json, below(name), problem_);
    }
    // Calls `visit(Object)` for each object of the list.
    template <class Visit>
    void each(std::string_view name, Visit visit) const {
        const Json* json = find(name);
        if (json == nullptr || !json->is_array()) return complain(name, "a list");
        for (size_t i = 0; i < json->size(); ++i) {
            const std::string path = fmt::format("{}[{}]", below(name), i);
            if (!(*json)[i].is_object()) return refuse(path, "is no object");
            visit(Object(&(*json)[i], path, problem_));
        }
    }
    // Calls `visit(key, number)` for each member of the object.
    template <class Visit>
    void each_number(Visit visit) const {
        if (json_ == nullptr) return;
        for (const auto& [key, value] : json_->items()) {
            uint64_t number = 0;
            read(key, number);
            visit(key, number);
        }
    }
    // Calls `visit(key)` for each member of the object.
    template <class Visit>
    void each_key(Visit visit) const {
        if (json_ == nullptr) return;
        for (const auto& [key, value] : json_->items()) visit(key);
    }
    void refuse(std::string path, std::string_view why) const {
        if (!problem_) problem_ = Problem{fmt::format("{}: {}", path, why)};
    }
    std::string below(std::string_view name) const {
        return path_.empty() ? std::string(name) : fmt::format("{}.{}", path_, name);
    }

  private:
    void complain(std::string_view name, std::string_view wanted) const {
        if (json_ == nullptr) return;  // its own absence was said
        refuse(below(name), has(name) ? fmt::format("is not {}", wanted) : "is missing");
    }

    const Json* json_;
    std::string path_;
    std::optional<Problem>& problem_;
};

void read_environment(const Object& from, Environment& environment) {
    from.read("host", environment.host);
    from.read("kernel", environment.kernel);
    from.read("cpu", environment.cpu);
    from.read("cpus", environment.cpus);
    from.read("descriptors_max", environment.descriptors_max);
    from.read("start_unix_ns", environment.start_unix_ns);
}

std::optional<Shard> read_shard(const Object& from) {
    if (!from.has("shard")) return std::nullopt;  // merged, or an older jumpload's
    const Object shard = from.object("shard");
    uint64_t index = 0;
    uint64_t count = 1;
    shard.read("index", index);
    shard.read("count", count);
    if (index >= count || count > kShardsMax) shard.refuse(from.below("shard"), "is no shard");
    return Shard{static_cast<uint32_t>(index), static_cast<uint32_t>(count), {}};
}

std::optional<Cause> cause_named(std::string_view name) {
    for (size_t i = 0; i < static_cast<size_t>(Cause::kCount); ++i) {
        if (word(static_cast<Cause>(i)) == name) return static_cast<Cause>(i);
    }
    return std::nullopt;
}

// "0x87"; an alert's name, or its number where it has none.
std::optional<uint8_t> byte_named(std::string_view name, bool alert) {
    for (unsigned i = 0; i < 256; ++i) {
        const auto byte = static_cast<uint8_t>(i);
        if (alert ? name == tls::alert_text(byte) || name == fmt::format("{}", i)
                  : name == fmt::format("0x{:02x}", i)) {
            return byte;
        }
    }
    return std::nullopt;
}

void read_faults(const Object& root, Recorder& recorder) {
    const auto named = [](const Object& object, std::string_view key, auto found, auto add) {
        if (!found) return object.refuse(object.below(key), "is unknown");
        add(*found);
    };
    const Object failures = root.object("setup_failures");
    failures.each_number([&](std::string_view key, uint64_t n) {
        named(failures, key, cause_named(key), [&](Cause c) { recorder.setup_failed(c, n); });
    });
    const Object losses = root.object("connections_lost");
    losses.each_number([&](std::string_view key, uint64_t n) {
        named(losses, key, cause_named(key), [&](Cause c) { recorder.connection_lost(c, n); });
    });
    const Object codes = root.object("connack_codes");
    codes.each_number([&](std::string_view key, uint64_t n) {
        named(codes, key, byte_named(key, false),
              [&](uint8_t code) { recorder.connack_refused(code, n); });
    });
    const Object alerts = root.object("tls_alerts");
    alerts.each_number([&](std::string_view key, uint64_t n) {
        named(alerts, key, byte_named(key, true), [&](uint8_t a) { recorder.alerted(a, n); });
    });
}

void read_times(const Object& root, std::string_view name, Histogram& times) {
    std::string hdr;
    root.object("histograms").read(name, hdr);
    const Object summary = root.object(fmt::format("{}_us", name));
    Histogram::Exact exact{};
    uint64_t count = 0;
    summary.read("count", count);
    summary.read("min", exact.min_us);
    summary.read("max", exact.max_us);
    summary.read("sum", exact.sum_us);
    summary.read("above_range", exact.saturated);
    Parsed<Histogram> decoded = decode_hdr(hdr);
    if (const Problem* problem = std::get_if<Problem>(&decoded)) {
        return root.refuse(fmt::format("histograms.{}", name), problem->text);
    }
    times = std::move(std::get<Histogram>(decoded));
    if (times.count() != count || !times.restore(exact)) {
        root.refuse(fmt::format("histograms.{}", name),
                    fmt::format("does not agree with {}_us", name));
    }
}

void read_second_times(const Object& from, std::string_view name, SecondTimes& times) {
    from.read(fmt::format("{}_count", name), times.count);
    from.read(fmt::format("{}_p50_us", name), times.p50_us);
    from.read(fmt::format("{}_p99_us", name), times.p99_us);
    from.read(fmt::format("{}_max_us", name), times.max_us);
    from.read(fmt::format("{}_hdr", name), times.hdr);
    if (times.count == 0) return;
    const Parsed<Histogram> decoded = decode_hdr(times.hdr);
    const Histogram* histogram = std::get_if<Histogram>(&decoded);
    if (histogram == nullptr || histogram->count() != times.count) {
        from.refuse(from.below(fmt::format("{}_hdr", name)),
                    "is no histogram of as many values as it should have");
    }
}

Second read_second(const Object& from) {
    Second second;
    std::string stage;
    from.read("second", second.second);
    from.read("elapsed_s", second.elapsed_s);
    from.read("length_s", second.length_s);
    from.read("stage", stage);
    from.read("connected", second.connected);
    from.read("sent", second.sent);
    from.read("received", second.received);
    from.read("acknowledged", second.acknowledged);
    from.read("errors", second.errors);
    from.read("reconnects", second.reconnects);
    from.read("connections_lost", second.connections_lost);
    read_second_times(from, "latency", second.latency);
    read_second_times(from, "send_lateness", second.send_lateness);
    bool known = false;
    for (const Stage each : {Stage::Connecting, Stage::WarmUp, Stage::Measuring, Stage::Draining}) {
        if (stage != word(each)) continue;
        second.stage = each;
        known = true;
    }
    if (!known) from.refuse(from.below("stage"), "is unknown");
    return second;
}

void read_counts(const Object& root, Recorder& recorder) {
    for (const CountField& field : count_fields()) {
        uint64_t count = 0;
        (field.group.empty() ? root : root.object(field.group)).read(field.name, count);
        // Counted by their causes.
        if (field.count != Count::ConnectionsLost) recorder.add(field.count, count);
    }
    const Object brokers = root.object("brokers");
    brokers.each_key([&](std::string_view name) {
        uint64_t clients = 0;
        brokers.object(name).read("clients", clients);
        recorder.brokers[std::string(name)] += clients;
    });
    read_faults(root, recorder);
    for (const TimesField& field : times_fields()) {
        read_times(root, field.name, recorder.*field.times);
    }
    root.read("busiest_thread_share", recorder.busiest_share);
    root.read("busy_ns", recorder.busy_ns);
    root.read("wall_ns", recorder.wall_ns);
}

void read_warm_up(const Object& from, Tallies& head) {
    constexpr std::pair<std::string_view, Count> kFields[] = {
        {"planned", Count::Planned},
        {"sent", Count::Sent},
        {"dropped", Count::Dropped},
        {"received", Count::Received},
        {"lost", Count::LostInFlight},  // nobody asks how
        {"without_subscriber", Count::WithoutSubscriber},
    };
    for (const auto& [name, counter] : kFields) {
        uint64_t count = 0;
        from.read(name, count);
        head.add(counter, count);
    }
}

void read_lists(const Object& root, Results& results) {
    root.each("seconds_series",
              [&](const Object& each) { results.seconds.push_back(read_second(each)); });
    if (root.has("shards")) {
        root.each("shards", [&](const Object& each) {
            MergedRun& shard = results.shards.emplace_back();
            each.read("command", shard.command);
            read_environment(each.object("environment"), shard.environment);
            shard.shard = read_shard(each);
        });
    }
    if (!root.has("thresholds")) return;
    root.each("thresholds", [&](const Object& each) {
        std::string text;
        each.read("expression", text);
        Parsed<FailIf> limit = parse_fail_if(text);
        if (const Problem* problem = std::get_if<Problem>(&limit)) {
            return each.refuse(each.below("expression"), problem->text);
        }
        results.fail_if.push_back(std::move(std::get<FailIf>(limit)));
    });
}

}  // namespace

Parsed<Results> read_result(std::string_view text) {
    const Json json = Json::parse(text, nullptr, false);
    if (!json.is_object()) return Problem{"is no JSON object"};
    std::optional<Problem> problem;
    const Object root(&json, "", problem);
    uint64_t version = 0;
    root.read("schema_version", version);
    if (problem) return Problem{"is no result of jumpload (schema_version is missing)"};
    if (version != kSchemaVersion || !root.has("seconds_series")) {
        return Problem{version == kSchemaVersion
                           ? "is no result of one run (seconds_series is missing)"
                           : fmt::format("is of schema version {}; this jumpload reads {}", version,
                                         kSchemaVersion)};
    }
    Results results;
    root.read("tool", results.tool);
    root.read("command", results.command);
    root.read("mode", results.plan.mode);
    root.read("interrupted", results.interrupted);
    root.read("seconds", results.measured_s);
    root.read("connect_seconds", results.connect_s);
    const Object outages = root.object("outages");
    outages.read("count", results.outages.count);
    outages.read("longest_ms", results.outages.longest_ms);
    outages.read("most_away", results.outages.most_away);
    outages.read("ended", results.outages.ended);
    read_environment(root.object("environment"), results.environment);
    const Object plan = root.object("plan");
    for_each_plan_field(
        [&](std::string_view name, auto field, Merging) { plan.read(name, results.plan.*field); });
    results.plan.shard = read_shard(root);
    read_counts(root, results.recorder);
    read_warm_up(root.object("warm_up"), results.warm_up);
    read_lists(root, results);
    if (problem) return *problem;
    return results;
}

}  // namespace jumpgate::load
