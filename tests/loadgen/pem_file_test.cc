#include "loadgen/pem_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <string>

namespace jumpgate {
namespace {

std::string problem_of(const std::string& path) {
    const std::variant<tls::Pem, tls::Problem> read = read_pem(path);
    const tls::Problem* problem = std::get_if<tls::Problem>(&read);
    return problem == nullptr ? "" : problem->text;
}

// A file of this process, gone with the object.
struct TestFile {
    explicit TestFile(const std::string& text)
        : path(testing::TempDir() + "/pem_file_test." + std::to_string(getpid())) {
        std::ofstream(path) << text;
    }
    ~TestFile() { unlink(path.c_str()); }
    std::string path;
};

TEST(ReadPem, KeepsTheTextAndItsName) {
    for (const size_t size : {1U, 4'095U, 4'096U, 4'097U, 4'194'304U}) {
        const TestFile file(std::string(size, 'x'));
        const std::variant<tls::Pem, tls::Problem> read = read_pem(file.path);
        ASSERT_TRUE(std::holds_alternative<tls::Pem>(read)) << problem_of(file.path);
        EXPECT_EQ(std::get<tls::Pem>(read).text, std::string(size, 'x'));
        EXPECT_EQ(std::get<tls::Pem>(read).label, file.path);
    }
}

TEST(ReadPem, SaysWhichFileIsWrongAndHow) {
    EXPECT_EQ(problem_of("/nowhere/a.crt"),
              "/nowhere/a.crt: cannot be opened: No such file or directory");
    EXPECT_EQ(problem_of("/"), "/: cannot be read: Is a directory");
    const TestFile empty("");
    EXPECT_EQ(problem_of(empty.path), empty.path + ": is empty");
    const TestFile large(std::string(4'194'305, 'x'));
    EXPECT_EQ(problem_of(large.path), large.path + ": is too long; allowed: 4 MiB");
}

}  // namespace
}  // namespace jumpgate
