#include "loadgen/html.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace jumpgate::load {
namespace {

TEST(EscapeHtml, LeavesNoMarkup) {
    EXPECT_EQ(escape_html("</script><b a=\"1\" c='2'>&amp;"),
              "&lt;/script&gt;&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;");
    EXPECT_EQ(escape_html("plain \u00fc 123"), "plain \u00fc 123");
}

TEST(ToScriptJson, CannotEndOrHideItsElement) {
    EXPECT_EQ(to_script_json("</script>"), "\"\\u003c/script\\u003e\"");
    EXPECT_EQ(to_script_json("<!--&\"\\\n\x01"),
              "\"\\u003c!--\\u0026\\u0022\\u005c\\u000a\\u0001\"");
    EXPECT_EQ(to_script_json("tenant/\u00fc"), "\"tenant/\u00fc\"");
}

TEST(CountText, GroupsThousands) {
    const std::vector<std::pair<double, std::string>> cases = {{0, "0"},
                                                               {0.25, "0.25"},
                                                               {9, "9"},
                                                               {12.6, "13"},
                                                               {999, "999"},
                                                               {1'000, "1,000"},
                                                               {-999, "-999"},
                                                               {-1'000, "-1,000"},
                                                               {999'999, "999,999"},
                                                               {1'234'567, "1,234,567"}};
    for (const auto& [count, text] : cases) EXPECT_EQ(count_text(count), text) << count;
}

TEST(TimeText, TakesTheUnitThatReadsBest) {
    const std::vector<std::pair<double, std::string>> cases = {
        {0, "0 \u00b5s"},       {999, "999 \u00b5s"},     {999.7, "1 ms"},       {1'250, "1.25 ms"},
        {98'700, "98.7 ms"},    {999'400, "999 ms"},      {999'700, "0.9997 s"}, {1'000'000, "1 s"},
        {59'400'000, "59.4 s"}, {3'600'000'000, "3600 s"}};
    for (const auto& [time_us, text] : cases) EXPECT_EQ(time_text(time_us), text) << time_us;
}

TEST(ShareText, NeverRoundsToAllOrNothing) {
    const std::vector<std::pair<double, std::string>> cases = {
        {0, "0 %"},          {0.0002, "under 0.1 %"},  {0.125, "12.5 %"}, {0.5, "50 %"},
        {0.99949, "99.9 %"}, {0.99999, "over 99.9 %"}, {1, "100 %"},      {2.5, "250 %"}};
    for (const auto& [share, text] : cases) EXPECT_EQ(share_text(share), text) << share;
}

TEST(RatioText, KeepsThreeDigits) {
    EXPECT_EQ(ratio_text(1.04), "1.04\u00d7");
    EXPECT_EQ(ratio_text(12.34), "12.3\u00d7");
    EXPECT_EQ(ratio_text(345.6), "346\u00d7");
}

}  // namespace
}  // namespace jumpgate::load
