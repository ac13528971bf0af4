#include "core/route/chooser.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <string>

#include "core/base/rng.h"

namespace jumpgate {
namespace {

using Weights = std::vector<uint32_t>;
using Loads = std::vector<uint64_t>;

std::vector<Node> nodes_of(const Weights& weights) {
    std::vector<Node> nodes;
    for (size_t i = 0; i < weights.size(); ++i)
        nodes.push_back({.name = "broker" + std::to_string(i) + ":1883", .weight = weights[i]});
    return nodes;
}

Weights full(const Upstream& upstream) {
    return {upstream.weights().begin(), upstream.weights().end()};
}

// The names of the brokers of the same 20,000 keys.
std::vector<std::string> place(const Upstream& upstream, const Weights& weights) {
    Chooser chooser;
    Rng rng(1);
    const Loads idle(upstream.size());
    std::vector<std::string> placed;
    for (int i = 0; i < 20'000; ++i) {
        const auto choice = chooser.choose(upstream, rng.next(), weights, idle);
        placed.push_back(choice ? upstream.nodes()[choice->node].name : "none");
    }
    return placed;
}

std::vector<uint16_t> sequence(Chooser& chooser, const Upstream& upstream, const Weights& weights,
                               int count) {
    std::vector<uint16_t> chosen;
    for (int i = 0; i < count; ++i)
        chosen.push_back(chooser.choose(upstream, 0, weights, {})->node);
    return chosen;
}

// --- consistent hash -----------------------------------------------------------------------------

TEST(Chooser, ChoosesAsPickDoes) {
    Rng rng(41);
    for (int round = 0; round < 100; ++round) {
        Weights weights(1 + rng.below(50));
        for (uint32_t& weight : weights) weight = static_cast<uint32_t>(rng.below(6));
        const Upstream upstream({}, nodes_of(weights));
        const uint32_t weight_max = *std::ranges::max_element(weights);
        Chooser chooser;
        for (int i = 0; i < 100; ++i) {
            const uint64_t hash = rng.next();
            const auto choice = chooser.choose(upstream, hash, upstream.weights(), {});
            const auto picked = pick(hash, weights, weight_max);
            ASSERT_EQ(choice.has_value(), picked.has_value());
            if (choice) {
                ASSERT_EQ(choice->node, *picked);
            }
        }
    }
}

TEST(Chooser, SaysHowItCameToItsChoice) {
    const Upstream upstream({}, nodes_of(Weights(8, 1)));
    Chooser chooser;
    const auto first = chooser.choose(upstream, 1, upstream.weights(), {});
    EXPECT_EQ(first->step, ChoiceStep::Jump);
    EXPECT_EQ(first->attempts, 1u);

    Weights one_of_many(4'096, 0);
    const Upstream many({}, nodes_of(Weights(4'096, 1)));
    one_of_many[99] = kShareFull;
    const auto last = chooser.choose(many, 1, one_of_many, {});
    EXPECT_EQ(last->node, 99);
    EXPECT_EQ(last->step, ChoiceStep::Rendezvous);
    EXPECT_EQ(last->attempts, kPickAttempts + 1);

    EXPECT_EQ(text(ChoiceStep::Jump), "jump");
    EXPECT_EQ(text(ChoiceStep::Rendezvous), "rendezvous");
    EXPECT_EQ(text(ChoiceStep::Bounded), "bounded");
    EXPECT_EQ(text(ChoiceStep::RoundRobin), "roundrobin");
    EXPECT_EQ(text(ChoiceStep::LeastConnections), "least_conn");
}

class ByMethod : public testing::TestWithParam<HashMethod> {
  protected:
    Upstream upstream(const Weights& weights) {
        return Upstream({.method = GetParam()}, nodes_of(weights));
    }
};

TEST_P(ByMethod, GivesEveryNodeItsShare) {
    const Weights weights{1, 2, 3, 4, 0};
    const Upstream fleet = upstream(weights);
    std::map<std::string, int> count;
    for (const std::string& name : place(fleet, full(fleet))) ++count[name];
    for (size_t i = 0; i < 4; ++i)
        EXPECT_NEAR(count[fleet.nodes()[i].name], 2'000 * weights[i], 250) << i;
    EXPECT_EQ(count.size(), 4u);
}

TEST_P(ByMethod, MovesOnlyTheKeysOfANodeThatIsDrained) {
    const Upstream fleet = upstream({5, 1, 9, 9, 2});
    const auto before = place(fleet, full(fleet));
    for (size_t drained = 0; drained < fleet.size(); ++drained) {
        Weights weights = full(fleet);
        weights[drained] = 0;
        const auto after = place(fleet, weights);
        for (size_t key = 0; key < before.size(); ++key) {
            if (before[key] != fleet.nodes()[drained].name) {
                ASSERT_EQ(after[key], before[key]);
            }
        }
    }
}

TEST_P(ByMethod, SlowStartTakesKeysOnlyTowardsTheRampingNode) {
    const Upstream fleet = upstream({3, 3, 3});
    Weights weights = full(fleet);
    weights[1] = 0;
    auto before = place(fleet, weights);
    for (const uint32_t share : {1u, 10u, 100u, 250u, 500u, 999u, 1'000u}) {
        weights[1] = 3 * share;
        const auto after = place(fleet, weights);
        for (size_t key = 0; key < before.size(); ++key)
            ASSERT_TRUE(after[key] == before[key] || after[key] == fleet.nodes()[1].name) << share;
        const auto taken = std::ranges::count(after, fleet.nodes()[1].name);
        EXPECT_NEAR(static_cast<double>(taken) / 20'000, share / (2'000.0 + share), 0.012) << share;
        before = after;
    }
    EXPECT_EQ(before, place(fleet, full(fleet)));  // at full share it is as if nothing had been
}

TEST_P(ByMethod, MovesOneShareToANodeAppended) {
    const auto before_fleet = upstream(Weights(9, 1));
    const auto after_fleet = upstream(Weights(10, 1));
    const auto before = place(before_fleet, full(before_fleet));
    const auto after = place(after_fleet, full(after_fleet));
    int moved = 0;
    for (size_t key = 0; key < before.size(); ++key) {
        if (after[key] == before[key]) continue;
        ASSERT_EQ(after[key], "broker9:1883");
        ++moved;
    }
    EXPECT_NEAR(moved, 2'000, 170);  // four sigmas
}

std::string method_name(const testing::TestParamInfo<HashMethod>& tested) {
    return tested.param == HashMethod::Jump ? "Jump" : "Rendezvous";
}
INSTANTIATE_TEST_SUITE_P(Hash, ByMethod, testing::Values(HashMethod::Jump, HashMethod::Rendezvous),
                         method_name);

TEST(Rendezvous, GoesByNamesNotByTheirOrder) {
    const UpstreamRule rule{.method = HashMethod::Rendezvous};
    const std::vector<Node> nodes = nodes_of({1, 2, 3, 4, 5, 6});
    const Upstream fleet(rule, nodes);
    std::vector<Node> other_order{nodes[4], nodes[0], nodes[5], nodes[2], nodes[1], nodes[3]};
    const Upstream reordered(rule, other_order);
    EXPECT_EQ(place(fleet, full(fleet)), place(reordered, full(reordered)));

    // Removed from the middle, and inserted there: only the keys of that node move.
    const Upstream smaller(rule, {nodes[0], nodes[1], nodes[3], nodes[4], nodes[5]});
    const auto with = place(fleet, full(fleet));
    const auto without = place(smaller, full(smaller));
    for (size_t key = 0; key < with.size(); ++key) {
        if (with[key] != nodes[2].name) {
            ASSERT_EQ(without[key], with[key]);
        }
    }
    // The largest weight grows: keys go to that node and nowhere else.
    std::vector<Node> heavier = nodes;
    heavier[5].weight = 12;
    const Upstream grown(rule, heavier);
    const auto after = place(grown, full(grown));
    for (size_t key = 0; key < with.size(); ++key)
        ASSERT_TRUE(after[key] == with[key] || after[key] == nodes[5].name);
}

TEST(Rendezvous, KeepsItsPinnedVectors) {
    const Upstream fleet({.method = HashMethod::Rendezvous}, nodes_of({1, 2, 3, 4}));
    Chooser chooser;
    std::vector<uint16_t> chosen;
    for (int i = 0; i < 12; ++i) {
        const uint64_t hash = fleet.hash("device-" + std::to_string(i));
        const auto choice = chooser.choose(fleet, hash, fleet.weights(), {});
        EXPECT_EQ(choice->step, ChoiceStep::Rendezvous);
        chosen.push_back(choice->node);
    }
    EXPECT_EQ(chosen, (std::vector<uint16_t>{2, 2, 2, 2, 0, 2, 2, 1, 0, 2, 3, 2}));
}

// --- bounded load --------------------------------------------------------------------------------

// ceil(factor / 100 * clients * weight / sum)
uint64_t bound(uint32_t factor, uint64_t clients, uint64_t weight, uint64_t sum) {
    return (factor * clients * weight + 100 * sum - 1) / (100 * sum);
}

TEST(BoundedLoad, IsNeverExceededAndNeverRefuses) {
    Rng rng(51);
    for (const HashMethod method : {HashMethod::Jump, HashMethod::Rendezvous}) {
        for (const uint32_t factor : {101u, 125u, 200u}) {
            const Weights weights{1, 5, 2, 0, 3, 1, 8};
            const Upstream fleet({.method = method, .balance_factor_percent = factor},
                                 nodes_of(weights));
            const uint64_t sum = std::accumulate(weights.begin(), weights.end(), uint64_t{0});
            Chooser chooser;
            Loads loads(weights.size());
            for (uint64_t clients = 1; clients <= 3'000; ++clients) {
                const uint64_t hash = rng.next() & 0xff;  // few different keys: crowds
                const auto choice = chooser.choose(fleet, hash, fleet.weights(), loads);
                ASSERT_TRUE(choice);
                ++loads[choice->node];
                ASSERT_LE(loads[choice->node], bound(factor, clients, weights[choice->node], sum));
            }
            EXPECT_EQ(loads[3], 0u);
        }
    }
}

TEST(BoundedLoad, LeavesAClientAtHomeWhileThereIsRoom) {
    const Upstream free({}, nodes_of(Weights(5, 1)));
    const Upstream bounded({.balance_factor_percent = 150}, nodes_of(Weights(5, 1)));
    Chooser chooser;
    Rng rng(52);
    int away = 0;
    for (int i = 0; i < 2'000; ++i) {
        Loads loads(5);
        for (uint64_t& load : loads) load = rng.below(100);
        const uint64_t total = std::accumulate(loads.begin(), loads.end(), uint64_t{1});
        const uint64_t hash = rng.next();
        const auto home = chooser.choose(free, hash, free.weights(), {});
        const auto choice = chooser.choose(bounded, hash, bounded.weights(), loads);
        if (loads[home->node] < bound(150, total, 1, 5)) {
            ASSERT_EQ(choice->node, home->node);
            ASSERT_EQ(choice->step, ChoiceStep::Jump);
        } else {
            ASSERT_NE(choice->node, home->node);
            ASSERT_EQ(choice->step, ChoiceStep::Bounded);
            ++away;
        }
    }
    EXPECT_GT(away, 200);
}

TEST(BoundedLoad, StandsTheLargestFleetAndLoads) {
    const Upstream fleet({.balance_factor_percent = 101}, nodes_of(Weights(kNodesMax, kWeightMax)));
    Loads loads(kNodesMax, uint64_t{1} << 41);
    std::fill(loads.begin(), loads.begin() + kNodesMax / 2, uint64_t{1} << 42);  // above the mean
    Chooser chooser;
    for (uint64_t hash = 0; hash < 100; ++hash) {
        const auto choice = chooser.choose(fleet, hash, fleet.weights(), loads);
        ASSERT_TRUE(choice);
        EXPECT_GE(choice->node, kNodesMax / 2);
    }
}

// --- round robin ---------------------------------------------------------------------------------

TEST(RoundRobin, SpreadsHeavyNodesEvenly) {
    const Upstream fleet({.balance = Balance::RoundRobin}, nodes_of({5, 1, 1}));
    Chooser chooser;
    // nginx's own example for weights 5, 1, 1.
    EXPECT_EQ(sequence(chooser, fleet, full(fleet), 14),
              (std::vector<uint16_t>{0, 0, 1, 0, 2, 0, 0, 0, 0, 1, 0, 2, 0, 0}));
    EXPECT_EQ(chooser.choose(fleet, 0, fleet.weights(), {})->step, ChoiceStep::RoundRobin);
}

TEST(RoundRobin, ServesEachNodeAsOftenAsItsWeightSays) {
    Rng rng(61);
    for (int round = 0; round < 50; ++round) {
        Weights weights(1 + rng.below(12));
        for (uint32_t& weight : weights) weight = static_cast<uint32_t>(rng.below(8));
        weights[0] = 1;
        const Upstream fleet({.balance = Balance::RoundRobin}, nodes_of(weights));
        Chooser chooser(static_cast<uint32_t>(rng.below(100)));
        Weights served(weights.size());
        const auto sum = std::accumulate(weights.begin(), weights.end(), 0);
        for (const uint16_t node : sequence(chooser, fleet, full(fleet), sum)) ++served[node];
        EXPECT_EQ(served, weights);
    }
}

TEST(RoundRobin, BeginsWhereItIsTold) {
    const Upstream fleet({.balance = Balance::RoundRobin}, nodes_of({1, 1, 1}));
    Chooser third(2);
    EXPECT_EQ(sequence(third, fleet, full(fleet), 6), (std::vector<uint16_t>{2, 0, 1, 2, 0, 1}));
}

TEST(RoundRobin, PassesOverNodesThatAreDown) {
    const Upstream fleet({.balance = Balance::RoundRobin}, nodes_of({1, 1, 1}));
    Chooser chooser;
    sequence(chooser, fleet, full(fleet), 2);
    Weights weights = full(fleet);
    weights[2] = 0;
    EXPECT_EQ(sequence(chooser, fleet, weights, 4), (std::vector<uint16_t>{0, 1, 0, 1}));
    EXPECT_EQ(chooser.choose(fleet, 0, Weights(3, 0), {}), std::nullopt);
}

TEST(RoundRobin, StartsAnewForAListOfAnotherLength) {
    const Upstream three({.balance = Balance::RoundRobin}, nodes_of({1, 1, 1}));
    const Upstream two({.balance = Balance::RoundRobin}, nodes_of({1, 1}));
    Chooser chooser;
    sequence(chooser, three, full(three), 2);
    EXPECT_EQ(sequence(chooser, two, full(two), 2), (std::vector<uint16_t>{0, 1}));
}

// --- least connections ---------------------------------------------------------------------------

TEST(LeastConnections, TakesTheLeastLoadedByWeightAndTiesInTurn) {
    const Upstream fleet({.balance = Balance::LeastConnections}, nodes_of({1, 1, 2}));
    Chooser chooser;
    const auto chosen = [&](const Loads& loads) {
        const auto choice = chooser.choose(fleet, 0, fleet.weights(), loads);
        EXPECT_EQ(choice->step, ChoiceStep::LeastConnections);
        return choice->node;
    };
    EXPECT_EQ(chosen({0, 0, 0}), 2);  // with this client 1, 1 and 1/2
    EXPECT_EQ(chosen({3, 0, 2}), 1);
    EXPECT_EQ(chosen({0, 3, 2}), 0);
    EXPECT_EQ(chosen({4, 4, 9}), 1);  // all tie: the one behind the last
    EXPECT_EQ(chosen({4, 4, 9}), 2);
    EXPECT_EQ(chosen({4, 4, 9}), 0);
}

TEST(LeastConnections, FillsAFleetByItsWeights) {
    const Weights weights{1, 2, 3, 4};
    const Upstream fleet({.balance = Balance::LeastConnections}, nodes_of(weights));
    Chooser chooser;
    Loads loads(4);
    for (int i = 0; i < 1'000; ++i) ++loads[chooser.choose(fleet, 0, fleet.weights(), loads)->node];
    EXPECT_EQ(loads, (Loads{100, 200, 300, 400}));
}

TEST(LeastConnections, DoesNotFloodANodeThatStartsSlowly) {
    const Upstream fleet({.balance = Balance::LeastConnections}, nodes_of({1, 1}));
    Weights weights = full(fleet);
    weights[1] = 10;  // 1 % of its weight
    Chooser chooser;
    Loads loads{0, 0};
    for (int i = 0; i < 101; ++i) ++loads[chooser.choose(fleet, 0, weights, loads)->node];
    EXPECT_EQ(loads, (Loads{100, 1}));
}

// --- tiers ---------------------------------------------------------------------------------------

std::vector<Node> tiered() {
    return {{"p0", 1, 0}, {"b0", 1, -1}, {"p1", 1, 0}, {"b1", 1, -1}, {"last", 1, -2}};
}

TEST(Tiers, UseALowerOneOnlyWhereAllOfAHigherAreDown) {
    for (const Balance balance :
         {Balance::ConsistentHash, Balance::RoundRobin, Balance::LeastConnections}) {
        for (const HashMethod method : {HashMethod::Jump, HashMethod::Rendezvous}) {
            const Upstream fleet({.balance = balance, .method = method}, tiered());
            Chooser chooser;
            Rng rng(71);
            const Loads idle(5);
            const auto reached = [&](const Weights& weights) {
                std::string names(5, '-');
                for (int i = 0; i < 100; ++i) {
                    const auto choice = chooser.choose(fleet, rng.next(), weights, idle);
                    if (choice) names[choice->node] = 'x';
                }
                return names;
            };
            EXPECT_EQ(reached({1'000, 1'000, 1'000, 1'000, 1'000}), "x-x--");
            EXPECT_EQ(reached({0, 1'000, 1'000, 1'000, 1'000}), "--x--");
            EXPECT_EQ(reached({0, 1'000, 1, 1'000, 1'000}), "--x--");
            EXPECT_EQ(reached({0, 1'000, 0, 1'000, 1'000}), "-x-x-");
            EXPECT_EQ(reached({0, 0, 0, 0, 1'000}), "----x");
            EXPECT_EQ(reached({0, 0, 0, 0, 0}), "-----");
        }
    }
}

TEST(Tiers, OfBackupsMoveNoClientOfTheNodesAbove) {
    const Upstream alone({}, {{"p0", 2}, {"p1", 3}});
    const Upstream backed({}, {{"b0", 9, -1}, {"p0", 2}, {"b1", 1, -1}, {"p1", 3}});
    EXPECT_EQ(place(alone, full(alone)), place(backed, full(backed)));
}

TEST(Tiers, CountTheLoadsOfTheirOwnNodes) {
    const Upstream fleet({.balance_factor_percent = 110}, tiered());
    Chooser chooser;
    // The backups' clients do not make the first tier look empty.
    const Loads loads{10, 1'000, 5, 1'000, 1'000};
    for (uint64_t hash = 0; hash < 50; ++hash)
        EXPECT_EQ(chooser.choose(fleet, hash, fleet.weights(), loads)->node, 2);
}

TEST(ChooserDeathTest, StopsOnBrokenLimits) {
    const Upstream fleet({}, nodes_of({1, 1}));
    const Upstream least({.balance = Balance::LeastConnections}, nodes_of({1, 1}));
    const Upstream bounded({.balance_factor_percent = 125}, nodes_of({1, 1}));
    Chooser chooser;
    EXPECT_DEATH(chooser.choose(fleet, 1, Weights{1}, {}), "broken invariant");
    EXPECT_DEATH(chooser.choose(fleet, 1, Weights{2'000, 2'000}, {}), "broken invariant");
    EXPECT_DEATH(chooser.choose(least, 1, Weights{1, 1}, {}), "broken invariant");
    EXPECT_DEATH(chooser.choose(bounded, 1, Weights{1, 1}, Loads{1}), "broken invariant");
}

}  // namespace
}  // namespace jumpgate
