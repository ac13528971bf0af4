// Control: what the control plane may ask of the data plane. Server implements it.
//
// Law: every function may be called from any thread but a worker's or the control thread's own, and
// returns in bounded time (kAnswerTimeoutMs, where workers are asked).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/parsed.h"
#include "core/config/objects.h"
#include "core/proxy/stats.h"

namespace jumpgate {

inline constexpr uint32_t kAnswerTimeoutMs = 2'000;

// What health checks, dials and the operator make of a broker.
enum class BrokerCondition : uint8_t {
    Unchecked,  // nobody has asked yet, or there is no check: used
    Up,
    Starting,  // back a moment ago: slow start raises its weight
    Down,      // TCP or TLS fails
    NotReady,  // TCP stands, MQTT or HTTP does not answer as it should
    Busy,      // it answers that it wants no more (0x89, 0x97, 429)
    Drained,   // weight 0
};
std::string_view text(BrokerCondition condition);
// New clients are sent there.
constexpr bool is_used(BrokerCondition condition) {
    return condition == BrokerCondition::Unchecked || condition == BrokerCondition::Up ||
           condition == BrokerCondition::Starting;
}

// One node of an upstream.
struct BrokerState {
    std::string upstream;  // id
    std::string name;      // "host:port"
    std::vector<std::string> addresses;
    uint32_t weight = 0;          // configured
    double effective_weight = 0;  // what it is worth now
    int32_t priority = 0;
    bool listed = true;   // false: gone from the configuration, clients remain
    bool routed = false;  // some stream route leads to its upstream
    BrokerCondition condition = BrokerCondition::Unchecked;
    std::string why;      // of a condition that is not good: "Connection refused"
    uint64_t checks = 0;  // active checks done
    uint64_t checks_failed = 0;
    std::optional<uint64_t> last_check_ms_ago;
    NodeStats stats;  // over all workers
};

struct RouteState {
    std::string id;
    uint64_t connections = 0;        // relayed now
    uint64_t connections_total = 0;  // relayed ever
};

// A certificate that this proxy shows.
struct CertificateState {
    std::string label;        // its file, or the object it stands in
    int64_t not_after_s = 0;  // Unix time
};

struct WorkerState {
    uint64_t busy_ns = 0;   // of its thread's life, CLOCK_THREAD_CPUTIME_ID
    double busy_share = 0;  // of late (busy_share.h): 0 idle, 1 full
    uint64_t cq_overflows = 0;
};

// One reading of the whole process.
struct Watch {
    Stats stats;  // summed over workers
    std::vector<WorkerState> workers;
    std::vector<BrokerState> brokers;
    std::vector<RouteState> routes;
    std::vector<CertificateState> certificates;
    std::vector<std::string> listeners;  // in the order of `stats.listeners`
    uint64_t connections_max = 0;
    uint64_t config_version = 0;     // 1 at start, then one more each time it is built
    uint64_t config_changed_s = 0;   // Unix time
    uint64_t route_tables = 0;       // in memory: 1, and older ones that setups still read
    uint64_t route_fingerprint = 0;  // equal where two proxies route alike
    uint64_t started_s = 0;          // Unix time
    std::string_view tls_version;    // of wolfSSL: "5.7.2"
    bool tls_assembly = false;
    bool has_routes = false;         // else every client is refused
    bool draining = false;
    bool complete = true;  // false: a worker did not answer in time
};

// Which broker a client would get now, and why.
struct RouteAnswer {
    std::string route;  // id; empty: none matches
    std::string why;    // the rule's conditions, and how sure `broker` is; or what is missing
    std::string upstream;
    std::string balance;  // "chash", ...
    std::string key;      // what was hashed
    uint64_t hash = 0;
    uint32_t attempts = 0;  // draws until a node took it
    std::string step;       // "jump", "rendezvous", "bounded", "roundrobin", "least_conn"
    std::string broker;     // empty: none is up
};

struct FoundConnection {
    std::string client_id;
    std::string peer;
    std::string route;
    std::string upstream;
    std::string broker;
    uint64_t bytes_up = 0;
    uint64_t bytes_down = 0;
    uint64_t age_s = 0;
    uint32_t worker = 0;
    bool tls = false;
};

struct Applied {
    uint64_t version = 0;
    double moved_share = 0;      // of clients that another broker serves from now on, 0 to 1
    std::string moved_by_route;  // moved_share.h
    std::string hint;            // how fewer could have moved; may be empty
    bool changed = false;        // routing is another than before
    bool complete = true;        // false: a worker did not answer in time, and will adopt it later
};

// Certificates and keys that objects and flags name.
enum class ReadFiles : uint8_t { Again, WhereChanged };

class Control {
  public:
    // Makes `objects` what new clients are served by, or says why not and changes nothing. Clients
    // that are connected stay. Returns when every worker routes by it, or has had
    // kAnswerTimeoutMs for it.
    virtual Parsed<Applied> apply(const Objects& objects, ReadFiles files) = 0;
    // The dry run of apply().
    virtual std::optional<Problem> check(const Objects& objects, ReadFiles files) = 0;
    virtual Watch watch() = 0;
    virtual RouteAnswer explain(const RouteQuery& query) = 0;
    // Clients whose id begins as `client_id` does, as far as it is kept (42 bytes); `max` of them.
    virtual std::vector<FoundConnection> find(std::string_view client_id, size_t max) = 0;
    // Closes the clients of a drained node (weight 0 or no longer listed), `per_second` of them,
    // until none is left. The number there are now. A second call sets another rate; 0 stops it.
    virtual Parsed<uint64_t> evict(std::string_view upstream, std::string_view node,
                                   uint32_t per_second) = 0;
    // As the first SIGTERM does; it counts as none.
    virtual void drain() = 0;

  protected:
    ~Control() = default;
};

}  // namespace jumpgate
