#include "loadgen/manual.h"

#include <gtest/gtest.h>

#include "core/base/man_page.h"
#include "loadgen/commands.h"

namespace jumpgate::load {
namespace {

TEST(JumploadManual, HasEveryMode) {
    const Manual manual = jumpload_manual();
    ASSERT_EQ(manual.modes.size(), commands().size());
    for (size_t i = 0; i < manual.modes.size(); ++i) {
        EXPECT_EQ(manual.modes[i].name, commands()[i].name);
        EXPECT_FALSE(manual.modes[i].flags.rows.empty()) << manual.modes[i].name;
    }
}

TEST(JumploadManual, HasTheSectionsThatReadersLookFor) {
    const std::string page = man_page(jumpload_manual());
    size_t last = 0;
    for (const char* title :
         {"NAME", "SYNOPSIS", "DESCRIPTION", "MODES", "OPTIONS: PLAYING CLIENTS",
          "OPTIONS: PLAYING BROKERS", "OPTIONS OF EVERY MODE", "OPTIONS IN PLACE OF A MODE",
          "EXIT STATUS", "ENVIRONMENT", "FILES", "SIGNALS", "EXAMPLES", "SEE ALSO"}) {
        const size_t at = page.find(std::string(".SH \"") + title + "\"\n");
        ASSERT_NE(at, page.npos) << title;
        EXPECT_GT(at, last) << title;
        last = at;
    }
}

}  // namespace
}  // namespace jumpgate::load
