#include "loadgen/disturbances.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace jumpgate::load {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;

Options options_of(std::vector<const char*> arguments) {
    return std::get<Options>(parse_options(Mode::Conn, arguments, 100'000));
}

std::vector<uint32_t> all(uint32_t count) {
    std::vector<uint32_t> indices(count);
    std::iota(indices.begin(), indices.end(), 0U);
    return indices;
}

TEST(Disturbances, WithoutOptionsThereAreNone) {
    const Options options = options_of({"-c", "10"});
    Disturbances disturbances;
    EXPECT_EQ(disturbances.next_due_ns(), UINT64_MAX);
    disturbances.build(options, all(10), 0, 0);
    EXPECT_EQ(disturbances.next_due_ns(), UINT64_MAX);
}

TEST(Disturbances, AStormComesAtItsTimeOfTheMeasuredPart) {
    const Options options = options_of({"-c", "10", "--storm", "at=10s,drop=50%,every=30s"});
    Disturbances disturbances;
    disturbances.build(options, all(10), 5, 100);
    for (uint64_t number = 0; number < 3; ++number) {
        EXPECT_EQ(disturbances.next_due_ns(), 100 + (10 + 30 * number) * kSecond);
        const Disturbance storm = disturbances.next();
        EXPECT_EQ(storm.kind, DisturbanceKind::Storm);
        EXPECT_EQ(storm.storm, number);
    }
    const Options once = options_of({"-c", "10", "--storm", "at=10s,drop=50%"});
    disturbances.build(once, all(10), 0, 0);
    disturbances.next();
    EXPECT_EQ(disturbances.next_due_ns(), UINT64_MAX);
}

TEST(Disturbances, AStormHitsExactlyItsShareAndOthersEachTime) {
    const Options options = options_of({"-c", "1000", "--storm", "at=0,drop=30%"});
    Disturbances disturbances;
    disturbances.build(options, all(1'000), 0, 0);
    unsigned first = 0;
    unsigned second = 0;
    unsigned both = 0;
    for (uint32_t index = 0; index < 1'000; ++index) {
        first += disturbances.hits(0, index) ? 1 : 0;
        second += disturbances.hits(1, index) ? 1 : 0;
        both += disturbances.hits(0, index) && disturbances.hits(1, index) ? 1 : 0;
    }
    EXPECT_EQ(first, 300U);
    EXPECT_EQ(second, 300U);
    EXPECT_GT(both, 50U);  // by chance 90
    EXPECT_LT(both, 130U);
}

TEST(Disturbances, EachClientHasItsTurnOncePerRound) {
    const Options options = options_of({"-c", "100", "--churn", "20%/s", "--takeover", "50%/s"});
    // Two threads: together each client once in 5 s leaves, and once in 2 s is taken over.
    std::vector<unsigned> left(100);
    std::vector<unsigned> taken(100);
    for (uint32_t thread = 0; thread < 2; ++thread) {
        std::vector<uint32_t> mine;
        for (uint32_t index = thread; index < 100; index += 2) mine.push_back(index);
        Disturbances disturbances;
        disturbances.build(options, mine, kSecond, 0);
        uint64_t last_ns = 0;
        while (disturbances.next_due_ns() < 11 * kSecond) {
            EXPECT_GE(disturbances.next_due_ns(), std::max(last_ns, kSecond));
            last_ns = disturbances.next_due_ns();
            const Disturbance turn = disturbances.next();
            ++(turn.kind == DisturbanceKind::Churn ? left : taken)[mine[turn.position]];
        }
    }
    for (uint32_t index = 0; index < 100; ++index) {
        EXPECT_EQ(left[index], 2U);
        EXPECT_EQ(taken[index], 5U);
    }
}

}  // namespace
}  // namespace jumpgate::load
