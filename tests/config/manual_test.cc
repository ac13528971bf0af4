#include "core/config/manual.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/base/man_page.h"
#include "core/config/flags.h"

namespace jumpgate {
namespace {

TEST(JumpgateManual, HasEveryFlagOfTheTable) {
    const Manual manual = jumpgate_manual();
    ASSERT_EQ(manual.modes.size(), 1u);
    const Settings settings;
    EXPECT_EQ(manual.modes[0].flags.rows.size(), settings.table.rows().size());
}

TEST(JumpgateManual, NamesTheVariableOfEverySettingAndOfNothingElse) {
    const Manual manual = jumpgate_manual();
    const auto section = std::ranges::find(manual.sections, "ENVIRONMENT", &ManualSection::title);
    ASSERT_NE(section, manual.sections.end());
    const Settings settings;
    for (const Flag& flag : settings.table.rows()) {
        const bool named = section->text.find("`" + variable_name(flag) + "`") != std::string::npos;
        EXPECT_EQ(named, !flag.mode) << flag.name;
    }
}

TEST(JumpgateManual, HasTheSectionsThatReadersLookFor) {
    const std::string page = man_page(jumpgate_manual());
    size_t last = 0;
    for (const char* title : {"NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS",
                              "ENVIRONMENT", "FILES", "SIGNALS", "EXAMPLES", "SEE ALSO"}) {
        const size_t at = page.find(std::string(".SH \"") + title + "\"\n");
        ASSERT_NE(at, page.npos) << title;
        EXPECT_GT(at, last) << title;
        last = at;
    }
}

}  // namespace
}  // namespace jumpgate
