// Slots: a name keeps its number while it is listed or in use, and no longer.
#include "core/proxy/slots.h"

#include <gtest/gtest.h>

namespace jumpgate {
namespace {

constexpr auto kNobody = [](uint16_t) { return false; };

TEST(Slots, CountUpFromZeroAndKeepTheirNames) {
    Slots slots(8);
    EXPECT_EQ(slots.take("a", 1), 0);
    EXPECT_EQ(slots.take("b", 1), 1);
    EXPECT_EQ(slots.take("a", 2), 0);
    EXPECT_EQ(slots.size(), 2U);
    EXPECT_EQ(slots.name(1), "b");
}

TEST(Slots, AreFreedWhenNoSnapshotThatIsHeldListsThem) {
    Slots slots(8);
    slots.take("a", 1);
    slots.take("b", 1);
    slots.take("b", 2);
    slots.free_unused(1, kNobody);
    EXPECT_EQ(slots.name(0), "a") << "snapshot 1 may still be read";
    slots.free_unused(2, kNobody);
    EXPECT_EQ(slots.name(0), "");
    EXPECT_EQ(slots.name(1), "b");
    EXPECT_EQ(slots.take("c", 3), 0);
}

TEST(Slots, AreKeptWhileSomebodyUsesThem) {
    Slots slots(8);
    slots.take("a", 1);
    slots.free_unused(9, [](uint16_t slot) { return slot == 0; });
    EXPECT_EQ(slots.name(0), "a");
    slots.free_unused(9, kNobody);
    EXPECT_EQ(slots.name(0), "");
}

TEST(Slots, AreTakenBackWhereTheirSnapshotCouldNotBeMade) {
    Slots slots(3);
    slots.take("a", 1);
    slots.take("a", 2);
    slots.take("b", 2);
    slots.take("c", 2);
    slots.give_back(2);
    EXPECT_EQ(slots.name(0), "a") << "it had its slot before";
    EXPECT_EQ(slots.name(1), "");
    EXPECT_TRUE(slots.take("d", 2));
    EXPECT_TRUE(slots.take("e", 2));
    EXPECT_FALSE(slots.take("f", 2));
}

TEST(Slots, AreRefusedWhenAllAreTaken) {
    Slots slots(2);
    slots.take("a", 1);
    slots.take("b", 1);
    EXPECT_EQ(slots.take("c", 1), std::nullopt);
    EXPECT_EQ(slots.take("b", 2), 1);
    slots.free_unused(2, kNobody);
    EXPECT_EQ(slots.take("c", 2), 0);
}

}  // namespace
}  // namespace jumpgate
