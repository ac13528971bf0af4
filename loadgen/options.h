// Options: the command line of `jumpload conn`, `pub`, `fanout` and so on as one immutable struct.
//
// Law: checked whole before anything starts; a mistake is one line and exit code 2. The letters are
// emqtt-bench's, in its meaning.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/flags.h"
#include "core/base/host_port.h"
#include "loadgen/arrival_options.h"
#include "loadgen/behaviour_options.h"
#include "loadgen/broker_source.h"
#include "loadgen/message_options.h"
#include "loadgen/plan_options.h"
#include "loadgen/result_options.h"
#include "loadgen/scenario.h"
#include "loadgen/shard.h"
#include "loadgen/template.h"
#include "loadgen/tls_options.h"
#include "loadgen/topic_options.h"

namespace jumpgate::load {

struct Options {
    Mode mode = Mode::Conn;

    std::vector<std::string> hosts;  // names or IP literals; client i goes to host i mod size
    uint16_t port = 1883;            // 8883 with TLS, unless given
    std::vector<std::string> source_addresses;  // IP literals, dealt in turn

    Plan plan;
    uint32_t count = 200;  // of all clients, over all shards
    Shard shard;
    uint32_t clients_here = 0;  // of `count`, those that this shard plays
    uint32_t connrate = 1'000;  // per second, over all threads
    uint64_t start_number = 0;
    uint32_t tenants = 0;
    Template client_id;  // tells the roles of a plan apart by %r
    Template username;
    Template password;
    uint8_t version = 5;  // 3, 4, 5
    uint16_t keepalive_s = 300;
    bool clean = true;
    uint32_t session_expiry_s = 0;

    TlsOptions tls;
    ArrivalOptions arrival;
    BehaviourOptions behaviour;
    BrokerSource broker_source;

    TopicOptions topics;
    MessageOptions message;
    uint8_t qos = 0;
    uint32_t size_bytes = 256;
    uint64_t interval_ns = 1'000'000'000;
    uint32_t rate = 0;  // messages per second over all publishers; 0: interval_ns says it
    uint32_t inflight = 32;

    uint32_t threads = 0;     // 0 until parse_options() has chosen
    uint64_t duration_s = 0;  // 0: until a signal
    uint64_t drain_ms = 3'000;
    bool reconnect = false;
    uint32_t reconnect_min_ms = 200;
    uint32_t reconnect_max_ms = 5'000;
    uint32_t connect_timeout_ms = 10'000;
    uint32_t ping_timeout_ms = 10'000;
    uint32_t lateness_limit_ms = 50;
    bool ping_all_at_end = false;
    uint64_t seed = 1;

    std::string command;  // as it was given; for the results
    ResultOptions results;
    std::optional<HostPort> prometheus;  // where to listen
    bool live_json = false;
    bool quiet = false;

    std::vector<std::string> notes;  // what was changed on the user's behalf, one line each

    uint32_t publishers() const { return plan.publishers; }
};

// `arguments` are those behind the mode. `descriptors_max` is RLIMIT_NOFILE: the most sockets that
// one thread's ring can hold. `scenario`, if any, says what the arguments do not.
std::variant<Options, FlagsExit> parse_options(Mode mode, std::span<const char* const> arguments,
                                               uint64_t descriptors_max,
                                               const Scenario* scenario = nullptr);

// The flags of that mode.
FlagSheet load_flags(Mode mode);

}  // namespace jumpgate::load
