// sample: how many are chosen, of which, and how fairly.
#include "core/base/sample.h"

#include <gtest/gtest.h>

#include <array>
#include <set>

namespace jumpgate {
namespace {

struct Item : Link {
    size_t number = 0;
};

struct Items {
    Items() {
        for (size_t i = 0; i < all.size(); ++i) {
            all[i].number = i;
            list.push_back(all[i]);
        }
    }
    std::array<Item, 10> all;
    IntrusiveList<Item> list;
};

bool any(const Item&) { return true; }

TEST(Sample, ChoosesAsManyAsAskedForAndNoneTwice) {
    Items items;
    Rng rng(1);
    for (const size_t count : {0U, 1U, 3U, 10U, 11U}) {
        const std::vector<Item*> chosen = sample(items.list, count, rng, any);
        const std::set<Item*> different(chosen.begin(), chosen.end());
        EXPECT_EQ(chosen.size(), std::min<size_t>(count, 10));
        EXPECT_EQ(different.size(), chosen.size());
    }
}

TEST(Sample, TakesOnlyWhatIsWanted) {
    Items items;
    Rng rng(2);
    for (const Item* item :
         sample(items.list, 4, rng, [](const Item& one) { return one.number % 2 == 1; })) {
        EXPECT_EQ(item->number % 2, 1U);
    }
    EXPECT_TRUE(sample(items.list, 4, rng, [](const Item&) { return false; }).empty());
}

// 3 of 10, 10,000 times: 3,000 each, standard deviation 46; five of them either way.
TEST(Sample, FavoursNobody) {
    Items items;
    Rng rng(3);
    std::array<int, 10> times{};
    for (int round = 0; round < 10'000; ++round) {
        for (const Item* item : sample(items.list, 3, rng, any)) times[item->number]++;
    }
    for (const int count : times) EXPECT_NEAR(count, 3'000, 230);
}

}  // namespace
}  // namespace jumpgate
