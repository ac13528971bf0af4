#include "loadgen/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <thread>

#include "core/base/host_port.h"
#include "loadgen/identity.h"
#include "loadgen/message.h"

namespace jumpgate::load {

namespace {

// What the table fills that Options does not keep.
struct Given {
    std::string hosts = "127.0.0.1";
    std::string ifaddr;
    std::string prefix;
    std::string client_id;
    std::string username;
    std::string password;
    PlanGiven plan;
    TopicGiven topics;
    MessageGiven message;
    TlsGiven tls;
    const Flag* port = nullptr;
    std::optional<Shard> shard;
    const Flag* size = nullptr;
    const Flag* inflight = nullptr;
};

constexpr uint16_t kTlsPort = 8883;  // IANA: secure-mqtt

constexpr uint32_t kClientsPerThread = 10'000;
constexpr uint64_t kIntervalMaxMs = 86'400'000;

Parsed<uint64_t> parse_interval_ns(std::string_view text) {
    const std::string copy(text);
    char* end = nullptr;
    const double interval_ms = std::strtod(copy.c_str(), &end);
    const bool plain = copy.find_first_not_of("0123456789.") == copy.npos;
    if (copy.empty() || !plain || *end != '\0') return Problem{"is not a number"};
    if (!(interval_ms >= 0.001 && interval_ms <= static_cast<double>(kIntervalMaxMs))) {
        return Problem{"is out of range"};
    }
    return static_cast<uint64_t>(std::llround(interval_ms * 1e6));
}

std::vector<std::string> split(std::string_view list) {
    std::vector<std::string> items;
    while (!list.empty()) {
        const size_t comma = std::min(list.find(','), list.size());
        items.emplace_back(list.substr(0, comma));
        list.remove_prefix(std::min(list.size(), comma + 1));
    }
    return items;
}

void add_target_flags(FlagTable& table, Options& options, Given& given) {
    table.group("Target");
    table.text("host", given.hosts, "HOST[,HOST]", "Brokers or proxies; clients take them in turn.")
        .letter = 'h';
    Flag& port = table.number("port", options.port, 1, 65'535, "", "Their port; 8883 with -S.");
    port.letter = 'p';
    given.port = &port;
    table.text("ifaddr", given.ifaddr, "IP[,IP]",
               "Source addresses, taken in turn. One address holds about 28,000 connections to one "
               "target.");
}

void add_client_flags(FlagTable& table, Options& options, Given& given) {
    table.group("Clients");
    add_plan_flags(table, options.mode, given.plan);
    table
        .number("connrate", options.connrate, 1, 1'000'000, "per second",
                "New connections over all threads.")
        .letter = 'R';
    table.number("startnumber", options.start_number, 0, 4'000'000'000, "", "The first %i.")
        .letter = 'n';
    table.text("prefix", given.prefix, "TEXT",
               "Before role and number in client ids, such as jumpload-pub7. May hold %i and %t "
               "(tenant). Default: jumpload-, or tenant%t/ with --tenants.");
    table.text("clientid", given.client_id, "TEXT",
               "The whole client id instead; %i number, %t tenant, %r role (conn, pub, sub, "
               "pubsub).");
    table.number("tenants", options.tenants, 0, 1'000'000, "",
                 "Client i belongs to tenant i mod N, which is %t; 0: no tenants.");
    table.text("username", given.username, "TEXT", "User name; %i, %t, %r as above.").letter = 'u';
    table.text("password", given.password, "TEXT", "Password; %i, %t, %r as above.").letter = 'P';
    table
        .choice<uint8_t>("version", options.version, {{"3", 3}, {"4", 4}, {"5", 5}},
                         "MQTT version: 3 is 3.1, 4 is 3.1.1.")
        .letter = 'V';
    add_broker_source_flag(table, options.broker_source);
    table.number("keepalive", options.keepalive_s, 0, 65'535, "s", "Keep alive; 0 turns it off.")
        .letter = 'k';
    table
        .choice<bool>("clean", options.clean, {{"true", true}, {"false", false}},
                      "Clean session. false: sessions are resumed after --reconnect, and what had "
                      "no answer is sent again with DUP.")
        .letter = 'C';
    table
        .number("session-expiry", options.session_expiry_s, 0, UINT32_MAX, "s",
                "MQTT 5: how long the broker keeps a session; with --clean false 3600 where not "
                "given.")
        .letter = 'x';
    add_will_flags(table, options.message.will, given.message);
}

void add_traffic_flags(FlagTable& table, Options& options, Given& given) {
    table.group("Messages");
    add_topic_flags(table, options.mode, given.topics);
    table.number("qos", options.qos, 0, 2, "", "Quality of service, of both ends.").letter = 'q';
    Flag& size =
        table.number("size", options.size_bytes, 0, 16'777'216, "bytes",
                     "Payload. The first 16 bytes carry publisher, sequence number and time.");
    size.letter = 's';
    given.size = &size;
    Flag& interval = table.value(
        "interval_of_msg", parse_interval_ns,
        [&options](uint64_t interval_ns) { options.interval_ns = interval_ns; }, "MS",
        fmt::format("0.001 to {}", kIntervalMaxMs), "Between two messages of one client.");
    interval.letter = 'I';
    interval.unit = "ms";
    interval.default_text = "1000";
    interval.family = kPaceFamily;
    table
        .number("rate", options.rate, 0, 100'000'000, "messages/s",
                "Over all publishers, instead of --interval_of_msg; 0: by that.")
        .family = kPaceFamily;
    Flag& inflight = table.number(
        "inflight", options.inflight, 1, 64, "messages",
        "QoS 1 and 2: most messages of a client without an answer. Further ones wait, and "
        "count as late.");
    inflight.letter = 'F';
    given.inflight = &inflight;
    add_message_flags(table, options.message, given.message);
}

void add_run_flags(FlagTable& table, Options& options, Given& given) {
    table.group("Run");
    table.number("duration", options.duration_s, 0, 31'536'000, "s",
                 "Measured time after all clients have tried to connect; 0: until a signal.");
    table.value(
        "shard", parse_shard, [&](Shard shard) { given.shard = std::move(shard); }, "I/N",
        "I from 0 to N - 1",
        "Play part I of N of this run; the others are other processes with the same flags. "
        "Default: "
        "what Kubernetes, Slurm or MPI say of this process (docs/scaling.md); 0/1: all of it.");
    table.number("drain-ms", options.drain_ms, 0, 3'600'000, "ms",
                 "Longest wait for what is under way after the last message.");
    table.toggle("reconnect", options.reconnect,
                 "Reconnect after a failure, with exponential back-off and jitter.");
    table.number("reconnect-min-ms", options.reconnect_min_ms, 1, 3'600'000, "ms",
                 "First back-off; each further one is twice as long.");
    table.number("reconnect-max-ms", options.reconnect_max_ms, 1, 3'600'000, "ms",
                 "Longest back-off.");
    table.number("connect-timeout-ms", options.connect_timeout_ms, 1, 3'600'000, "ms",
                 "From dial to CONNACK and SUBACK.");
    table.number("ping-timeout-ms", options.ping_timeout_ms, 1, 3'600'000, "ms",
                 "From PINGREQ to PINGRESP.");
    table.toggle("ping-all-at-end", options.ping_all_at_end,
                 "Ping every connection at the end of the run and count the answers.");
    table.number("threads", options.threads, 0, 256, "",
                 "Threads; 0: one per 10,000 clients up to the number of cores, or as many as the "
                 "descriptor limit asks for.");
    table.number("seed", options.seed, 0, UINT64_MAX, "", "Of phases and jitter.");
}

void add_report_flags(FlagTable& table, Options& options) {
    table.group("Report");
    add_result_flags(table, options.results);
    const auto listen = [](std::string_view value) -> Parsed<HostPort> {
        Parsed<HostPort> parsed = parse_host_port(value, 0);
        HostPort* address = std::get_if<HostPort>(&parsed);
        if (address == nullptr) return parsed;
        if (address->host.empty()) address->host = "127.0.0.1";
        if (std::holds_alternative<Problem>(parse_ip(address->host))) {
            return Problem{"has no IP address"};
        }
        return parsed;
    };
    table.value(
        "prometheus", listen, [&options](HostPort address) { options.prometheus = address; },
        "[IP:]PORT", "a port, or an IP address and a port",
        "While it runs, answer GET /metrics in Prometheus's format; on 127.0.0.1 where no address "
        "is given.");
    table.toggle("live-json", options.live_json,
                 "Print a JSON object each second instead of the live block or line.");
    table.toggle("quiet", options.quiet, "Show nothing while it runs.");
    table.number("lateness-limit-ms", options.lateness_limit_ms, 1, 3'600'000, "ms",
                 "The run is `generator_saturated` where the 99th percentile of send lateness "
                 "exceeds this, or a thread was busy for over 90 % of the time.");
}

using Refusal = std::optional<std::string>;

Refusal settle_addresses(Options& options, const Given& given) {
    options.hosts = split(given.hosts);
    for (const std::string& host : options.hosts) {
        if (host.empty()) return "--host: an empty name in the list; allowed: HOST[,HOST]";
        if (std::ranges::count(host, ':') == 1)
            return fmt::format("--host: {} holds a port; give it with --port", shown(host));
    }
    if (options.hosts.empty()) return "--host: is empty; allowed: HOST[,HOST]";
    for (const std::string& address : split(given.ifaddr)) {
        Parsed<std::string> parsed = parse_ip(address);
        if (std::holds_alternative<Problem>(parsed)) {
            return fmt::format("--ifaddr: {} is no IP address; allowed: IP[,IP]", shown(address));
        }
        options.source_addresses.push_back(std::get<std::string>(parsed));
    }
    return std::nullopt;
}

Refusal settle_transport(Options& options, const Given& given) {
    if (options.tls.on && !given.port->given()) options.port = kTlsPort;
    Refusal refusal = settle_tls(options.tls, given.tls);
    if (!refusal && !options.tls.verify) {
        options.notes.push_back(
            fmt::format("--no-verify: whoever answers is taken for the broker{}",
                        given.password.empty() ? "" : ", and told passwords"));
    }
    return refusal;
}

Refusal settle_names(Options& options, const Given& given) {
    const bool tenants = options.tenants > 0;
    const std::string prefix = !given.prefix.empty() ? given.prefix
                               : tenants             ? "tenant%t/"
                                                     : "jumpload-";
    const bool whole = !given.client_id.empty();
    Refusal refusal =
        settle_template(whole ? "clientid" : "prefix", whole ? given.client_id : prefix + "%r%i",
                        "itr", options.client_id);
    if (!refusal) refusal = settle_template("username", given.username, "itr", options.username);
    if (!refusal) refusal = settle_template("password", given.password, "itr", options.password);
    if (refusal) return refusal;
    if (options.count > 1 && !options.client_id.has('i')) {
        return "--clientid: must hold %i, or all clients would share one id";
    }
    const Plan& plan = options.plan;
    const uint32_t largest_role = std::max({plan.publishers, plan.subscribers, plan.idle});
    if (options.client_id.has('r') || largest_role == options.count) return std::nullopt;
    return fmt::format("--clientid: must hold %r in {}, or clients of two roles would share one id",
                       word(options.mode));
}

// What tells a broker's name is no message of the load.
Refusal settle_broker_source(const Options& options) {
    const BrokerSource& source = options.broker_source;
    if (!source.is_topic() || options.publishers() == 0) return std::nullopt;
    Identity first;
    identify_topic(options, 0, 0, first);
    if (!source.covers(first.topic)) return std::nullopt;
    return fmt::format("--broker-from: {} covers {}, a topic of the load itself",
                       shown(source.filter), shown(first.topic));
}

Refusal settle_shape(Options& options, const Given& given) {
    std::string group;
    Refusal refusal = settle_plan(options.mode, given.plan, options.plan, group);
    options.count = options.plan.clients();
    if (refusal) return refusal;
    refusal = settle_topics(options.mode, options.plan, options.tenants, group, given.topics,
                            options.topics);
    if (refusal) return refusal;
    return settle_message(options.version, options.topics.topic, given.message, options.message);
}

Refusal settle_rate(Options& options) {
    if (options.rate == 0) return std::nullopt;
    if (options.publishers() == 0)
        return "--rate: nobody publishes; allowed with all but conn and sub";
    const double interval_ns = 1e9 * options.publishers() / options.rate;
    options.interval_ns = std::max<uint64_t>(1, static_cast<uint64_t>(std::llround(interval_ns)));
    return std::nullopt;
}

// In a closed loop the interval says only how far apart the first messages are.
Refusal settle_loop(Options& options, const Given& given) {
    if (!options.behaviour.think_time_ns) return std::nullopt;
    const ArrivalOptions& arrival = options.arrival;
    const PlanFlag plan[] = {
        {"ramp", arrival.ramp_ns > 0},
        {"arrival poisson", arrival.spacing == Spacing::Poisson},
        {"drop-late", arrival.drop_late},
        {"inflight", given.inflight->given()},
    };
    options.interval_ns = std::max<uint64_t>(1, *options.behaviour.think_time_ns);
    return settle_think_time(options.behaviour, plan);
}

Refusal settle_sizes(Options& options, const Given& given) {
    if (options.reconnect_max_ms < options.reconnect_min_ms) {
        return fmt::format("--reconnect-max-ms: {} is below --reconnect-min-ms ({})",
                           options.reconnect_max_ms, options.reconnect_min_ms);
    }
    if (!options.message.payload.empty()) {
        if (given.size->given()) {
            return "--size: the payload comes from a file; leave --size away";
        }
        options.size_bytes = options.message.payload.typical_bytes();
    }
    if (options.plan.accounts() && options.size_bytes < kMessageHeaderBytes) {
        options.notes.push_back(
            fmt::format("--size {} is raised to {}: {} needs publisher, sequence number and time "
                        "in each message",
                        options.size_bytes, kMessageHeaderBytes, word(options.mode)));
        options.size_bytes = kMessageHeaderBytes;
    }
    return std::nullopt;
}

// Where publishers and subscribers of one account are in several processes, none can settle it.
bool can_be_sharded(const Options& options) {
    const bool own_ends =
        options.mode == Mode::P2p || (options.mode == Mode::Pubsub && options.plan.neighbour == 0);
    return !options.plan.accounts() || own_ends;
}

Refusal settle_shard(Options& options, const Given& given) {
    if (given.shard) {
        options.shard = *given.shard;
    } else {
        Parsed<Shard> found =
            shard_of_environment([](const char* name) -> const char* { return std::getenv(name); });
        if (Problem* problem = std::get_if<Problem>(&found)) return std::move(problem->text);
        options.shard = std::get<Shard>(std::move(found));
    }
    const Shard& shard = options.shard;
    if (shard.count > 1 && !can_be_sharded(options))
        return fmt::format(
            "--shard: {} has subscribers that hear publishers of other shards; allowed: conn, pub, "
            "sub, p2p, and pubsub without --neighbour",
            word(options.mode));
    for (uint32_t index = 0; index < options.count; ++index)
        options.clients_here += shard.has(options.plan.unit(index)) ? 1 : 0;
    if (options.clients_here == 0)
        return fmt::format(
            "--shard: {} of {} has no client of {}; give more clients or fewer shards", shard.index,
            shard.count, options.count);
    if (shard.count > 1)
        options.notes.push_back(fmt::format("shard {} of {} by {}: {} of {} clients", shard.index,
                                            shard.count, shard.from, options.clients_here,
                                            options.count));
    for (std::string* path : options.results.paths()) {
        if (const size_t at = path->find("%I"); at != path->npos) {
            path->replace(at, 2, std::to_string(shard.index));
        }
    }
    return std::nullopt;
}

Refusal settle_threads(Options& options, uint64_t descriptors_max) {
    // Each thread's ring is a descriptor of the process; so are files of results and the like.
    constexpr uint64_t kOwnDescriptors = 8;
    const uint64_t rings_max = std::max(descriptors_max, kOwnDescriptors + 1) - kOwnDescriptors;
    const auto threads_max = static_cast<uint32_t>(std::min<uint64_t>(256, rings_max));
    // Second connections of --takeover need slots of their own.
    const bool usurpers =
        options.behaviour.takeover_per_s > 0 && descriptors_max > 2 * kUsurpersMax;
    const uint64_t slots = descriptors_max - (usurpers ? kUsurpersMax : 0);
    uint32_t needed = 1;
    while (needed <= threads_max &&
           options.plan.clients_per_thread(needed * options.shard.count) > slots) {
        ++needed;
    }
    if (needed > threads_max) {
        return fmt::format(
            "--count: {} clients need more than {} threads under this descriptor limit "
            "(ulimit -n: {}); raise it, or run several processes",
            options.clients_here, threads_max, descriptors_max);
    }
    if (options.threads == 0) {
        const uint64_t cores = std::max(1U, std::thread::hardware_concurrency());
        const uint64_t wanted = (options.clients_here + kClientsPerThread - 1) / kClientsPerThread;
        options.threads =
            static_cast<uint32_t>(std::max<uint64_t>(needed, std::min(wanted, cores)));
    }
    if (options.threads < needed || options.threads > threads_max) {
        return fmt::format(
            "--threads: {} clients in {} threads do not fit under the descriptor limit of {} "
            "(ulimit -n); allowed: {} to {}",
            options.clients_here, options.threads, descriptors_max, needed, threads_max);
    }
    const uint32_t shards = options.shard.count;
    options.threads = std::min(options.threads, (options.plan.units() + shards - 1) / shards);
    return std::nullopt;
}

// All rows of options.mode, in the order of --help.
void add_flags(FlagTable& table, Options& options, Given& given) {
    add_target_flags(table, options, given);
    add_client_flags(table, options, given);
    add_tls_flags(table, options.tls, given.tls);
    if (options.mode != Mode::Conn) add_traffic_flags(table, options, given);
    add_arrival_flags(table, options.arrival,
                      options.mode != Mode::Conn && options.mode != Mode::Sub);
    add_behaviour_flags(table, options.behaviour,
                        options.mode != Mode::Conn && options.mode != Mode::Sub);
    add_run_flags(table, options, given);
    add_report_flags(table, options);
}

// Gives the scenario's values to `table`, in which they stand below those of the command line.
Refusal adopt(FlagTable& table, const Scenario& scenario, Mode mode) {
    Options unused;
    unused.mode = mode;
    Given given;
    FlagTable lower("", "", "");
    add_flags(lower, unused, given);
    for (const ScenarioFlag& value : scenario.flags) {
        Flag* row = lower.row(value.name);
        if (row == nullptr) {
            const std::optional<std::string_view> near = lower.near(value.name);
            return fmt::format("{}: {}: {} has no such flag{}", value.where, value.name, word(mode),
                               near ? fmt::format("; did you mean {}?", *near) : "");
        }
        if (std::optional<Problem> problem =
                lower.give(*row, value.values, ValueSource::File, value.where))
            return fmt::format("{}: {}: {}; allowed: {}", value.where, value.name, problem->text,
                               row->allowed.empty() ? "true, false" : row->allowed);
    }
    table.adopt(lower);
    return std::nullopt;
}

std::string usage(Mode mode) {
    static constexpr std::string_view kPurpose[] = {
        "Connects clients and holds them.",
        "Connects clients that publish.",
        "Connects clients that subscribe, and accounts for what jumpload publishes to them.",
        "Plays pairs of a publisher and a subscriber and accounts for every message.",
        "Plays subscribers that all hear all publishers, and accounts for every message.",
        "Plays many publishers for few subscribers and accounts for every message.",
        "Plays groups that share a subscription: each message is to reach one of the group.",
        "Plays clients that publish and subscribe at once, and accounts for every message.",
    };
    return fmt::format(
        "Usage: jumpload {} [FLAGS]\n{}\nExit codes: 0 all well, 1 clients could not "
        "connect, 2 wrong usage,\n3 messages lost, or doubled against QoS, or generator "
        "saturated, or --fail-if.\n",
        word(mode), kPurpose[static_cast<size_t>(mode)]);
}

}  // namespace

FlagSheet load_flags(Mode mode) {
    Options options;
    options.mode = mode;
    Given given;
    FlagTable table("", "", "");
    add_flags(table, options, given);
    return table.sheet();
}

std::variant<Options, FlagsExit> parse_options(Mode mode, std::span<const char* const> arguments,
                                               uint64_t descriptors_max, const Scenario* scenario) {
    Options options;
    options.mode = mode;
    Given given;
    FlagTable table(fmt::format("jumpload {}", word(mode)), usage(mode),
                    "jumpload " JUMPGATE_VERSION "\n");
    add_flags(table, options, given);
    if (std::optional<FlagsExit> exit = table.parse(arguments)) return *exit;

    Refusal refusal;
    if (scenario != nullptr) refusal = adopt(table, *scenario, mode);
    if (!refusal) refusal = settle_pace(table);
    if (!refusal) refusal = settle_addresses(options, given);
    if (!refusal) refusal = settle_transport(options, given);
    if (!refusal) refusal = settle_shape(options, given);
    if (!refusal) refusal = settle_names(options, given);
    if (!refusal) refusal = settle_broker_source(options);
    if (!refusal) refusal = settle_sizes(options, given);
    if (!refusal) refusal = settle_rate(options);
    if (!refusal) refusal = settle_loop(options, given);
    if (!refusal) refusal = settle_arrival(options.arrival);
    if (!refusal) refusal = settle_storm(options.behaviour, options.duration_s);
    if (!refusal) refusal = settle_shard(options, given);
    if (!refusal) refusal = settle_results(options.results);
    if (!refusal) refusal = settle_threads(options, descriptors_max);
    if (refusal) return table.refuse(*refusal);
    options.reconnect = options.reconnect || options.behaviour.come_back();
    if (options.version < 5 && options.session_expiry_s > 0)
        return table.refuse("--session-expiry: is of MQTT 5; leave it away, or give -V 5");
    if (!options.clean && options.session_expiry_s == 0) options.session_expiry_s = 3'600;
    return options;
}

}  // namespace jumpgate::load
