// Stats: one worker's counters, plain integers that only the worker touches; read by message.
//
// Law: counters only grow; gauges say so. Names are those of the statistics line
// (docs/architecture).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time_buckets.h"
#include "core/proxy/connack.h"
#include "core/proxy/refusal.h"
#include "core/proxy/relay_end.h"
#include "tls/failure.h"

namespace jumpgate {

struct NodeStats {
    uint64_t relays = 0;         // gauge: clients on this broker now
    uint64_t dials = 0;          // attempts
    uint64_t dial_failures = 0;  // refused, unreachable, timed out
    bool down = false;           // gauge: marked down by failed dials
    uint64_t relays_total = 0;   // clients it ever got
    uint64_t bytes_up = 0;       // of relays that ended
    uint64_t bytes_down = 0;
    std::array<uint64_t, kConnacks> connacks{};  // what it told MQTT clients
};

// What came in through one address, by its place in the configuration.
struct ListenerStats {
    uint64_t accepted = 0;
    uint64_t connections = 0;                   // gauge: being set up, or relayed
    std::array<uint64_t, kRelayEnds> closed{};  // relays that ended, by why
};

// Handshakes with clients, or with brokers.
struct HandshakeStats {
    using ByVersion = std::array<uint64_t, 2>;  // kTlsVersions

    ByVersion full{};
    ByVersion resumed{};                            // with an earlier session
    std::array<uint64_t, tls::kFailures> failed{};  // by cause
    TimeBuckets times;  // of those done: ClientHello to the peer being verified

    // `version`: of kTlsVersions.
    void done(std::string_view version, bool with_session, uint64_t took_us);
    uint64_t resumed_total() const { return resumed[0] + resumed[1]; }
    uint64_t done_total() const { return full[0] + full[1] + resumed_total(); }
    void add(const HandshakeStats& other);
};
inline constexpr std::array<std::string_view, 2> kTlsVersions = {"TLSv1.2", "TLSv1.3"};

struct RouteStats {
    uint64_t connections = 0;  // gauge: relayed now
    uint64_t connections_total = 0;
};

// The versions of MQTT, by index.
inline constexpr std::array<std::string_view, 3> kMqttVersions = {"3.1", "3.1.1", "5.0"};
// "3.1.1" for protocol level 4; empty for one that is no MQTT.
std::string_view mqtt_version(uint8_t level);

// What all relays move one way. Live: a client may stay for months.
struct DirectionStats {
    uint64_t bytes = 0;  // received, splice included
    uint64_t bytes_spliced = 0;
    uint64_t splice_promotions = 0;
    uint64_t splice_demotions = 0;
    uint64_t splice_fallbacks = 0;  // wanted, but no pipe or no descriptor: copied on
};

struct Stats {
    uint64_t setups = 0;  // gauge: connections before their relay
    uint64_t relays = 0;  // gauge
    std::array<uint64_t, kRefusals> refused{};

    HandshakeStats client_handshakes;
    HandshakeStats broker_handshakes;
    uint64_t handshakes_held_back = 0;  // steps that waited a turn for --tls-handshakes-max

    uint64_t accept_pauses = 0;       // multishot accepts that ended: descriptor table full
    uint64_t buffer_exhaustions = 0;  // receives that found no buffer (-ENOBUFS)
    uint64_t spills = 0;              // stuck sends moved out of the shared buffers
    uint64_t cq_overflows = 0;
    uint64_t stray_errors = 0;
    uint64_t enters = 0;
    uint64_t log_lines_dropped = 0;

    DirectionStats up;  // client to broker
    DirectionStats down;
    uint64_t half_close_timeouts = 0;
    uint64_t tls_truncations = 0;  // streams that ended without close_notify
    uint64_t tls_errors = 0;       // relays ended by a bad record or an alert

    std::array<uint64_t, kMqttVersions.size()> mqtt_versions{};  // CONNECTs that were accepted
    uint64_t http_requests = 0;  // clients that spoke HTTP and were let in
    TimeBuckets dial_times;      // dials that succeeded: start to all of the greeting sent
    TimeBuckets connack_times;   // from there to the broker's first bytes

    // By slot, which keeps its meaning (snapshot.h). Longer as slots come into use.
    std::vector<NodeStats> nodes;
    std::vector<RouteStats> routes;
    std::vector<ListenerStats> listeners;

    DirectionStats& direction(bool is_up) { return is_up ? up : down; }
    // The entry of a slot, made where there is none yet.
    NodeStats& node(uint16_t slot);
    RouteStats& route(uint16_t slot);
    ListenerStats& listener(uint8_t index);
    // Over all listeners.
    uint64_t accepted() const;
    std::array<uint64_t, kRelayEnds> closed() const;

    // `level` of a CONNECT: 3, 4, 5.
    void connect_accepted(uint8_t level);
    // Of a worker that has ended.
    void clear_gauges();

    void add(const Stats& other);
};

// The statistics as one JSON object, without a newline. Names by slot, as `nodes` and `routes`.
std::string to_json(const Stats& stats, const std::vector<std::string>& node_names,
                    const std::vector<std::string>& route_names = {});

}  // namespace jumpgate
