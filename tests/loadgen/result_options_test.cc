#include "loadgen/result_options.h"

#include <gtest/gtest.h>

#include <span>

namespace jumpgate::load {
namespace {

TEST(ResultOptions, TakesFilesAndLimits) {
    ResultOptions options;
    FlagTable table("program", "", "");
    add_result_flags(table, options);
    const std::vector<const char*> arguments = {"--json",    "a",        "--csv",           "b",
                                                "--hgrm",    "c",        "--hdr-log",       "d",
                                                "--fail-if", "p99>20ms", "--fail-if=lost>0"};
    ASSERT_FALSE(table.parse(arguments));
    EXPECT_EQ(options.json_path + options.csv_path + options.hgrm_path + options.hdr_log_path,
              "abcd");
    ASSERT_EQ(options.fail_if.size(), 2U);
    EXPECT_EQ(options.fail_if[1].text, "lost>0");
}

TEST(ResultOptions, RefusesLimitsThatMeanNothing) {
    ResultOptions options;
    FlagTable table("program", "", "");
    add_result_flags(table, options);
    const std::vector<const char*> arguments = {"--fail-if", "p99>20"};
    const std::optional<FlagsExit> exit = table.parse(arguments);
    ASSERT_TRUE(exit);
    EXPECT_EQ(exit->exit_code, 2);
    EXPECT_NE(exit->text.find("it needs us, ms or s"), std::string::npos) << exit->text;
    EXPECT_NE(exit->text.find("allowed: METRIC OP VALUE"), std::string::npos) << exit->text;
}

TEST(SettleResults, RefusesFilesThatCannotBeWritten) {
    ResultOptions options;
    EXPECT_EQ(settle_results(options), std::nullopt);
    options.csv_path = "/no/such/folder/x";
    EXPECT_EQ(settle_results(options),
              "--csv /no/such/folder/x: cannot be written: there is no folder /no/such/folder/; "
              "make it first");
    options.csv_path.clear();
    options.hdr_log_path = "-";
    EXPECT_NE(settle_results(options), std::nullopt);
}

TEST(SettleResults, RefusesOneFileForTwo) {
    ResultOptions options;
    options.json_path = testing::TempDir() + "settle_results_test";
    options.hgrm_path = testing::TempDir() + "./settle_results_test";
    EXPECT_EQ(settle_results(options),
              "--hgrm " + options.hgrm_path + ": is the file of --json as well; give each its own");
    options.hgrm_path += ".hgrm";
    EXPECT_EQ(settle_results(options), std::nullopt);
    for (std::string* path : options.paths()) *path = "/dev/null";
    EXPECT_EQ(settle_results(options), std::nullopt);
}

}  // namespace
}  // namespace jumpgate::load
