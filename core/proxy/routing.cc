#include "core/proxy/routing.h"

#include <algorithm>
#include <limits>

namespace jumpgate {

Routing::Routing(Snapshot& snapshot, const BrokerBoard& board, const NodeHealth& health,
                 uint32_t start)
    : snapshot_(snapshot),
      board_(board),
      health_(health),
      states_(snapshot.routes.upstreams().size(), State(start)) {}

Routing::~Routing() { snapshot_.holders.fetch_sub(1, std::memory_order_release); }

std::optional<Choice> Routing::choose(uint16_t index, uint64_t hash,
                                      std::span<const uint16_t> tried, uint64_t now_ms) {
    const Upstream& upstream = snapshot_.routes.upstreams()[index];
    const std::span<const Node> nodes = upstream.nodes();
    std::span<const uint32_t> effective = weights(index, now_ms);
    if (!tried.empty()) {
        untried_.assign(effective.begin(), effective.end());
        for (size_t i = 0; i < nodes.size(); ++i) {
            if (std::ranges::find(tried, nodes[i].slot) != tried.end()) untried_[i] = 0;
        }
        effective = untried_;
    }
    loads_.clear();
    if (upstream.rule().balance == Balance::LeastConnections ||
        upstream.rule().balance_factor_percent > 0) {
        for (const Node& node : nodes) {
            loads_.push_back(board_.clients[node.slot].load(std::memory_order_relaxed));
        }
    }
    return states_[index].chooser.choose(upstream, hash, effective, loads_);
}

std::span<const uint32_t> Routing::weights(uint16_t upstream, uint64_t now_ms) {
    State& state = states_[upstream];
    const uint64_t board_changes = board_.changes.load(std::memory_order_acquire);
    if (state.board_changes != board_changes || state.health_changes != health_.changes() ||
        now_ms >= state.valid_until_ms) {
        state.board_changes = board_changes;
        state.health_changes = health_.changes();
        weigh(upstream, now_ms);
    }
    return state.weights;
}

void Routing::weigh(uint16_t index, uint64_t now_ms) {
    const std::span<const Node> nodes = snapshot_.routes.upstreams()[index].nodes();
    State& state = states_[index];
    state.weights.resize(nodes.size());
    state.valid_until_ms = std::numeric_limits<uint64_t>::max();
    const auto any = [&state] {
        return std::ranges::any_of(state.weights, [](uint32_t weight) { return weight > 0; });
    };
    for (size_t i = 0; i < nodes.size(); ++i) {
        const uint16_t slot = nodes[i].slot;
        state.weights[i] = checked_weight(nodes[i]);
        const uint32_t pardon = board_.pardons[slot].load(std::memory_order_relaxed);
        if (!health_.down(slot, now_ms, pardon)) continue;
        state.weights[i] = 0;
        state.valid_until_ms = std::min(state.valid_until_ms, health_.down_until_ms(slot));
    }
    if (any()) return;
    // All marked down: what was true of the last dials may be over, so any may be tried.
    for (size_t i = 0; i < nodes.size(); ++i) state.weights[i] = checked_weight(nodes[i]);
    if (any() || snapshot_.upstreams[index].all_down == AllDown::Refuse) return;
    for (size_t i = 0; i < nodes.size(); ++i) {
        state.weights[i] = has_address(nodes[i]) ? nodes[i].weight * kShareFull : 0;
    }
}

// A name that was never resolved keeps its place in the list and is no broker to try.
bool Routing::has_address(const Node& node) const {
    return !snapshot_.brokers[node.slot].addresses.empty();
}

uint32_t Routing::checked_weight(const Node& node) const {
    if (!has_address(node)) return 0;
    return node.weight * board_.shares[node.slot].load(std::memory_order_relaxed);
}

}  // namespace jumpgate
