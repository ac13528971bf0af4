// Chooser: picks a node of an upstream by its type: consistent hash, round robin, least
// connections.
//
// Law: consistent hash is a pure function of (hash, nodes, weights), plus `loads` where a balance
// factor is set; the other two remember what they chose, per worker and upstream, and share
// nothing. Nodes of a lower priority are looked at only where all of a higher one have weight 0.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/route/upstream.h"

namespace jumpgate {

enum class ChoiceStep : uint8_t { Jump, Rendezvous, Bounded, RoundRobin, LeastConnections };
// "jump", "rendezvous", "bounded", "roundrobin", "least_conn"
std::string_view text(ChoiceStep step);

struct Choice {
    uint16_t node = 0;      // index in the upstream's list
    uint32_t attempts = 0;  // draws by jump hash, 1 to kPickAttempts + 1 (rendezvous); else 0
    // Bounded: the node that the hash means is full, and the hash chose among the others.
    ChoiceStep step = ChoiceStep::Jump;
};

class Chooser {
  public:
    // Among equals the node at `start` comes first: workers that start at different nodes do not
    // all give their first client to the same one.
    explicit Chooser(uint32_t start = 0) : start_(start), next_(start) {}

    // `weights[i]`: effective weight of node i, 0 to weight * kShareFull (slow start is below);
    // `loads[i]`: clients that the whole process has on it, read by bounded load and least_conn
    // only and otherwise may be empty. None: every weight is 0. Always with the same upstream, or
    // one with as many nodes; others start anew.
    std::optional<Choice> choose(const Upstream& upstream, uint64_t hash,
                                 std::span<const uint32_t> weights,
                                 std::span<const uint64_t> loads);

  private:
    // One tier's nodes, their weights, loads and names side by side.
    struct Candidates {
        std::span<const uint16_t> nodes;  // indices in the upstream's list
        std::span<const uint32_t> weights;
        std::span<const uint64_t> loads;  // empty where the rule reads none
        std::span<const uint64_t> names;
        uint32_t weight_max = 0;
    };

    std::optional<Choice> choose_among(const UpstreamRule& rule, uint64_t hash,
                                       const Candidates& tier);
    std::optional<Choice> choose_in_turn(const Candidates& tier);
    std::optional<Choice> choose_least_loaded(const Candidates& tier);
    Candidates gathered(const Upstream& upstream, const Tier& tier,
                        std::span<const uint32_t> weights, std::span<const uint64_t> loads);
    Candidates without_full(const Candidates& tier, uint32_t factor_percent);

    uint32_t start_;
    uint32_t next_;                  // where least connections looks first
    std::vector<int64_t> credits_;   // smooth round robin, by node
    std::vector<uint32_t> weights_;  // scratch of gathered()
    std::vector<uint64_t> loads_;
    std::vector<uint64_t> names_;
    std::vector<uint32_t> unfilled_;  // scratch of without_full()
};

}  // namespace jumpgate
