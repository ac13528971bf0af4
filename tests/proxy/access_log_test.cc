// AccessLogFile: appending, rotation, and a disk that is full.
#include "core/proxy/access_log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace jumpgate {
namespace {

struct Folder {
    Folder() {
        std::string name = testing::TempDir() + "access.XXXXXX";
        EXPECT_NE(mkdtemp(name.data()), nullptr);
        path = name;
    }
    ~Folder() { std::filesystem::remove_all(path); }
    std::string file(const char* name) const { return (path / name).string(); }
    std::filesystem::path path;
};

std::string content(const std::string& path) {
    std::ostringstream all;
    all << std::ifstream(path).rdbuf();
    return all.str();
}

TEST(AccessLogFile, AppendsToWhatIsThere) {
    Folder folder;
    std::ofstream(folder.file("log")) << "before\n";
    AccessLogFile log;
    ASSERT_EQ(log.open(folder.file("log")), "");
    log.write("one\n");
    log.write("two\n");
    log.flush();
    EXPECT_EQ(content(folder.file("log")), "before\none\ntwo\n");
    EXPECT_EQ(log.lost_lines(), 0U);
}

TEST(AccessLogFile, MakesAFileThatIsNotForEverybody) {
    Folder folder;
    AccessLogFile log;
    ASSERT_EQ(log.open(folder.file("new")), "");
    struct stat info {};
    ASSERT_EQ(stat(folder.file("new").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0007U, 0U);
}

TEST(AccessLogFile, WritesByItselfWhenThereIsMuch) {
    Folder folder;
    AccessLogFile log;
    ASSERT_EQ(log.open(folder.file("log")), "");
    for (int i = 0; i < 100; ++i) log.write(std::string(999, 'x') + "\n");
    EXPECT_GE(content(folder.file("log")).size(), 64'000U);
}

TEST(AccessLogFile, WritesTheRestAtItsEnd) {
    Folder folder;
    {
        AccessLogFile log;
        ASSERT_EQ(log.open(folder.file("log")), "");
        log.write("last\n");
    }
    EXPECT_EQ(content(folder.file("log")), "last\n");
}

TEST(AccessLogFile, GoesOnInANewFileAfterARename) {
    Folder folder;
    AccessLogFile log;
    ASSERT_EQ(log.open(folder.file("log")), "");
    log.write("old\n");
    log.flush();
    std::filesystem::rename(folder.file("log"), folder.file("log.1"));
    log.write("still old\n");
    EXPECT_EQ(log.reopen(), "");
    log.write("new\n");
    log.flush();
    EXPECT_EQ(content(folder.file("log.1")), "old\nstill old\n");
    EXPECT_EQ(content(folder.file("log")), "new\n");
}

TEST(AccessLogFile, KeepsTheOldFileWhereTheNewOneCannotBeOpened) {
    Folder folder;
    std::filesystem::create_directory(folder.file("logs"));
    AccessLogFile log;
    ASSERT_EQ(log.open(folder.file("logs/log")), "");
    std::filesystem::rename(folder.file("logs"), folder.file("moved"));
    const std::string why = log.reopen();
    EXPECT_NE(why.find("logs/log: No such file or directory"), std::string::npos) << why;
    log.write("kept\n");
    log.flush();
    EXPECT_EQ(content(folder.file("moved/log")), "kept\n");
}

TEST(AccessLogFile, SaysWhatCannotBeOpened) {
    Folder folder;
    AccessLogFile log;
    const std::string why = log.open(folder.path.string());
    EXPECT_NE(why.find("Is a directory"), std::string::npos) << why;
    EXPECT_EQ(log.reopen(), "");
}

TEST(AccessLogFile, WritesToStandardOutput) {
    testing::internal::CaptureStdout();
    {
        AccessLogFile log;
        ASSERT_EQ(log.open("-"), "");
        log.write("seen\n");
        log.flush();
        EXPECT_EQ(log.reopen(), "");
        log.write("and again\n");
    }
    std::printf("open still\n");  // it is not ours to close
    EXPECT_EQ(testing::internal::GetCapturedStdout(), "seen\nand again\nopen still\n");
}

TEST(AccessLogFile, CountsWhatAFullDiskDidNotTake) {
    AccessLogFile log;
    ASSERT_EQ(log.open("/dev/full"), "");
    log.write("one\n");
    log.write("two\n");
    log.flush();
    EXPECT_EQ(log.lost_lines(), 2U);
    EXPECT_EQ(log.last_error(), ENOSPC);
    log.write("three\n");
    log.flush();
    EXPECT_EQ(log.lost_lines(), 3U);
}

// A reader that is not there, or does not read, costs lines; it never stops the control thread.
TEST(AccessLogFile, NeverWaitsForTheReaderOfAPipe) {
    Folder folder;
    const std::string pipe = folder.file("pipe");
    ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
    AccessLogFile log;
    EXPECT_NE(log.open(pipe).find("No such device or address"), std::string::npos);
    const int reader = open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    ASSERT_GE(reader, 0);
    ASSERT_EQ(log.open(pipe), "");
    for (int i = 0; i < 1'000; ++i) log.write(std::string(999, 'x') + "\n");  // a pipe holds 64 KiB
    log.flush();
    EXPECT_GT(log.lost_lines(), 0U);
    EXPECT_EQ(log.last_error(), EAGAIN);
    close(reader);
}

// A limit on the size of files stands for a disk that fills up in the middle of a line.
TEST(AccessLogFile, GivesALineThatWasCutAnEndOfItsOwn) {
    Folder folder;
    rlimit before{};
    getrlimit(RLIMIT_FSIZE, &before);
    auto* const on_signal = std::signal(SIGXFSZ, SIG_IGN);
    AccessLogFile log;
    ASSERT_EQ(log.open(folder.file("log")), "");
    const rlimit small{9, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
    log.write("first\n");
    log.write("second\n");
    log.write("third\n");
    log.flush();
    setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, on_signal);
    EXPECT_EQ(log.lost_lines(), 2U);
    EXPECT_EQ(log.last_error(), EFBIG);
    log.write("fourth\n");
    log.flush();
    EXPECT_EQ(content(folder.file("log")), "first\nsec\nfourth\n");
}

}  // namespace
}  // namespace jumpgate
