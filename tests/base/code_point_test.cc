#include "core/base/code_point.h"

#include <gtest/gtest.h>

#include <vector>

namespace jumpgate {
namespace {

std::vector<uint32_t> points_of(std::string_view text) {
    std::vector<uint32_t> points;
    while (!text.empty()) points.push_back(take_code_point(text));
    return points;
}

using Points = std::vector<uint32_t>;

TEST(TakeCodePoint, ReadsEveryLength) {
    EXPECT_EQ(points_of("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"),
              (Points{'a', 0xE9, 0x20AC, 0x1F600}));
    EXPECT_EQ(points_of("\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"),
              (Points{0x80, 0x7FF, 0x800, 0xFFFF, 0x10000, 0x10FFFF}));
}

TEST(TakeCodePoint, ReplacesWhatIsNoUtf8ByteByByte) {
    const std::pair<std::string_view, size_t> cases[] = {
        {"\xff", 1},              // no first byte of anything
        {"\x80", 1},              // continues nothing
        {"\xc3", 1},              // half a character
        {"\xe2\x82", 2},          //
        {"\xc0\xaf", 2},          // overlong
        {"\xe0\x80\xaf", 3},      //
        {"\xf0\x80\x80\xaf", 4},  //
        {"\xed\xa0\x80", 3},      // a surrogate
        {"\xf4\x90\x80\x80", 4},  // behind U+10FFFF
        {"\xf8\x88\x80\x80", 4},  // as there were five bytes once
    };
    for (const auto& [text, count] : cases)
        EXPECT_EQ(points_of(text), Points(count, kNoCodePoint)) << text.size();
    EXPECT_EQ(points_of("a\xc3"
                        "b"),
              (Points{'a', kNoCodePoint, 'b'}));
}

TEST(WellFormed, LeavesUtf8AndReplacesTheRest) {
    for (const char* good : {"", "a\n\"", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xef\xbf\xbd"})
        EXPECT_EQ(well_formed(good), good);
    EXPECT_EQ(well_formed("\xff-\xe2\x82"), "\xef\xbf\xbd-\xef\xbf\xbd\xef\xbf\xbd");
}

}  // namespace
}  // namespace jumpgate
