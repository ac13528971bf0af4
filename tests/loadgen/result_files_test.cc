#include "loadgen/result_files.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

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

// In a child, which may not do what root may, and may mount what it likes in a namespace.
template <class Body>
int exit_code_of_child(Body body) {
    const pid_t child = fork();
    if (child == 0) _exit(body());
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
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

TEST(WhyUnwritable, IsToldBeforeAnythingIsWritten) {
    const std::string folder = testing::TempDir() + "why_unwritable_test/";
    std::filesystem::create_directory(folder);
    EXPECT_EQ(why_unwritable(folder + "new.json"), "");
    EXPECT_EQ(why_unwritable("new.json"), "");
    EXPECT_EQ(why_unwritable("/dev/full"), "");
    EXPECT_EQ(why_unwritable(folder), "is a folder; give a file in it");
    EXPECT_EQ(why_unwritable(folder + "no/"), "names no file");
    EXPECT_EQ(why_unwritable(folder + "no/x"),
              "there is no folder " + folder + "no/; make it first");
    EXPECT_EQ(write_file(folder + "x", "text"), "");
    EXPECT_EQ(why_unwritable(folder + "x"), "");
    EXPECT_EQ(why_unwritable(folder + "x/y"), "Not a directory");
    EXPECT_TRUE(why_unwritable("-").starts_with("standard output is for the text"));
    ASSERT_EQ(chmod((folder + "x").c_str(), 0444), 0);
    ASSERT_EQ(chmod(folder.c_str(), 0555), 0);
    EXPECT_EQ(exit_code_of_child([&] {
                  if (geteuid() == 0 && setresuid(12'345, 12'345, 12'345) != 0) return 2;
                  if (why_unwritable(folder + "x") != "Permission denied") return 3;
                  return why_unwritable(folder + "new.json").starts_with("nothing can be made") ? 0
                                                                                                : 4;
              }),
              0);
    ASSERT_EQ(chmod(folder.c_str(), 0755), 0);
    const auto files = std::filesystem::directory_iterator(folder);
    EXPECT_EQ(std::distance(begin(files), end(files)), 1);
    std::filesystem::remove_all(folder);
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

mode_t mode_of(const std::string& path) {
    struct stat there {};
    EXPECT_EQ(stat(path.c_str(), &there), 0);
    return there.st_mode & 07777;
}

TEST(WriteFile, KeepsModeAndOwner) {
    const std::string path = testing::TempDir() + "write_file_test.mode";
    EXPECT_EQ(write_file(path, "first"), "");
    ASSERT_EQ(chmod(path.c_str(), 0640), 0);
    // Only root may give files away.
    const bool given = chown(path.c_str(), 12'345, 12'346) == 0;
    EXPECT_EQ(write_file(path, "second"), "");
    EXPECT_EQ(content(path), "second");
    EXPECT_EQ(mode_of(path), 0640U);
    struct stat there {};
    ASSERT_EQ(stat(path.c_str(), &there), 0);
    EXPECT_EQ(there.st_uid, given ? 12'345 : geteuid());
    EXPECT_EQ(there.st_gid, given ? 12'346 : getegid());
    std::filesystem::remove(path);
}

TEST(WriteFile, WritesInPlaceWhereTheFolderMayNotBeChanged) {
    const std::string folder = testing::TempDir() + "write_file_test.closed/";
    const std::string path = folder + "run.json";
    std::filesystem::create_directory(folder);
    EXPECT_EQ(write_file(path, "first, and longer"), "");
    ASSERT_EQ(chmod(path.c_str(), 0666), 0);
    ASSERT_EQ(chmod(folder.c_str(), 0555), 0);
    EXPECT_EQ(exit_code_of_child([&] {
                  if (geteuid() == 0 && setresuid(12'345, 12'345, 12'345) != 0) return 2;
                  if (write_file(path, "second") != "") return 3;
                  return write_file(folder + "new.json", "x") == "Permission denied" ? 0 : 4;
              }),
              0);
    EXPECT_EQ(content(path), "second");
    ASSERT_EQ(chmod(folder.c_str(), 0755), 0);
    std::filesystem::remove_all(folder);
}

// docker run -v run.json:/run.json
TEST(WriteFile, WritesIntoAMountedFile) {
    const std::string path = testing::TempDir() + "write_file_test.mounted";
    const std::string from = testing::TempDir() + "write_file_test.outside";
    EXPECT_EQ(write_file(path, ""), "");
    EXPECT_EQ(write_file(from, "first"), "");
    constexpr int kNoNamespaces = 77;
    const int exit_code = exit_code_of_child([&] {
        const int flags = geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS;
        if (unshare(flags) != 0) return kNoNamespaces;
        mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
        if (mount(from.c_str(), path.c_str(), nullptr, MS_BIND, nullptr) != 0) return kNoNamespaces;
        return write_file(path, "second").empty() ? 0 : 3;
    });
    const std::string outside = content(from);
    std::filesystem::remove(path);
    std::filesystem::remove(from);
    if (exit_code == kNoNamespaces) GTEST_SKIP() << "no mount namespaces here";
    EXPECT_EQ(exit_code, 0);
    EXPECT_EQ(outside, "second");
}

TEST(WriteFile, LeavesAReadOnlyFileAlone) {
    const std::string path = testing::TempDir() + "write_file_test.kept";
    EXPECT_EQ(write_file(path, "first"), "");
    ASSERT_EQ(chmod(path.c_str(), 0444), 0);
    EXPECT_EQ(exit_code_of_child([&] {
                  if (geteuid() == 0 && setresuid(12'345, 12'345, 12'345) != 0) return 2;
                  return write_file(path, "second") == "Permission denied" ? 0 : 3;
              }),
              0);
    EXPECT_EQ(content(path), "first");
    std::filesystem::remove(path);
}

}  // namespace
}  // namespace jumpgate::load
