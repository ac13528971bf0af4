#include "loadgen/result_files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/loadgen/example_results.h"

namespace jumpgate::load {
namespace {

Options options_of(std::vector<const char*> arguments) {
    return std::get<Options>(parse_options(Mode::P2p, arguments, 20'000));
}

std::string content(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

TEST(ResultFiles, WritesWhatIsAskedFor) {
    const std::string path = testing::TempDir() + "result_files_test.json";
    EXPECT_TRUE(write_results(options_of({"-c", "2"}), p2p_results()).empty());
    EXPECT_TRUE(
        write_results(options_of({"-c", "2", "--json", path.c_str()}), p2p_results()).empty());
    EXPECT_TRUE(content(path).starts_with("{\"schema_version\":"));
    std::filesystem::remove(path);
}

TEST(ResultFiles, SaysWhichFileCouldNotBeWritten) {
    const std::vector<std::string> nowhere =
        write_results(options_of({"-c", "2", "--json", "/nowhere/at/all"}), p2p_results());
    ASSERT_EQ(nowhere.size(), 1U);
    EXPECT_EQ(nowhere[0],
              "--json /nowhere/at/all: could not be written: No such file or directory");
    const std::vector<std::string> full =
        write_results(options_of({"-c", "2", "--json", "/dev/full"}), p2p_results());
    ASSERT_EQ(full.size(), 1U);
    EXPECT_EQ(full[0], "--json /dev/full: could not be written: No space left on device");
}

}  // namespace
}  // namespace jumpgate::load
