#include "core/route/pick.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "core/base/rng.h"
#include "core/route/hash_key.h"
#include "core/route/jump_hash.h"

namespace jumpgate {
namespace {

using Weights = std::vector<uint32_t>;

// The node of every key, -1 for none.
std::vector<int> place(const Weights& weights, uint32_t weight_max, int keys, uint64_t seed = 1) {
    Rng rng(seed);
    std::vector<int> nodes;
    for (int i = 0; i < keys; ++i) {
        const std::optional<uint16_t> node = pick(rng.next(), weights, weight_max);
        nodes.push_back(node ? int{*node} : -1);
    }
    return nodes;
}

// Pearson's statistic against the share that the weights promise; weight 0 must get nothing.
double chi_square(const std::vector<int>& placed, const Weights& weights) {
    std::vector<double> count(weights.size());
    for (const int node : placed) count[static_cast<size_t>(node)] += 1;
    const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
    double result = 0;
    for (size_t i = 0; i < weights.size(); ++i) {
        const double expected = static_cast<double>(placed.size()) * weights[i] / sum;
        if (weights[i] == 0) {
            EXPECT_EQ(count[i], 0) << "node " << i;
            continue;
        }
        result += (count[i] - expected) * (count[i] - expected) / expected;
    }
    return result;
}

TEST(Pick, KeepsItsPinnedVectors) {
    const Weights equal(8, 1);
    const Weights rising{1, 2, 3, 4};
    Weights skewed(1024, 1);  // beyond node 0 mostly the rendezvous decides
    skewed[0] = 1000;
    Weights two_alive(100, 0);
    two_alive[41] = two_alive[77] = 1;
    struct Vector {
        const char* client_id;
        int equal, rising, skewed, two_alive;
    };
    const Vector vectors[] = {
        {"device-0", 3, 3, 0, 41}, {"device-1", 4, 0, 0, 41},   {"device-2", 4, 3, 113, 77},
        {"device-3", 0, 3, 0, 41}, {"device-4", 3, 3, 451, 41}, {"device-5", 5, 1, 0, 77},
        {"device-6", 7, 2, 0, 77}, {"device-7", 3, 3, 0, 41},
    };
    for (const Vector& v : vectors) {
        const uint64_t hash = hash_of(v.client_id);
        EXPECT_EQ(pick(hash, equal, 1), v.equal) << v.client_id;
        EXPECT_EQ(pick(hash, rising, 4), v.rising) << v.client_id;
        EXPECT_EQ(pick(hash, skewed, 1000), v.skewed) << v.client_id;
        EXPECT_EQ(pick(hash, two_alive, 1), v.two_alive) << v.client_id;
    }
}

TEST(Pick, GivesEveryNodeItsShare) {
    struct Case {
        Weights weights;
        double limit;  // chi-square quantile at 1 - 10^-4 for the live nodes less one
    };
    const Case cases[] = {
        {Weights(8, 1), 29.9},      {{1, 2, 3, 4}, 21.1}, {{0, 5, 0, 5, 10}, 18.4},  // two drained
        {{1000, 1, 999}, 18.4},                                                      // far apart
        {{1000, 10, 10, 10}, 21.1},  // few draws accept
        {Weights(100, 7), 161.3},
    };
    for (const Case& c : cases) {
        const uint32_t weight_max = *std::max_element(c.weights.begin(), c.weights.end());
        EXPECT_LT(chi_square(place(c.weights, weight_max, 200'000), c.weights), c.limit)
            << c.weights.size() << " nodes, the first of weight " << c.weights[0];
    }
}

TEST(Pick, SharesByWeightAmongTheFewSurvivorsOfMany) {
    Weights weights(1'000, 0);  // 64 draws find a survivor for 1 key in 3: rendezvous must be fair
    weights[3] = 1;
    weights[500] = 2;
    weights[501] = 3;
    weights[999] = 4;
    EXPECT_LT(chi_square(place(weights, 4, 100'000), weights), 21.1);
}

// The same choice with the C library's logarithm: checks the integer one, and the shortcut before
// it.
TEST(Pick, RendezvousAgreesWithFloatingPointLogarithms) {
    Rng rng(5);
    Weights weights(300);
    for (int round = 0; round < 20; ++round) {
        for (uint32_t& weight : weights) weight = static_cast<uint32_t>(rng.below(4));
        for (int i = 0; i < 50; ++i) {
            const uint64_t hash = rng.next();
            const uint64_t base = mix(hash, 0x4e7de5);
            size_t best = 0;
            double best_score = INFINITY;
            for (size_t n = 0; n < weights.size(); ++n) {
                const double uniform = std::ldexp(static_cast<double>(mix(base, n)), -64);
                const double score = -std::log2(uniform) / weights[n];
                if (weights[n] != 0 && score < best_score) best = n, best_score = score;
            }
            // Weights up to 3 of 1,000: about one key in ten is accepted by a draw; skip those.
            bool by_draw = false;
            for (uint64_t k = 0; k < kPickAttempts && !by_draw; ++k) {
                const uint64_t draw = mix(hash, k);
                const uint32_t node = jump_hash(draw, 300);
                by_draw = (mix(draw, 0xacce97) >> 32) * 1'000 < uint64_t{weights[node]} << 32;
            }
            if (by_draw) continue;
            ASSERT_EQ(pick(hash, weights, 1'000), best) << hash;
        }
    }
}

TEST(Pick, ReturnsNoneOnlyWhereEveryWeightIsZero) {
    Rng rng(6);
    EXPECT_EQ(pick(1, {}, 0), std::nullopt);
    EXPECT_EQ(pick(1, {}, 5), std::nullopt);
    for (size_t nodes = 1; nodes <= 70; ++nodes) {
        Weights weights(nodes, 0);
        EXPECT_EQ(pick(rng.next(), weights, 1), std::nullopt);
        EXPECT_EQ(pick(rng.next(), weights, 0), std::nullopt);
        const size_t alive = rng.below(nodes);
        weights[alive] = 1;
        for (int i = 0; i < 50; ++i) ASSERT_EQ(pick(rng.next(), weights, 1'000), alive);
    }
}

TEST(Pick, MovesOnlyTheKeysOfANodeThatGoesDownAndBringsThemBack) {
    for (const Weights& weights : {Weights(7, 1), Weights{5, 1, 9, 9, 2, 0, 3}}) {
        const std::vector<int> before = place(weights, 9, 20'000);
        for (size_t down = 0; down < weights.size(); ++down) {
            Weights degraded = weights;
            degraded[down] = 0;
            const std::vector<int> during = place(degraded, 9, 20'000);
            std::vector<int> refugees(weights.size());
            for (size_t key = 0; key < before.size(); ++key) {
                if (before[key] == static_cast<int>(down)) {
                    ++refugees[static_cast<size_t>(during[key])];
                } else {
                    ASSERT_EQ(during[key], before[key]);
                }
            }
            EXPECT_EQ(refugees[down], 0);
            for (size_t i = 0; i < weights.size(); ++i) {  // every survivor takes some of them
                EXPECT_EQ(refugees[i] > 0, weights[down] != 0 && degraded[i] != 0) << i;
            }
            EXPECT_EQ(place(weights, 9, 20'000), before);
        }
    }
}

TEST(Pick, DependsOnWhoIsDownNotOnTheOrderOfFailures) {
    // Any path of single changes: each step moves keys only from or to the node that changed, so
    // the end of the path is the set of live nodes and nothing else.
    Rng rng(7);
    const Weights full{3, 1, 4, 1, 5, 9, 2, 6};
    Weights weights = full;
    std::vector<int> placed = place(weights, 9, 3'000);
    const std::vector<int> start = placed;
    for (int step = 0; step < 200; ++step) {
        const size_t node = rng.below(full.size());
        Weights changed = weights;
        changed[node] = weights[node] == 0 ? full[node] : 0;
        const std::vector<int> after = place(changed, 9, 3'000);
        const bool nobody = std::ranges::all_of(changed, [](uint32_t w) { return w == 0; });
        for (size_t key = 0; key < placed.size() && !nobody; ++key) {
            if (after[key] == placed[key]) continue;
            ASSERT_EQ(changed[node] == 0 ? placed[key] : after[key], static_cast<int>(node));
        }
        weights = changed;
        placed = after;
    }
    EXPECT_EQ(place(full, 9, 3'000), start);
}

TEST(Pick, SlowStartOnlyEverTakesKeysTowardsTheGrowingNode) {
    Weights weights{100, 0, 100, 100};
    std::vector<int> before = place(weights, 100, 20'000);
    for (uint32_t weight = 5; weight <= 100; weight += 5) {
        weights[1] = weight;
        const std::vector<int> after = place(weights, 100, 20'000);
        for (size_t key = 0; key < before.size(); ++key) {
            ASSERT_TRUE(after[key] == before[key] || after[key] == 1) << "at weight " << weight;
        }
        EXPECT_NEAR(static_cast<double>(std::ranges::count(after, 1)) / 20'000,
                    weight / (300.0 + weight), 0.015);
        before = after;
    }
}

TEST(Pick, MovesOneShareToANodeAddedAtTheEnd) {
    constexpr int kKeys = 100'000;
    for (const size_t nodes : {1u, 3u, 8u, 50u}) {
        const std::vector<int> before = place(Weights(nodes, 1), 1, kKeys);
        const std::vector<int> after = place(Weights(nodes + 1, 1), 1, kKeys);
        int moved = 0;
        for (size_t key = 0; key < before.size(); ++key) {
            if (after[key] == before[key]) continue;
            ASSERT_EQ(after[key], static_cast<int>(nodes));
            ++moved;
        }
        const double share = 1.0 / static_cast<double>(nodes + 1);
        const double sigma = std::sqrt(kKeys * share * (1 - share));
        EXPECT_NEAR(moved, kKeys * share, 4 * sigma) << nodes;
    }
}

TEST(Pick, FindsADifferentNodeForEveryDial) {
    Rng rng(8);
    for (int i = 0; i < 1'000; ++i) {
        const uint64_t hash = rng.next();
        Weights weights{1, 2, 3, 4, 5};
        std::vector<uint16_t> dialled;
        for (int dial = 0; dial < 5; ++dial) {
            const std::optional<uint16_t> node = pick(hash, weights, 5);
            ASSERT_TRUE(node);
            dialled.push_back(*node);
            weights[*node] = 0;
        }
        ASSERT_EQ(pick(hash, weights, 5), std::nullopt);
        std::ranges::sort(dialled);
        ASSERT_EQ(dialled, (std::vector<uint16_t>{0, 1, 2, 3, 4}));
    }
}

// A unit is no more than that: thousandths of a weight choose as whole ones do.
TEST(Pick, ChoosesAlikeInEveryUnit) {
    Rng rng(10);
    for (int round = 0; round < 200; ++round) {
        Weights whole(1 + rng.below(40));
        for (uint32_t& weight : whole) weight = static_cast<uint32_t>(rng.below(kWeightMax + 1));
        if (round % 4 == 0)  // few are live: rendezvous
            for (size_t i = 2; i < whole.size(); ++i) whole[i] = 0;
        Weights thousandths = whole;
        for (uint32_t& weight : thousandths) weight *= kShareFull;
        for (int i = 0; i < 100; ++i) {
            const uint64_t hash = rng.next();
            ASSERT_EQ(pick(hash, thousandths, kEffectiveWeightMax), pick(hash, whole, kWeightMax));
        }
    }
}

TEST(Pick, CountsItsDraws) {
    Rng rng(11);
    const Weights equal(8, 1);
    Weights one_of_many(4'096, 0);
    one_of_many[7] = 1;
    int by_rendezvous = 0;
    for (int i = 0; i < 1'000; ++i) {
        EXPECT_EQ(draw(rng.next(), equal, 1)->attempts, 1u);
        const uint32_t attempts = draw(rng.next(), one_of_many, 1)->attempts;
        ASSERT_LE(attempts, kPickAttempts + 1);
        by_rendezvous += attempts == kPickAttempts + 1;
    }
    EXPECT_GT(by_rendezvous, 950);  // 64 draws meet one of 4,096 once in 64 times
}

TEST(PickByName, AgreesWithFloatingPointLogarithms) {
    Rng rng(12);
    Weights weights(50);
    std::vector<uint64_t> names(50);
    for (size_t n = 0; n < names.size(); ++n) names[n] = hash_of("broker" + std::to_string(n));
    for (int round = 0; round < 20; ++round) {
        for (uint32_t& weight : weights) weight = static_cast<uint32_t>(rng.below(1'000'001));
        for (int i = 0; i < 50; ++i) {
            const uint64_t hash = rng.next();
            size_t best = 0;
            double best_score = INFINITY;
            for (size_t n = 0; n < weights.size(); ++n) {
                const uint64_t uniform = mix(mix(hash, 0x4e7de5) ^ names[n], 0);
                const double score =
                    -std::log2(std::ldexp(static_cast<double>(uniform), -64)) / weights[n];
                if (weights[n] != 0 && score < best_score) best = n, best_score = score;
            }
            ASSERT_EQ(pick_by_name(hash, weights, names), best) << hash;
        }
    }
}

// Names and keys as fleets have them, one digit apart.
TEST(PickByName, GivesEveryNodeItsShareOfNumberedKeys) {
    const Weights weights{1, 2, 3, 4};
    std::vector<uint64_t> names;
    for (int n = 0; n < 4; ++n) names.push_back(hash_of("broker" + std::to_string(n) + ":1883"));
    std::vector<int> placed;
    for (int i = 0; i < 100'000; ++i)
        placed.push_back(*pick_by_name(hash_of("device-" + std::to_string(i)), weights, names));
    EXPECT_LT(chi_square(placed, weights), 21.1);
}

TEST(PickDeathTest, StopsOnBrokenLimits) {
    EXPECT_DEATH(pick(1, Weights{3, 3}, 2), "broken invariant");
    EXPECT_DEATH(pick(1, Weights{3}, kEffectiveWeightMax + 1), "broken invariant");
    EXPECT_DEATH(pick(1, Weights(kNodesMax + 1), 1), "broken invariant");
    EXPECT_DEATH(pick_by_name(1, Weights{1, 1}, std::vector<uint64_t>{1}), "broken invariant");
}

}  // namespace
}  // namespace jumpgate
