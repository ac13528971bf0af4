#include "core/base/completion.h"

#include <gtest/gtest.h>

namespace jumpgate {
namespace {

Flag number(uint64_t min, uint64_t max) {
    Flag flag;
    flag.kind = FlagKind::Number;
    flag.metavar = "N";
    flag.min = min;
    flag.max = max;
    return flag;
}

TEST(OfferOf, CountsShortRangesOnly) {
    EXPECT_EQ(offer_of(number(0, 2)).words, (std::vector<std::string>{"0", "1", "2"}));
    EXPECT_EQ(offer_of(number(5, 14)).words.size(), 10u);
    EXPECT_TRUE(offer_of(number(5, 15)).words.empty());
    EXPECT_TRUE(offer_of(number(0, UINT64_MAX)).words.empty());
    EXPECT_EQ(offer_of(number(UINT64_MAX - 1, UINT64_MAX)).words.size(), 2u);
}

TEST(OfferOf, TellsFilesFromFoldersByTheMetavar) {
    Flag flag;
    struct Case {
        const char* metavar;
        bool files, folders;
    };
    for (const auto& [metavar, files, folders] :
         {Case{"FILE", true, false}, Case{"DIR", false, true}, Case{"NAME|FILE.yaml", true, false},
          Case{"HOST:PORT", false, false}, Case{"", false, false}}) {
        flag.metavar = metavar;
        EXPECT_EQ(offer_of(flag).files, files) << metavar;
        EXPECT_EQ(offer_of(flag).folders, folders) << metavar;
    }
}

TEST(IsNegatable, HoldsForSwitchesOfSettings) {
    Manual manual;
    Flag flag;
    manual.has_other_sources = true;
    EXPECT_FALSE(is_negatable(manual, flag));
    flag.kind = FlagKind::Switch;
    EXPECT_TRUE(is_negatable(manual, flag));
    manual.has_other_sources = false;
    EXPECT_FALSE(is_negatable(manual, flag));
    manual.has_other_sources = true;
    flag.mode = true;
    EXPECT_FALSE(is_negatable(manual, flag));
}

}  // namespace
}  // namespace jumpgate
