// Routing: a worker's use of one snapshot: what each upstream's brokers are worth at the moment,
// and which of them a client gets.
//
// Law: it holds its snapshot from its making to its end; `users` counts the connections that were
// routed by it and are not relayed yet. A broker counts as its configured weight, times the share
// that the health checks give it, and nothing while this worker's dials say that it is down. Where
// nobody is left, dials are not believed; and where the upstream says so, nor are checks.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/proxy/node_health.h"
#include "core/proxy/snapshot.h"
#include "core/route/chooser.h"

namespace jumpgate {

class Routing {
  public:
    // `snapshot.holders` counts this one already. `start`: another one for each worker, or all
    // would send their first client to the same broker.
    Routing(Snapshot& snapshot, const BrokerBoard& board, const NodeHealth& health,
            uint32_t start = 0);
    ~Routing();
    Routing(const Routing&) = delete;
    Routing& operator=(const Routing&) = delete;

    const Snapshot& snapshot() const { return snapshot_; }
    // The broker for `hash`, but for those in `tried` (slots). None: no broker may serve.
    std::optional<Choice> choose(uint16_t upstream, uint64_t hash, std::span<const uint16_t> tried,
                                 uint64_t now_ms);

    uint32_t users = 0;

  private:
    struct State {
        explicit State(uint32_t start) : chooser(start) {}
        Chooser chooser;
        std::vector<uint32_t> weights;
        uint64_t board_changes = ~uint64_t{0};
        uint64_t health_changes = ~uint64_t{0};
        uint64_t valid_until_ms = 0;  // then a broker that was marked down is tried again
    };

    std::span<const uint32_t> weights(uint16_t upstream, uint64_t now_ms);
    void weigh(uint16_t upstream, uint64_t now_ms);
    bool has_address(const Node& node) const;
    uint32_t checked_weight(const Node& node) const;

    Snapshot& snapshot_;
    const BrokerBoard& board_;
    const NodeHealth& health_;
    std::vector<State> states_;
    std::vector<uint32_t> untried_;  // scratch
    std::vector<uint64_t> loads_;    // scratch
};

}  // namespace jumpgate
