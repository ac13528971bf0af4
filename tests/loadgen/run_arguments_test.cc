#include "loadgen/run_arguments.h"

#include <gtest/gtest.h>

namespace jumpgate::load {
namespace {

using Words = std::vector<std::string>;

RunArguments split(std::vector<const char*> arguments) { return split_run(arguments); }

Words own(const RunArguments& split) { return {split.own.begin(), split.own.end()}; }

TEST(RunArguments, AreSplitAtTheMode) {
    const RunArguments both = split({"--rounds", "3", "p2p", "-c", "2", "--", "pub"});
    EXPECT_EQ(own(both), (Words{"--rounds", "3", "p2p"}));
    EXPECT_EQ(both.run, (Words{"p2p", "-c", "2", "--", "pub"}));
    const RunArguments dashes = split({"--rounds=3", "--", "conn", "-c", "2"});
    EXPECT_EQ(own(dashes), (Words{"--rounds=3", "conn"}));
    EXPECT_EQ(dashes.run, (Words{"conn", "-c", "2"}));
    EXPECT_EQ(split({"--rounds=3", "--scenario", "churn", "-c", "2"}).run,
              (Words{"--scenario", "churn", "-c", "2"}));
    EXPECT_TRUE(split({"--rounds", "3"}).run.empty());
    EXPECT_TRUE(split({"--"}).run.empty());
}

TEST(RunArguments, AreRefusedWhereTheyAreNotARun) {
    EXPECT_NE(refused_run({}, {}).find("no mode"), std::string::npos);
    EXPECT_NE(refused_run({"broker"}, {}).find("broker"), std::string::npos);
    EXPECT_EQ(refused_run({"p2p", "-c", "9"}, {"--host", "-h"}), "");
    for (const char* taken : {"--host", "--host=a", "-h", "-hb"})
        EXPECT_NE(refused_run({"p2p", taken}, {"--host", "-h"}).find("leave it out"),
                  std::string::npos)
            << taken;
}

TEST(RunArguments, ResultsAreTheCommandsAndNotTheRuns) {
    for (const char* json : {"--json", "--json=x"})
        EXPECT_NE(refused_run({"p2p", json}, {}).find("give it before the mode"), std::string::npos)
            << json;
    EXPECT_NE(refused_run({"p2p", "--quiet"}, {}).find("--quiet: is set for each run"),
              std::string::npos);
}

TEST(RunArguments, LackADurationWhereNeitherFlagsNorScenarioSayOne) {
    EXPECT_TRUE(lacks_duration({"p2p", "-c", "2"}));
    EXPECT_FALSE(lacks_duration({"p2p", "--duration", "3"}));
    EXPECT_FALSE(lacks_duration({"p2p", "--duration=3"}));
    EXPECT_FALSE(lacks_duration({"--scenario", "churn"}));
    EXPECT_FALSE(lacks_duration({"--scenario=churn"}));
    // The run itself says what is wrong with these.
    EXPECT_TRUE(lacks_duration({"--scenario", "no-such-scenario"}));
    EXPECT_TRUE(lacks_duration({"--scenario"}));
}

TEST(RunArguments, ResultsThatCannotBeWrittenAreSaid) {
    testing::internal::CaptureStderr();
    EXPECT_FALSE(write_result("compare", "/dev/full", std::string(100'000, 'x')));
    EXPECT_FALSE(write_result("compare", "/no/such/folder/x", "x"));
    const std::string said = testing::internal::GetCapturedStderr();
    EXPECT_NE(said.find("--json /dev/full: could not be written: No space"), std::string::npos)
        << said;
}

}  // namespace
}  // namespace jumpgate::load
