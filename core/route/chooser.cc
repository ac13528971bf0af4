#include "core/route/chooser.h"

#include <algorithm>

#include "core/base/check.h"

namespace jumpgate {

namespace {

__extension__ using Product = unsigned __int128;  // loads and weights of a whole fleet

bool reads_loads(const UpstreamRule& rule) {
    return rule.balance == Balance::LeastConnections ||
           (rule.balance == Balance::ConsistentHash && rule.balance_factor_percent > 0);
}

bool any_live(const Tier& tier, std::span<const uint32_t> weights) {
    return std::ranges::any_of(tier.nodes, [&](uint16_t node) { return weights[node] > 0; });
}

std::optional<Choice> choice_of(const std::optional<Drawn>& drawn) {
    if (!drawn) return std::nullopt;
    const bool jumped = drawn->attempts <= kPickAttempts;
    return Choice{drawn->node, drawn->attempts, jumped ? ChoiceStep::Jump : ChoiceStep::Rendezvous};
}

}  // namespace

std::string_view text(ChoiceStep step) {
    switch (step) {
        case ChoiceStep::Jump:
            return "jump";
        case ChoiceStep::Rendezvous:
            return "rendezvous";
        case ChoiceStep::Bounded:
            return "bounded";
        case ChoiceStep::RoundRobin:
            return "roundrobin";
        case ChoiceStep::LeastConnections:
            return "least_conn";
    }
    return "unknown";
}

std::optional<Choice> Chooser::choose(const Upstream& upstream, uint64_t hash,
                                      std::span<const uint32_t> weights,
                                      std::span<const uint64_t> loads) {
    const UpstreamRule& rule = upstream.rule();
    CHECK(weights.size() == upstream.size());
    if (upstream.jumps_only())  // nearly always: nothing to gather, to bound or to remember
        return choice_of(draw(hash, weights, upstream.tiers().front().weight_max));
    CHECK(!reads_loads(rule) || loads.size() == upstream.size());
    if (rule.balance == Balance::RoundRobin && credits_.size() != upstream.size())
        credits_.assign(upstream.size(), 0);
    if (upstream.tiers().size() == 1) {
        const Tier& tier = upstream.tiers().front();
        return choose_among(rule, hash,
                            {tier.nodes, weights, loads, upstream.name_hashes(), tier.weight_max});
    }
    for (const Tier& tier : upstream.tiers()) {
        if (any_live(tier, weights))
            return choose_among(rule, hash, gathered(upstream, tier, weights, loads));
    }
    return std::nullopt;
}

std::optional<Choice> Chooser::choose_among(const UpstreamRule& rule, uint64_t hash,
                                            const Candidates& tier) {
    if (rule.balance == Balance::RoundRobin) return choose_in_turn(tier);
    if (rule.balance == Balance::LeastConnections) return choose_least_loaded(tier);
    const auto by_hash = [&](const Candidates& among) -> std::optional<Choice> {
        if (rule.method == HashMethod::Rendezvous) {
            const std::optional<uint16_t> node = pick_by_name(hash, among.weights, among.names);
            if (!node) return std::nullopt;
            return Choice{among.nodes[*node], 0, ChoiceStep::Rendezvous};
        }
        std::optional<Choice> choice = choice_of(draw(hash, among.weights, among.weight_max));
        if (choice) choice->node = among.nodes[choice->node];
        return choice;
    };
    const std::optional<Choice> home = by_hash(tier);
    if (!home || rule.balance_factor_percent == 0) return home;
    std::optional<Choice> bounded = by_hash(without_full(tier, rule.balance_factor_percent));
    if (bounded && bounded->node != home->node) bounded->step = ChoiceStep::Bounded;
    return bounded;
}

// A node is full with factor / 100 of its fair share of the clients there would be with this one,
// rounded up. Mirrokni, Thorup and Zadimoghaddam, "Consistent Hashing with Bounded Loads", arXiv
// 1608.01350. A full node has weight 0 for this client: the next draw is taken. As the bounds of
// all add up to more than the clients there are, one node is never full.
Chooser::Candidates Chooser::without_full(const Candidates& tier, uint32_t factor_percent) {
    uint64_t clients = 1;
    uint64_t weight_sum = 0;
    for (size_t i = 0; i < tier.weights.size(); ++i) {
        if (tier.weights[i] == 0) continue;
        clients += tier.loads[i];
        weight_sum += tier.weights[i];
    }
    const Product allowed = static_cast<Product>(clients) * factor_percent;
    unfilled_.assign(tier.weights.begin(), tier.weights.end());
    for (size_t i = 0; i < unfilled_.size(); ++i) {
        // load >= factor / 100 * clients * weight / weight_sum, without a division
        if (static_cast<Product>(tier.loads[i]) * weight_sum * 100 >= allowed * unfilled_[i])
            unfilled_[i] = 0;
    }
    Candidates rest = tier;
    rest.weights = unfilled_;
    return rest;
}

// Smooth weighted round robin, as nginx has it: every node earns its weight, the richest serves and
// pays what all earned. Heavy nodes come up evenly spread instead of in runs.
std::optional<Choice> Chooser::choose_in_turn(const Candidates& tier) {
    const size_t nodes = tier.nodes.size();
    std::optional<uint16_t> richest;
    int64_t earned = 0;
    for (size_t k = 0; k < nodes; ++k) {
        const size_t i = (start_ + k) % nodes;
        if (tier.weights[i] == 0) continue;
        const uint16_t node = tier.nodes[i];
        earned += tier.weights[i];
        credits_[node] += tier.weights[i];
        if (!richest || credits_[node] > credits_[*richest]) richest = node;
    }
    if (!richest) return std::nullopt;
    credits_[*richest] -= earned;
    return Choice{*richest, 0, ChoiceStep::RoundRobin};
}

// The least (load + 1) / weight: how loaded the node would be with this client. Without the one, a
// node that has nobody would look free to every client however small its weight is yet.
std::optional<Choice> Chooser::choose_least_loaded(const Candidates& tier) {
    const size_t nodes = tier.nodes.size();
    std::optional<size_t> best;
    for (size_t k = 0; k < nodes; ++k) {
        const size_t i = (next_ + k) % nodes;
        if (tier.weights[i] == 0) continue;
        if (best && static_cast<Product>(tier.loads[i] + 1) * tier.weights[*best] >=
                        static_cast<Product>(tier.loads[*best] + 1) * tier.weights[i])
            continue;
        best = i;
    }
    if (!best) return std::nullopt;
    next_ = static_cast<uint32_t>(*best + 1);  // ties take turns
    return Choice{tier.nodes[*best], 0, ChoiceStep::LeastConnections};
}

Chooser::Candidates Chooser::gathered(const Upstream& upstream, const Tier& tier,
                                      std::span<const uint32_t> weights,
                                      std::span<const uint64_t> loads) {
    weights_.clear();
    loads_.clear();
    names_.clear();
    for (const uint16_t node : tier.nodes) {
        weights_.push_back(weights[node]);
        if (!loads.empty()) loads_.push_back(loads[node]);
        names_.push_back(upstream.name_hashes()[node]);
    }
    return {tier.nodes, weights_, loads_, names_, tier.weight_max};
}

}  // namespace jumpgate
