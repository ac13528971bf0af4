// read_file: the text, or what is wrong with the file.
#include "core/base/read_file.h"

#include <gtest/gtest.h>

#include <fstream>

namespace jumpgate {
namespace {

std::string problem_of(const std::string& path) {
    const Parsed<std::string> read = read_file(path);
    const Problem* problem = std::get_if<Problem>(&read);
    return problem == nullptr ? "" : problem->text;
}

std::string own_file(const std::string& text) {
    const std::string path = testing::TempDir() + "read_file_test";
    std::ofstream(path, std::ios::binary) << text;
    return path;
}

TEST(ReadFile, GivesEveryByte) {
    for (const size_t size : {1U, 16'383U, 16'384U, 16'385U, 100'000U}) {
        std::string text(size, 'x');
        text[size / 2] = '\0';
        const Parsed<std::string> read = read_file(own_file(text));
        ASSERT_TRUE(std::holds_alternative<std::string>(read)) << size;
        EXPECT_EQ(std::get<std::string>(read), text) << size;
    }
}

TEST(ReadFile, SaysWhatIsWrong) {
    EXPECT_EQ(problem_of("/nonexistent/file"), "No such file or directory");
    EXPECT_EQ(problem_of(testing::TempDir()), "Is a directory");
    EXPECT_EQ(problem_of(own_file("")), "is empty");
    EXPECT_EQ(problem_of(own_file(std::string(kTextFileBytesMax + 1, 'x'))), "is over 16 MiB");
}

}  // namespace
}  // namespace jumpgate
