#include "loadgen/scenario.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/base/flags.h"

namespace jumpgate::load {

namespace {

// ---- Names of the Open MQTT Benchmark Suite ----------------------------------------------------

// "50K", "1M", "250": a whole number, at least 1.
std::optional<uint64_t> parse_amount(std::string_view text) {
    uint64_t unit = 1;
    if (text.ends_with('K')) unit = 1'000;
    if (text.ends_with('M')) unit = 1'000'000;
    if (unit > 1) text.remove_suffix(1);
    const Parsed<uint64_t> number = parse_number(text, 1, 1'000'000'000);
    if (!std::holds_alternative<uint64_t>(number)) return std::nullopt;
    return std::get<uint64_t>(number) * unit;
}

std::vector<std::string_view> split_name(std::string_view name) {
    std::vector<std::string_view> parts;
    for (size_t begin = 0; begin <= name.size();) {
        const size_t end = std::min(name.find('-', begin), name.size());
        parts.push_back(name.substr(begin, end - begin));
        begin = end + 1;
    }
    return parts;
}

class Writer {
  public:
    Writer(std::string_view name, std::string_view mode, std::string about)
        : scenario_{std::string(name), std::move(about), std::string(mode), {}} {}

    Writer& set(std::string_view flag, std::string value) {
        scenario_.flags.push_back({std::string(flag), {std::move(value)}, scenario_.name});
        return *this;
    }
    Writer& set(std::string_view flag, uint64_t value) { return set(flag, std::to_string(value)); }
    Scenario done() { return std::move(scenario_); }

  private:
    Scenario scenario_;
};

// What all of the suite have in common: 16 bytes, QoS 1 on both sides, half an hour.
Writer suite_writer(std::string_view name, std::string_view mode, std::string about) {
    Writer writer(name, mode, std::move(about));
    writer.set("qos", 1).set("size", 16).set("keepalive", 300).set("duration", 1'800);
    return writer;
}

std::optional<Scenario> conn_scenario(std::string_view name,
                                      const std::vector<std::string_view>& parts) {
    if (parts.size() != 4 || (parts[1] != "tcp" && parts[1] != "tls")) return std::nullopt;
    const auto clients = parse_amount(parts[2]);
    const auto rate = parse_amount(parts[3]);
    if (!clients || !rate) return std::nullopt;
    Writer writer(name, "conn",
                  fmt::format("{} clients connect at {} per second and stay for half an hour.",
                              *clients, *rate));
    writer.set("count", *clients).set("connrate", *rate).set("version", 4);
    writer.set("keepalive", 300).set("duration", 1'800);
    if (parts[1] == "tls") writer.set("ssl", "true");
    return writer.done();
}

std::optional<Scenario> message_scenario(std::string_view name,
                                         const std::vector<std::string_view>& parts) {
    if (parts.size() != 5) return std::nullopt;
    const auto publishers = parse_amount(parts[1]);
    const auto subscribers = parse_amount(parts[2]);
    const auto in = parse_amount(parts[3]);
    const auto out = parse_amount(parts[4]);
    if (!publishers || !subscribers || !in || !out) return std::nullopt;
    if (parts[0] == "p2p") {
        if (*publishers != *subscribers || *in != *out) return std::nullopt;
        return suite_writer(
                   name, "p2p",
                   fmt::format("{} pairs, {} messages per second in all.", *publishers, *in))
            .set("count", 2 * *publishers)
            .set("rate", *in)
            .set("version", 4)
            .done();
    }
    if (parts[0] == "fanout") {  // the suite's third number is at times that of the publishers
        return suite_writer(name, "fanout",
                            fmt::format("{} publishers to {} subscribers each, {} deliveries per "
                                        "second in all.",
                                        *publishers, *subscribers, *out))
            .set("publishers", *publishers)
            .set("subscribers", *subscribers)
            .set("rate", std::max<uint64_t>(1, *out / *subscribers))
            .set("version", 4)
            .done();
    }
    if (parts[0] == "sharedsub" || parts[0] == "sharesub") {
        return suite_writer(name, "sharedsub",
                            fmt::format("{} publishers, {} subscribers share them, {} messages per "
                                        "second in all.",
                                        *publishers, *subscribers, *in))
            .set("publishers", *publishers)
            .set("subscribers", *subscribers)
            .set("rate", *in)
            .set("version", 5)
            .done();
    }
    return std::nullopt;
}

// ---- Presets of other sources, and ours
// ----------------------------------------------------------

std::vector<Scenario> own_scenarios() {
    std::vector<Scenario> all;
    const auto add = [&](Writer& writer) { all.push_back(writer.done()); };
    constexpr std::array<uint64_t, 3> kEmqxRates = {30'000, 20'000, 10'000};  // half of the TPS
    for (uint64_t qos = 0; qos < kEmqxRates.size(); ++qos) {
        add(Writer(fmt::format("emqx-p2p-qos{}", qos), "p2p",
                   "EMQX's reference for 4 vCPU: 1,000 pairs, 128 bytes; lower --rate for less.")
                .set("count", 2'000)
                .set("rate", kEmqxRates[qos])
                .set("qos", qos)
                .set("size", 128)
                .set("duration", 300));
    }
    add(Writer("emqx-fanin", "sharedsub",
               "EMQX's reference for 4 vCPU: 2,000 publishers, 100 subscribers share them (in one "
               "group; EMQX has 20 groups of 5), 15,000 messages per second.")
            .set("publishers", 2'000)
            .set("subscribers", 100)
            .set("rate", 15'000)
            .set("qos", 1)
            .set("size", 128)
            .set("duration", 300));
    add(Writer(
            "emqx-fanout", "fanout",
            "EMQX's reference for 4 vCPU, one of its ten topics: 1 publisher to 200 subscribers, "
            "25 messages per second.")
            .set("publishers", 1)
            .set("subscribers", 200)
            .set("rate", 25)
            .set("qos", 1)
            .set("size", 128)
            .set("duration", 300));
    add(Writer("reconnect-storm", "p2p",
               "500 pairs; every 20 s all connections drop at once and come back with back-off.")
            .set("count", 1'000)
            .set("rate", 500)
            .set("qos", 1)
            .set("storm", "at=10s,drop=100%,every=20s")
            .set("duration", 60));
    add(Writer("churn", "p2p", "500 pairs; each second 20 % of the clients leave and come back.")
            .set("count", 1'000)
            .set("rate", 500)
            .set("qos", 1)
            .set("churn", "20%/s")
            .set("duration", 60));
    add(Writer("persistent-session", "p2p",
               "500 pairs that keep their sessions: half of the clients drop every 20 s, and what "
               "was sent meanwhile must come when they are back.")
            .set("count", 1'000)
            .set("rate", 500)
            .set("qos", 1)
            .set("clean", "false")
            .set("storm", "at=10s,drop=50%,every=20s")
            .set("duration", 60));
    return all;
}

// For fleets behind a front door. --broker-from says how a client learns who serves it.
std::vector<Scenario> fleet_scenarios() {
    std::vector<Scenario> all;
    const auto add = [&](Writer& writer) { all.push_back(writer.done()); };
    add(Writer("fleet-spread", "conn",
               "5,000 clients: how many each broker got, and the fullest against the mean.")
            .set("count", 5'000)
            .set("version", 5)
            .set("duration", 5));
    add(Writer("fleet-sticky", "conn",
               "2,000 clients that reconnect three times: each must find its broker again.")
            .set("count", 2'000)
            .set("version", 5)
            .set("storm", "at=2s,drop=100%,every=8s")
            .set("fail-if", "moved>0")
            .set("duration", 24));
    add(Writer("fleet-scale-out", "conn",
               "2,000 clients; add a broker within 10 s: then all reconnect. The ideal share that "
               "moves from N to N+1 brokers is 1/(N+1).")
            .set("count", 2'000)
            .set("version", 5)
            .set("storm", "at=10s,drop=100%")
            .set("duration", 20));
    add(Writer("fleet-failover", "pubsub",
               "1,000 clients that hear themselves, so no bridge is needed; kill one of N brokers "
               "after 10 s: how many clients moved, how long until 99 % were back, what was lost.")
            .set("count", 1'000)
            .set("rate", 1'000)
            .set("qos", 1)
            .set("version", 5)
            .set("reconnect", "true")
            .set("duration", 40));
    add(Writer("fleet-overhead", "compare",
               "Direct against proxied at equal load: give --target direct=HOST:PORT --target "
               "proxied=HOST:PORT.")
            .set("count", 200)
            .set("rate", 2'000)
            .set("duration", 10));
    return all;
}

}  // namespace

std::vector<Scenario> preset_scenarios() {
    std::vector<Scenario> all;
    for (const char* name : {"conn-tcp-10K-100", "conn-tcp-1M-5K", "fanout-1-1K-1-1K",
                             "fanout-5-1000-5-250K", "p2p-1K-1K-1K-1K", "p2p-50K-50K-50K-50K",
                             "sharedsub-1K-5-1K-1K", "sharedsub-50K-500-50K-50K"})
        all.push_back(*named_scenario(name));
    for (const auto& more : {own_scenarios(), fleet_scenarios()})
        all.insert(all.end(), more.begin(), more.end());
    return all;
}

std::optional<Scenario> named_scenario(std::string_view name) {
    const std::vector<std::string_view> parts = split_name(name);
    if (parts[0] == "conn") {
        if (auto scenario = conn_scenario(name, parts)) return scenario;
    }
    if (auto scenario = message_scenario(name, parts)) return scenario;
    for (const auto& all : {own_scenarios(), fleet_scenarios()}) {
        const auto found = std::ranges::find(all, name, &Scenario::name);
        if (found != all.end()) return *found;
    }
    return std::nullopt;
}

Parsed<Scenario> find_scenario(const std::string& name_or_path) {
    const bool is_path = name_or_path.ends_with(".yaml") || name_or_path.ends_with(".yml") ||
                         name_or_path.find('/') != std::string::npos;
    if (is_path) return read_scenario(name_or_path);
    if (auto scenario = named_scenario(name_or_path)) return std::move(*scenario);
    return Problem{fmt::format(
        "{} is no scenario; allowed: a name that --list-scenarios shows, one of their grammar such "
        "as p2p-200-200-5K-5K, or FILE.yaml",
        shown(name_or_path))};
}

}  // namespace jumpgate::load
