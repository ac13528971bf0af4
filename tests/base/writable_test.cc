// writable: what open(2) would say, and that nothing is left behind.
#include "core/base/writable.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace jumpgate {
namespace {

class Writable : public testing::Test {
  protected:
    Writable() {
        std::string name = testing::TempDir() + "writable.XXXXXX";
        EXPECT_NE(mkdtemp(name.data()), nullptr);
        folder_ = name;
        std::ofstream(path("file")) << "text";
        std::filesystem::create_directory(path("folder"));
    }
    ~Writable() override { std::filesystem::remove_all(folder_); }
    std::string path(const char* name) const { return (folder_ / name).string(); }

    std::filesystem::path folder_;
};

int errno_of_open(const std::string& path) {
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) return errno;
    close(fd);
    return 0;
}

TEST_F(Writable, SaysWhatOpenSaysAndLeavesNothingBehind) {
    for (const std::string& place :
         {path("file"), path("new"), path("folder"), path("folder/new"), path("none/new"),
          path("file/new"), std::string("/dev/null")}) {
        const bool was_there = std::filesystem::exists(place);
        const int said = write_error(place);
        EXPECT_EQ(std::filesystem::exists(place), was_there) << place;
        const int opened = errno_of_open(place);
        EXPECT_EQ(said == 0, opened == 0) << place << ": " << said << " and " << opened;
        if (was_there) {
            EXPECT_EQ(said, opened) << place;
        }
    }
    EXPECT_EQ(write_error(path("none/new")), ENOENT);
    EXPECT_EQ(write_error(path("file/new")), ENOTDIR);
    EXPECT_EQ(write_error(path("folder")), EISDIR);
}

TEST_F(Writable, GoesByThePermissionsOfFileAndFolder) {
    if (geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
    chmod(path("file").c_str(), 0400);
    chmod(path("folder").c_str(), 0500);
    EXPECT_EQ(write_error(path("file")), EACCES);
    EXPECT_EQ(write_error(path("folder/new")), EACCES);
    EXPECT_EQ(creation_error(path("folder/new")), EACCES);
}

TEST_F(Writable, ANameWithoutAFolderIsInTheCurrentOne) {
    EXPECT_EQ(creation_error("no-such-name"), errno_of_open("./no-such-name"));
    unlink("no-such-name");
}

TEST_F(Writable, ANameMayEndInASlash) {
    EXPECT_EQ(creation_error(path("folder/new/")), 0);
    EXPECT_EQ(creation_error(path("none/new//")), ENOENT);
}

}  // namespace
}  // namespace jumpgate
