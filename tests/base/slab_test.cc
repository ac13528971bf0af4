#include "core/base/slab.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace jumpgate {
namespace {

struct Tracked {
    explicit Tracked(int* alive_count, uint64_t v = 0) : alive(alive_count), value(v) { ++*alive; }
    ~Tracked() { --*alive; }
    int* alive;
    uint64_t value;
};

TEST(Slab, ConstructsWithTheArgumentsAndDestroys) {
    int alive = 0;
    Slab<Tracked> slab(10);
    Tracked* object = slab.create(&alive, 42u);
    ASSERT_NE(object, nullptr);
    EXPECT_EQ(object->value, 42u);
    EXPECT_EQ(alive, 1);
    EXPECT_EQ(slab.live(), 1u);
    slab.destroy(object);
    EXPECT_EQ(alive, 0);
    EXPECT_EQ(slab.live(), 0u);
}

TEST(Slab, StopsAtItsLimitAndGoesOnWhenOneComesBack) {
    int alive = 0;
    Slab<Tracked, 4> slab(10);  // a limit inside the third block
    std::vector<Tracked*> objects;
    for (int i = 0; i < 10; ++i) objects.push_back(slab.create(&alive));
    EXPECT_EQ(slab.limit(), 10u);
    EXPECT_EQ(slab.create(&alive), nullptr);
    EXPECT_EQ(alive, 10);
    slab.destroy(objects[3]);
    objects[3] = slab.create(&alive);
    EXPECT_NE(objects[3], nullptr);
    EXPECT_EQ(slab.create(&alive), nullptr);
    for (Tracked* object : objects) slab.destroy(object);
}

TEST(Slab, KeepsAddressesAndContentsWhileItGrows) {
    int alive = 0;
    Slab<Tracked, 8> slab(1'000);
    std::vector<Tracked*> objects;
    for (uint64_t i = 0; i < 1'000; ++i) objects.push_back(slab.create(&alive, i));
    EXPECT_EQ(std::set<Tracked*>(objects.begin(), objects.end()).size(), 1'000u);
    for (uint64_t i = 0; i < 1'000; ++i) EXPECT_EQ(objects[i]->value, i);
    for (Tracked* object : objects) slab.destroy(object);
}

TEST(Slab, ReusesTheCellFreedLast) {
    int alive = 0;
    Slab<Tracked> slab(10);
    Tracked* a = slab.create(&alive);
    Tracked* b = slab.create(&alive);
    slab.destroy(a);
    slab.destroy(b);
    EXPECT_EQ(slab.create(&alive), b);
    EXPECT_EQ(slab.create(&alive), a);
    slab.destroy(a);
    slab.destroy(b);
}

struct alignas(64) CacheLine {
    char bytes[64];
};

TEST(Slab, AlignsItsObjects) {
    Slab<CacheLine, 3> slab(20);
    std::vector<CacheLine*> lines;
    for (int i = 0; i < 20; ++i) {
        lines.push_back(slab.create());
        EXPECT_EQ(reinterpret_cast<uintptr_t>(lines.back()) % 64, 0u);
    }
    for (CacheLine* line : lines) slab.destroy(line);
}

TEST(SlabDeathTest, StopsWhereAnObjectOutlivesIt) {
    EXPECT_DEATH(
        {
            int alive = 0;
            Slab<Tracked> slab(1);
            slab.create(&alive);
        },
        "broken invariant");
}

}  // namespace
}  // namespace jumpgate
