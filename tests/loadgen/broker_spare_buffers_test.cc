#include "loadgen/broker_spare_buffers.h"

#include <gtest/gtest.h>

#include <string>

namespace jumpgate::broker {
namespace {

TEST(SpareBuffers, GiveBackWhatHasGrownEmptied) {
    SpareBuffers spares;
    std::string grown(10'000, 'x');
    const char* place = grown.data();
    spares.give(std::move(grown));
    const std::string again = spares.take();
    EXPECT_EQ(again.data(), place);
    EXPECT_TRUE(again.empty());
    EXPECT_GE(again.capacity(), 10'000U);
    EXPECT_EQ(spares.size(), 0U);
}

TEST(SpareBuffers, KeepNeitherTheSmallNorTheHuge) {
    SpareBuffers spares;
    spares.give({});
    spares.give(std::string(16, 'x'));
    spares.give(std::string(SpareBuffers::kBytesMax + 1, 'x'));
    EXPECT_EQ(spares.size(), 0U);
    EXPECT_EQ(spares.take().size(), 0U);
}

TEST(SpareBuffers, KeepSoManyAndNoMore) {
    SpareBuffers spares;
    for (size_t i = 0; i < SpareBuffers::kKept + 10; ++i) spares.give(std::string(1'000, 'x'));
    EXPECT_EQ(spares.size(), SpareBuffers::kKept);
}

}  // namespace
}  // namespace jumpgate::broker
