// Snapshot: what workers route and dial by: the route table, where brokers are, TLS contexts.
//
// Law: immutable once a worker has it; replaced whole; freed by the control plane when the last
// worker has let go (`holders`). A slot (of a broker, of a route) keeps its meaning over snapshots
// while it is listed or has clients, so relays and counters need no snapshot.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/config/objects.h"
#include "core/io/address.h"
#include "core/proxy/broker_board.h"
#include "core/proxy/credentials.h"
#include "core/route/route_table.h"

namespace jumpgate {

// One broker by its slot.
struct Broker {
    std::string upstream;  // id; empty: the slot is free
    std::string
        name;  // "host:port"; of a service without an answer yet, which is no node: its name
    std::vector<Address> addresses;  // several ways to it; empty: its name was never resolved
    std::string problem;             // of the last look-up of its name
    bool tls = false;
    std::string server_name;  // for SNI and verification
    bool listed = false;      // in the configuration of this snapshot
    uint32_t weight = 0;
    int32_t priority = 0;
    std::optional<ActiveCheck> check;
    uint32_t slow_start_s = 0;
    uint16_t upstream_index = 0;  // where listed
};

// What an upstream's dials obey; the choice of a node is routes.upstreams()[i].
struct UpstreamPlan {
    uint32_t dial_timeout_ms = 3'000;
    uint32_t dial_attempts_max = 3;  // brokers, each with all of its addresses
    uint32_t fail_max = 3;  // failures in a row that mark a broker down, by the last one's kind:
    uint32_t timeouts_max = 3;  // refused or reset; or timed out. 0: never
    uint32_t fail_timeout_ms = 10'000;
    AllDown all_down = AllDown::UseAll;
    tls::ClientContextRef context;  // null: no node over TLS
};

struct Snapshot {
    uint64_t version = 0;
    RouteTable routes{{}, {}};
    std::vector<UpstreamPlan> upstreams;  // as routes.upstreams()
    std::vector<Broker> brokers;          // by slot
    std::vector<std::string> route_ids;   // by slot
    bool routes_by_server_addr = false;   // some route asks where a client connected to
    bool routes_http = false;
    Credentials credentials;

    std::atomic<uint32_t> holders{0};
};

}  // namespace jumpgate
