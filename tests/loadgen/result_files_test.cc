#include "loadgen/result_files.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
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

TEST(WriteFile, LeavesNoHalfOfAResult) {
    const std::string folder = testing::TempDir() + "write_file_test/";
    std::filesystem::create_directory(folder);
    const std::string path = folder + "run.json";
    EXPECT_EQ(write_file(path, "first"), "");
    EXPECT_EQ(content(path), "first");
    // The limit for the size of a file is a disk that is full (setrlimit(2)).
    signal(SIGXFSZ, SIG_IGN);
    rlimit before{};
    getrlimit(RLIMIT_FSIZE, &before);
    const rlimit small{4'096, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
    const std::string large(100'000, 'x');
    const std::string over_an_old_one = write_file(path, large);
    const std::string new_one = write_file(folder + "new.json", large);
    setrlimit(RLIMIT_FSIZE, &before);
    EXPECT_EQ(over_an_old_one, "File too large");
    EXPECT_EQ(new_one, "File too large");
    EXPECT_EQ(content(path), "first");
    const auto files = std::filesystem::directory_iterator(folder);
    EXPECT_EQ(std::distance(begin(files), end(files)), 1);
    std::filesystem::remove_all(folder);
}

TEST(WriteFile, WritesThroughALink) {
    const std::string path = testing::TempDir() + "write_file_test.link";
    std::filesystem::remove(path);
    std::filesystem::create_symlink("write_file_test.target", path);
    EXPECT_EQ(write_file(path, "text"), "");
    EXPECT_TRUE(std::filesystem::is_symlink(path));
    EXPECT_EQ(content(testing::TempDir() + "write_file_test.target"), "text");
    std::filesystem::remove(path);
    std::filesystem::remove(testing::TempDir() + "write_file_test.target");
}

}  // namespace
}  // namespace jumpgate::load
