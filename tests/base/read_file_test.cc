// read_file: the text, or what is wrong with the file.
#include "core/base/read_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

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
    const std::string long_file = own_file(std::string((2U << 20U) + 1, 'x'));
    EXPECT_EQ(std::get<Problem>(read_file(long_file, 2U << 20U)).text, "is over 2 MiB");
    EXPECT_TRUE(std::holds_alternative<std::string>(read_file(long_file, 3U << 20U)));
}

// Nobody writes into the pipe: one who reads it waits for ever.
TEST(ReadFile, NeverWaitsForWhatIsNoRegularFile) {
    const std::string pipe = testing::TempDir() + "read_file_test_pipe";
    const std::string link = testing::TempDir() + "read_file_test_link";
    unlink(pipe.c_str());
    unlink(link.c_str());
    ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
    ASSERT_EQ(symlink(pipe.c_str(), link.c_str()), 0);
    for (const std::string& path : {pipe, link, std::string("/dev/null"), std::string("/dev/zero")})
        EXPECT_EQ(problem_of(path), "is no regular file") << path;
    unlink(link.c_str());
    unlink(pipe.c_str());
}

}  // namespace
}  // namespace jumpgate
