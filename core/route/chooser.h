// Chooser: picks a node of an upstream by its type: consistent hash, round robin, least
// connections.
//
// Law: consistent hash is a pure function of (hash, nodes, weights), plus `loads` where a balance
// factor is set; the other two remember what they chose, per worker, and share nothing. Nodes of a
// lower priority are looked at only where all of a higher one have weight 0.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/route/upstream.h"

namespace jumpgate {

enum class ChoiceStep : uint8_t { Jump, Rendezvous, Bounded, RoundRobin, LeastConnections };
std::string_view text(ChoiceStep step);

struct Choice {
    uint16_t node = 0;      // index in the upstream's list
    uint32_t attempts = 0;  // draws until a node took it
    ChoiceStep step = ChoiceStep::Jump;
};

class Chooser {
  public:
    // `weights[i]`: effective weight of node i, 0 to weight * kShareFull (slow start is below);
    // `loads[i]`: connections this worker has on it, read by bounded load and least_conn only and
    // otherwise may be empty. None: every weight is 0.
    std::optional<Choice> choose(const Upstream& upstream, uint64_t hash,
                                 std::span<const uint32_t> weights,
                                 std::span<const uint64_t> loads);

  private:
    std::vector<int64_t> credits_;   // smooth round robin, by node
    std::vector<uint32_t> weights_;  // scratch
};

}  // namespace jumpgate
