#include "core/base/page_flags.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/base/manual_sample.h"

namespace jumpgate {
namespace {

std::optional<FlagsExit> asked(const std::vector<const char*>& arguments) {
    return asked_page(arguments, sample_manual);
}

TEST(AskedPage, IsNoneWhereNobodyAsks) {
    EXPECT_FALSE(asked({}));
    EXPECT_FALSE(asked({"--help"}));
    EXPECT_FALSE(asked({"--help-completions", "bash"}));
}

TEST(AskedPage, IsTheOneThatIsNamed) {
    EXPECT_TRUE(asked({"--size", "0", "--help-man"})->text.starts_with(".\\\" Made by `paint"));
    EXPECT_TRUE(asked({"--help-completion", "bash"})->text.starts_with("# Lets bash"));
    EXPECT_TRUE(asked({"--help-completion=zsh"})->text.starts_with("#compdef paint\n"));
    EXPECT_EQ(asked({"--help-man"})->exit_code, 0);
    EXPECT_FALSE(asked({"--help-man"})->to_stderr);
}

TEST(AskedPage, RefusesAnUnknownShell) {
    const std::vector<std::pair<std::vector<const char*>, std::string>> cases = {
        {{"--help-completion", "fish"}, "\"fish\" is unknown"},
        {{"--help-completion="}, "\"\" is unknown"},
        {{"--help-completion"}, "needs a value (SHELL)"},
    };
    for (const auto& [arguments, problem] : cases) {
        const std::optional<FlagsExit> exit = asked(arguments);
        ASSERT_TRUE(exit);
        EXPECT_EQ(exit->exit_code, 2);
        EXPECT_TRUE(exit->to_stderr);
        EXPECT_EQ(exit->text,
                  "paint: --help-completion: " + problem + "; allowed: one of bash, zsh\n");
    }
}

std::vector<std::string> names(const std::vector<Flag>& rows) {
    std::vector<std::string> out;
    for (const Flag& row : rows) out.push_back(row.name);
    return out;
}

TEST(RowsOf, AddWhatEveryProgramKnows) {
    const Manual plain = sample_manual();
    EXPECT_EQ(
        names(rows_of(plain, &plain.modes.front())),
        (std::vector<std::string>{"size", "qos", "wet", "colour", "out", "host", "layer", "help",
                                  "help-markdown", "version", "help-man", "help-completion"}));
    const Manual moded = sample_manual_with_modes();
    EXPECT_EQ(names(rows_of(moded, &moded.modes.back())),
              (std::vector<std::string>{"help", "help-markdown", "version"}));
    EXPECT_EQ(names(rows_of(moded, nullptr)),
              (std::vector<std::string>{"help", "version", "help-man", "help-completion"}));
    Manual with_more = moded;
    with_more.instead_of_mode.resize(1);
    with_more.instead_of_mode.front().name = "picture";
    EXPECT_EQ(names(rows_of(with_more, nullptr)).front(), "picture");
    EXPECT_EQ(names(rows_of(with_more, &with_more.modes.back())).front(), "help");
}

}  // namespace
}  // namespace jumpgate
