#include "loadgen/commands.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace jumpgate::load {
namespace {

struct Outcome {
    int code = 0;
    std::string out;
    std::string err;
};

Outcome run(const std::vector<const char*>& arguments) {
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    Outcome outcome;
    outcome.code = run_command(arguments);
    outcome.out = testing::internal::GetCapturedStdout();
    outcome.err = testing::internal::GetCapturedStderr();
    return outcome;
}

TEST(Commands, StandInUsageByPurpose) {
    const std::string text = usage();
    size_t last = 0;
    for (const Command& command : commands()) {
        const size_t at = text.find(std::string(command.purpose));
        ASSERT_NE(at, std::string::npos) << command.name;
        EXPECT_GT(at, last) << command.name;
        last = at;
        EXPECT_LT(text.find(title(command.kind)), at) << command.name;
    }
    EXPECT_EQ(run({"--help"}).out, text);
}

TEST(Commands, OfOnePurposeStandTogether) {
    std::set<CommandKind> seen;
    CommandKind last = commands().front().kind;
    for (const Command& command : commands()) {
        if (command.kind != last) seen.insert(last);
        EXPECT_FALSE(seen.contains(command.kind)) << command.name;
        last = command.kind;
    }
}

// The sheet that the pages are made from is what the mode itself explains.
TEST(Commands, GiveTheFlagsThatTheirHelpExplains) {
    for (const Command& command : commands()) {
        const std::string name(command.name);
        const Outcome help = run({name.c_str(), "--help"});
        EXPECT_EQ(help.code, 0) << name;
        std::string rows;
        for (const Flag& flag : command.flags().rows) {
            const std::string row = "\n  " + heading(flag);
            EXPECT_NE(help.out.find(row), std::string::npos) << name << row;
            rows += row;
        }
        // And no other: a row begins at the third column.
        size_t count = 0;
        for (size_t at = 0; (at = help.out.find("\n  -", at)) != std::string::npos; ++at) ++count;
        const bool has_version = help.out.find("  -V, --version") != std::string::npos;
        EXPECT_EQ(count, command.flags().rows.size() + common_rows().size() - has_version)
            << name << rows;
    }
}

TEST(Commands, RefuseAnUnknownModeInOneLine) {
    for (const std::vector<const char*>& arguments :
         {std::vector<const char*>{}, {"p3p"}, {"--p2p"}, {""}}) {
        const Outcome outcome = run(arguments);
        EXPECT_EQ(outcome.code, 2);
        EXPECT_EQ(outcome.out, "");
        EXPECT_NE(outcome.err.find("is no mode"), std::string::npos) << outcome.err;
        EXPECT_NE(outcome.err.find("; allowed: conn, pub, "), std::string::npos) << outcome.err;
        EXPECT_EQ(outcome.err.find('\n'), outcome.err.size() - 1) << outcome.err;
    }
}

TEST(Commands, SayWhichModeWasMeantAndWhereAScenarioStands) {
    EXPECT_NE(run({"pubb"}).err.find("did you mean pub?"), std::string::npos);
    for (const std::vector<const char*>& arguments :
         {std::vector<const char*>{"p2p", "--scenario", "churn"}, {"pub", "--scenario=churn"}}) {
        const Outcome outcome = run(arguments);
        EXPECT_EQ(outcome.code, 2);
        EXPECT_NE(outcome.err.find("--scenario: stands first"), std::string::npos) << outcome.err;
    }
}

}  // namespace
}  // namespace jumpgate::load
