// cut_text: UTF-8 stays UTF-8 wherever it is cut.
#include "core/base/cut_text.h"

#include <gtest/gtest.h>

#include <iterator>
#include <string_view>

namespace jumpgate {

TEST(CutText, CutsInFrontOfACharacter) {
    constexpr std::string_view kText = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z";  // 1, 2, 3, 4, 1
    const size_t kept[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};
    for (size_t max = 0; max < std::size(kept); ++max) {
        EXPECT_EQ(cut_text(kText, max), kText.substr(0, kept[max])) << max;
    }
}

TEST(CutText, EndsEvenWhereNothingBegins) { EXPECT_EQ(cut_text("\x80\x80\x80", 2), ""); }

}  // namespace jumpgate
