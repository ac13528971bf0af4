#include "core/route/upstream.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "core/base/check.h"

namespace jumpgate {

std::string_view text(Balance balance) {
    switch (balance) {
        case Balance::ConsistentHash:
            return "chash";
        case Balance::RoundRobin:
            return "roundrobin";
        case Balance::LeastConnections:
            return "least_conn";
    }
    return "unknown";
}

std::string_view text(HashMethod method) {
    return method == HashMethod::Jump ? "jump" : "rendezvous";
}

static std::vector<Tier> tiers_of(std::span<const Node> nodes) {
    std::vector<Tier> tiers;
    for (size_t i = 0; i < nodes.size(); ++i) {
        const int32_t priority = nodes[i].priority;
        auto tier = std::ranges::find(tiers, priority, &Tier::priority);
        if (tier == tiers.end()) tier = tiers.insert(tier, Tier{priority, {}, 0});
        tier->nodes.push_back(static_cast<uint16_t>(i));
        tier->weight_max = std::max(tier->weight_max, nodes[i].weight * kShareFull);
    }
    std::ranges::sort(tiers, std::greater(), &Tier::priority);
    return tiers;
}

Upstream::Upstream(UpstreamRule rule, std::vector<Node> nodes)
    : rule_(std::move(rule)), nodes_(std::move(nodes)) {
    CHECK(nodes_.size() <= kNodesMax);
    CHECK(rule_.balance_factor_percent == 0 || rule_.balance_factor_percent > 100);
    weights_.reserve(nodes_.size());
    name_hashes_.reserve(nodes_.size());
    for (const Node& node : nodes_) {
        CHECK(node.weight <= kWeightMax);
        weights_.push_back(node.weight * kShareFull);
        name_hashes_.push_back(hash_of(node.name));
    }
    tiers_ = tiers_of(nodes_);
    jumps_only_ = rule_.balance == Balance::ConsistentHash && rule_.method == HashMethod::Jump &&
                  rule_.balance_factor_percent == 0 && tiers_.size() == 1;
}

}  // namespace jumpgate
