// FileWatch: every way in which a file becomes another one is seen once, and nothing else is.
#include "core/io/file_watch.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <atomic>
#include <cerrno>
#include <fstream>
#include <future>
#include <thread>

#include "tests/io/kernel.h"
#include "tests/io/seccomp.h"

namespace jumpgate {
namespace {

namespace fs = std::filesystem;
using Event = FileWatch::Event;

// A folder of its own, gone with the object.
class Folder {
  public:
    Folder() {
        std::string name = testing::TempDir() + "file_watch_XXXXXX";
        EXPECT_NE(mkdtemp(name.data()), nullptr);
        path = name;
    }
    ~Folder() { fs::remove_all(path); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    void write(const fs::path& file, const std::string& text) const {
        std::ofstream(path / file) << text;
    }
    fs::path path;
};

std::unique_ptr<FileWatch> watch(const std::vector<std::string>& paths) {
    Result<std::unique_ptr<FileWatch>> opened = FileWatch::open(paths);
    EXPECT_TRUE(opened);
    return std::move(*opened);
}

// wait() that gives up, with Ended, where nothing comes for too long.
Event next_event(FileWatch& watch) {
    std::future<Event> event = std::async(std::launch::async, [&] { return watch.wait(); });
    if (event.wait_for(std::chrono::nanoseconds(kPatienceNs)) != std::future_status::ready) {
        ADD_FAILURE() << "nothing was seen";
        watch.end();
    }
    return event.get();
}

// Nothing more to say: another watch has a change and its quiet period meanwhile.
void expect_quiet(FileWatch& watched) {
    const Folder elsewhere;
    const std::unique_ptr<FileWatch> clock = watch({(elsewhere.path / "x").string()});
    std::future<Event> event = std::async(std::launch::async, [&] { return watched.wait(); });
    elsewhere.write("x", "1");
    EXPECT_EQ(next_event(*clock), Event::Changed);
    watched.call();
    EXPECT_EQ(event.get(), Event::Called);
}

struct Change {
    const char* name;
    const char* file;  // what is watched, in the folder
    void (*arrange)(const Folder&);
    void (*change)(const Folder&);
};

// As the kubelet does it: the file is a link to ..data/x, and ..data a link to a dated folder.
void mount_config_map(const Folder& at) {
    fs::create_directory(at.path / "..2026_01");
    at.write("..2026_01/x", "1");
    fs::create_directory_symlink("..2026_01", at.path / "..data");
    fs::create_symlink("..data/x", at.path / "x");
}

void update_config_map(const Folder& at) {
    fs::create_directory(at.path / "..2026_02");
    at.write("..2026_02/x", "2");
    fs::create_directory_symlink("..2026_02", at.path / "..data_tmp");
    fs::rename(at.path / "..data_tmp", at.path / "..data");
    fs::remove_all(at.path / "..2026_01");
}

const Change kChanges[] = {
    {"WrittenInPlace", "x", [](const Folder& at) { at.write("x", "1"); },
     [](const Folder& at) { at.write("x", "2"); }},
    {"RenamedOver", "x", [](const Folder& at) { at.write("x", "1"); },
     [](const Folder& at) {
         at.write(".x.swp", "2");
         fs::rename(at.path / ".x.swp", at.path / "x");
     }},
    {"BackedUpAndWritten", "x", [](const Folder& at) { at.write("x", "1"); },
     [](const Folder& at) {
         fs::rename(at.path / "x", at.path / "x~");
         at.write("x", "2");
     }},
    {"Removed", "x", [](const Folder& at) { at.write("x", "1"); },
     [](const Folder& at) { fs::remove(at.path / "x"); }},
    {"Created", "x", [](const Folder&) {}, [](const Folder& at) { at.write("x", "1"); }},
    {"MadeReadable", "x", [](const Folder& at) { at.write("x", "1"); },
     [](const Folder& at) { chmod((at.path / "x").c_str(), 0600); }},
    {"CreatedWithItsFolders", "a/b/x", [](const Folder&) {},
     [](const Folder& at) {
         fs::create_directories(at.path / "a/b");
         at.write("a/b/x", "1");
     }},
    {"FolderExchanged", "a/x",
     [](const Folder& at) {
         fs::create_directory(at.path / "a");
         at.write("a/x", "1");
         fs::create_directory(at.path / "b");
         at.write("b/x", "2");
     },
     [](const Folder& at) {
         fs::rename(at.path / "a", at.path / "c");
         fs::rename(at.path / "b", at.path / "a");
     }},
    {"ConfigMapUpdated", "x", mount_config_map, update_config_map},
    {"LinkOnTheWayExchanged", "current/x",
     [](const Folder& at) {
         fs::create_directories(at.path / "v1");
         fs::create_directories(at.path / "v2");
         at.write("v1/x", "1");
         at.write("v2/x", "2");
         fs::create_directory_symlink(at.path / "v1", at.path / "current");
     },
     [](const Folder& at) {
         fs::remove(at.path / "current");
         fs::create_directory_symlink(at.path / "v2", at.path / "current");
     }},
    {"TargetOfARelativeLinkWritten", "links/x",
     [](const Folder& at) {
         fs::create_directory(at.path / "links");
         at.write("real", "1");
         fs::create_symlink("../links/./../real", at.path / "links/x");
     },
     [](const Folder& at) { at.write("real", "22"); }},
};

class EveryChange : public testing::TestWithParam<Change> {};

TEST_P(EveryChange, IsSeenOnce) {
    const Folder folder;
    GetParam().arrange(folder);
    const std::unique_ptr<FileWatch> files = watch({(folder.path / GetParam().file).string()});
    expect_quiet(*files);
    GetParam().change(folder);
    EXPECT_EQ(next_event(*files), Event::Changed);
    expect_quiet(*files);
    // And what is there now is watched as well.
    fs::create_directories((folder.path / GetParam().file).parent_path());
    folder.write(GetParam().file, "another text");
    EXPECT_EQ(next_event(*files), Event::Changed);
    expect_quiet(*files);
}

INSTANTIATE_TEST_SUITE_P(FileWatch, EveryChange, testing::ValuesIn(kChanges),
                         [](const auto& change) { return std::string(change.param.name); });

TEST(FileWatch, AFolderThatComesAndGoesIsFollowed) {
    const Folder folder;
    const std::unique_ptr<FileWatch> files = watch({(folder.path / "a/b/x").string()});
    for (int round = 0; round < 5; ++round) {
        SCOPED_TRACE(round);
        fs::create_directories(folder.path / "a/b");
        folder.write("a/b/x", "1");
        EXPECT_EQ(next_event(*files), Event::Changed);
        fs::remove_all(folder.path / "a");
        EXPECT_EQ(next_event(*files), Event::Changed);
    }
}

TEST(FileWatch, SeveralFilesChangedAtOnceAreOneChange) {
    const Folder folder;
    const std::unique_ptr<FileWatch> files =
        watch({(folder.path / "x").string(), (folder.path / "y").string()});
    for (int i = 0; i < 100; ++i) {
        folder.write("x", std::to_string(i));
        folder.write("y", std::to_string(i));
    }
    EXPECT_EQ(next_event(*files), Event::Changed);
    expect_quiet(*files);
}

TEST(FileWatch, WhatHappensBesideTheFilesWakesNobody) {
    const Folder folder;
    folder.write("x", "1");
    const std::unique_ptr<FileWatch> x = watch({(folder.path / "x").string()});
    const std::unique_ptr<FileWatch> beside = watch({(folder.path / "y").string()});
    std::future<Event> woken = std::async(std::launch::async, [&] { return x->wait(); });
    // The second change comes after a quiet period: the other watch would have spoken by then.
    for (int i = 0; i < 2; ++i) {
        folder.write("y", std::to_string(i));
        EXPECT_EQ(next_event(*beside), Event::Changed);
    }
    x->end();
    EXPECT_EQ(woken.get(), Event::Ended);
}

TEST(FileWatch, AFileThatNeverRestsIsSeenAllTheSame) {
    const Folder folder;
    folder.write("x", "1");
    const std::unique_ptr<FileWatch> files = watch({(folder.path / "x").string()});
    std::atomic<bool> seen = false;
    std::thread writer([&] {
        for (int i = 0; !seen; ++i) folder.write("x", std::to_string(i));
    });
    EXPECT_EQ(next_event(*files), Event::Changed);
    seen = true;
    writer.join();
}

TEST(FileWatch, ARelativePathStaysInTheFolderItWasOpenedIn) {
    const Folder folder;
    const fs::path before = fs::current_path();
    fs::current_path(folder.path);
    const std::unique_ptr<FileWatch> files = watch({"x"});
    fs::current_path(before);
    folder.write("x", "1");
    EXPECT_EQ(next_event(*files), Event::Changed);
}

TEST(FileWatch, LinksThatGoRoundAreNoMoreThanAMissingFile) {
    const Folder folder;
    fs::create_symlink("y", folder.path / "x");
    fs::create_symlink("x", folder.path / "y");
    const std::unique_ptr<FileWatch> files = watch({(folder.path / "x").string()});
    expect_quiet(*files);
    fs::remove(folder.path / "y");
    folder.write("y", "1");
    EXPECT_EQ(next_event(*files), Event::Changed);
}

TEST(FileWatch, CallsBeforeTheWaitAreOne) {
    const std::unique_ptr<FileWatch> files = watch({});
    files->call();
    files->call();
    EXPECT_EQ(next_event(*files), Event::Called);
    files->end();
    EXPECT_EQ(next_event(*files), Event::Ended);
}

TEST(FileWatch, ACallDoesNotHideAChange) {
    const Folder folder;
    const std::unique_ptr<FileWatch> files = watch({(folder.path / "x").string()});
    folder.write("x", "1");
    files->call();
    EXPECT_EQ(next_event(*files), Event::Called);
    EXPECT_EQ(next_event(*files), Event::Changed);
}

TEST(FileWatch, TheEndWakesWhoWaitsAndIsForEver) {
    const Folder folder;
    const std::unique_ptr<FileWatch> files = watch({(folder.path / "x").string()});
    std::future<Event> woken = std::async(std::launch::async, [&] { return files->wait(); });
    files->end();
    EXPECT_EQ(woken.get(), Event::Ended);
    folder.write("x", "1");
    files->call();
    EXPECT_EQ(files->wait(), Event::Ended);
    EXPECT_EQ(files->wait(), Event::Ended);
}

TEST(FileWatch, WithoutDescriptorsItSaysSo) {
    const LoweredLimit limit(RLIMIT_NOFILE, lowest_free_fd());
    Result<std::unique_ptr<FileWatch>> opened = FileWatch::open({"x"});
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::OutOfFiles);
}

// fs.inotify.max_user_watches is used up.
void files_are_seen_without_watches() {
    const Folder folder;
    if (!deny_system_call(SYS_inotify_add_watch, ENOSPC)) _exit(2);
    const std::unique_ptr<FileWatch> files = watch({(folder.path / "x").string()});
    folder.write("x", "1");
    const bool seen = next_event(*files) == Event::Changed;
    expect_quiet(*files);
    fs::remove_all(folder.path);
    _exit(seen && !testing::Test::HasFailure() ? 0 : 1);
}

TEST(FileWatchDeathTest, FoldersThatCannotBeWatchedAreLookedAt) {
    EXPECT_EXIT(files_are_seen_without_watches(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace jumpgate
