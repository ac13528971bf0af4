#include "loadgen/result_files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/loadgen/example_results.h"

namespace jumpgate::load {
namespace {

std::string content(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

TEST(ResultFiles, WritesWhatIsAskedFor) {
    EXPECT_TRUE(write_results({}, p2p_results()).empty());
    const std::string base = testing::TempDir() + "result_files_test.";
    ResultOptions options;
    options.json_path = base + "json";
    options.csv_path = base + "csv";
    options.hgrm_path = base + "hgrm";
    options.hdr_log_path = base + "hlog";
    EXPECT_TRUE(write_results(options, p2p_results()).empty());
    EXPECT_TRUE(content(options.json_path).starts_with("{\"schema_version\":"));
    EXPECT_TRUE(content(options.csv_path).starts_with("second,"));
    EXPECT_TRUE(holds(content(options.hgrm_path), "Percentile TotalCount"));
    EXPECT_TRUE(holds(content(options.hdr_log_path), "log format version 1.3"));
    for (const char* end : {"json", "csv", "hgrm", "hlog"}) std::filesystem::remove(base + end);
}

TEST(ResultFiles, SaysWhichFileCouldNotBeWritten) {
    ResultOptions options;
    options.json_path = "/nowhere/at/all";
    options.csv_path = "/dev/full";
    options.hgrm_path = "/dev/full";
    options.hdr_log_path = "/dev/full";
    const std::vector<std::string> problems = write_results(options, p2p_results());
    ASSERT_EQ(problems.size(), 4U);
    EXPECT_EQ(problems[0],
              "--json /nowhere/at/all: could not be written: No such file or directory");
    EXPECT_EQ(problems[1], "--csv /dev/full: could not be written: No space left on device");
    EXPECT_EQ(problems[2], "--hgrm /dev/full: could not be written: No space left on device");
    EXPECT_EQ(problems[3], "--hdr-log /dev/full: could not be written: No space left on device");
}

}  // namespace
}  // namespace jumpgate::load
