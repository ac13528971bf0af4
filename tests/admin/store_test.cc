#include "core/admin/store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "core/base/rng.h"
#include "core/base/time.h"
#include "tests/admin/scratch.h"

namespace jumpgate {
namespace {

std::unique_ptr<Store> opened(const std::string& directory) {
    Parsed<std::unique_ptr<Store>> store = Store::open(directory);
    if (const Problem* problem = std::get_if<Problem>(&store)) {
        ADD_FAILURE() << problem->text;
        return nullptr;
    }
    return std::move(std::get<std::unique_ptr<Store>>(store));
}

std::string problem_at(const std::string& directory) {
    const Parsed<std::unique_ptr<Store>> store = Store::open(directory);
    const Problem* problem = std::get_if<Problem>(&store);
    return problem == nullptr ? "opened" : problem->text;
}

bool written(Store& store, std::string_view text) {
    return !store.prepare(text).has_value() && !store.commit().has_value();
}

TEST(Store, WhatWasCommittedIsThereAfterARestart) {
    const Scratch scratch;
    const std::string directory = scratch.path("state");
    const std::string binary("{\0\n\xff}", 5);
    for (const std::string& text :
         {std::string("{}"), binary, std::string(), std::string(1'000'000, 'x')}) {
        ASSERT_TRUE(written(*opened(directory), text));
        EXPECT_EQ(opened(directory)->at_start(), text);
    }
    EXPECT_EQ(scratch.mode("state"), 0700U);
    EXPECT_EQ(scratch.mode("state/state.json"), 0600U);
}

TEST(Store, ANewDirectoryHoldsNothing) {
    const Scratch scratch;
    EXPECT_FALSE(opened(scratch.path("state"))->at_start().has_value());
}

TEST(Store, WhatWasOnlyPreparedIsForgotten) {
    const Scratch scratch;
    ASSERT_TRUE(written(*opened(scratch.path("state")), "old"));
    EXPECT_FALSE(opened(scratch.path("state"))->prepare("new").has_value());
    EXPECT_EQ(opened(scratch.path("state"))->at_start(), "old");
    EXPECT_EQ(scratch.read("state/state.json.next"), "");
    const auto store = opened(scratch.path("state"));
    EXPECT_FALSE(store->prepare("new").has_value());
    store->discard();
    EXPECT_FALSE(std::filesystem::exists(scratch.path("state/state.json.next")));
}

TEST(Store, OneProcessPerDirectory) {
    const Scratch scratch;
    auto store = opened(scratch.path("state"));
    EXPECT_NE(problem_at(scratch.path("state")).find("another process uses it"), std::string::npos);
    store.reset();
    EXPECT_EQ(problem_at(scratch.path("state")), "opened");
}

TEST(Store, EveryDamagedByteIsNoticed) {
    const Scratch scratch;
    ASSERT_TRUE(written(*opened(scratch.path("state")), R"({"objects":[]})"));
    const std::string good = scratch.read("state/state.json");
    for (size_t i = 0; i < good.size(); ++i) {
        std::string bad = good;
        bad[i] = static_cast<char>(bad[i] ^ 1);
        scratch.write("state/state.json", bad);
        EXPECT_NE(problem_at(scratch.path("state")).find("is damaged"), std::string::npos) << i;
        scratch.write("state/state.json", good.substr(0, i));
        EXPECT_NE(problem_at(scratch.path("state")), "opened") << "cut at " << i;
    }
    scratch.write("state/state.json", good + "x");
    EXPECT_NE(problem_at(scratch.path("state")).find("is damaged"), std::string::npos);
}

TEST(Store, SaysWhichPathCannotBeUsed) {
    const Scratch scratch;
    scratch.write("file", "");
    EXPECT_EQ(problem_at(scratch.path("file")), scratch.path("file") + ": Not a directory");
    EXPECT_EQ(problem_at(scratch.path("a/b")), scratch.path("a/b") + ": No such file or directory");
}

TEST(Store, WarnsWhereOthersMayExchangeItsFiles) {
    const Scratch scratch;
    const std::string directory = scratch.path("state");
    EXPECT_EQ(opened(directory)->warning(), "");
    for (const mode_t mode : {0775, 0702, 01777}) {
        ASSERT_EQ(chmod(directory.c_str(), mode), 0);
        EXPECT_EQ(opened(directory)->warning(),
                  fmt::format("{}: others than its owner may exchange what the Admin API made, and "
                              "its key (mode {:04o}); chmod 700",
                              directory, mode));
    }
    ASSERT_EQ(chmod(directory.c_str(), 0755), 0);
    EXPECT_EQ(opened(directory)->warning(), "");
}

TEST(Store, ALookFindsWhatAStartWouldAndLeavesNoTrace) {
    const Scratch scratch;
    const auto look = [&scratch](std::string_view name) {
        const Parsed<std::optional<std::string>> found = Store::look(scratch.path(name));
        if (const Problem* problem = std::get_if<Problem>(&found)) return problem->text;
        return std::get<std::optional<std::string>>(found).value_or("nothing");
    };
    EXPECT_EQ(look("new"), "nothing");
    EXPECT_FALSE(std::filesystem::exists(scratch.path("new")));
    scratch.write("file", "");
    EXPECT_EQ(look("file"), problem_at(scratch.path("file")));
    EXPECT_EQ(look("a/b"), problem_at(scratch.path("a/b")));

    auto store = opened(scratch.path("state"));
    ASSERT_TRUE(written(*store, "{}"));
    EXPECT_FALSE(store->prepare("next").has_value());
    EXPECT_EQ(look("state"), "{}") << "while the process runs, and between two states";
    EXPECT_FALSE(store->commit().has_value());
    EXPECT_EQ(look("state"), "next");
    store.reset();
    scratch.write("state/state.json", "jumpgate-state-1 damaged");
    EXPECT_EQ(look("state"), problem_at(scratch.path("state")));
}

// The process may not write past 4 KiB: EFBIG, which takes the same way as ENOSPC.
TEST(Store, AFullDiskChangesNothing) {
    const Scratch scratch;
    const std::string directory = scratch.path("state");
    ASSERT_TRUE(written(*opened(directory), "old"));
    const auto store = opened(directory);
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
    const rlimit small{4'096, before.rlim_max};
    std::signal(SIGXFSZ, SIG_IGN);
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
    const std::optional<Problem> problem = store->prepare(std::string(100'000, 'x'));
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
    ASSERT_TRUE(problem.has_value());
    EXPECT_NE(problem->text.find("File too large"), std::string::npos) << problem->text;
    EXPECT_FALSE(std::filesystem::exists(directory + "/state.json.next"));
    EXPECT_NE(scratch.read("state/state.json").find("old"), std::string::npos);
    EXPECT_TRUE(written(*store, "new"));
}

struct Unmount {
    std::string path;
    ~Unmount() { EXPECT_EQ(umount(path.c_str()), 0); }
};

// The real thing, where the test may mount; elsewhere the limit above stands in for it.
TEST(Store, AFullFileSystemChangesNothing) {
    const Scratch scratch;
    if (mount("tmpfs", scratch.path().c_str(), "tmpfs", 0, "size=64k") != 0)
        GTEST_SKIP() << "may not mount a file system";
    const Unmount unmount{scratch.path()};
    {
        const auto store = opened(scratch.path("state"));
        ASSERT_TRUE(written(*store, "old"));
        const std::optional<Problem> problem = store->prepare(std::string(100'000, 'x'));
        ASSERT_TRUE(problem.has_value());
        EXPECT_NE(problem->text.find("No space left on device"), std::string::npos);
        EXPECT_TRUE(written(*store, "new"));
        ASSERT_EQ(mount(nullptr, scratch.path().c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr),
                  0);
        const std::optional<Problem> read_only = store->prepare("newer");
        ASSERT_TRUE(read_only.has_value());
        EXPECT_NE(read_only->text.find("Read-only file system"), std::string::npos);
        EXPECT_NE(scratch.read("state/state.json").find("new"), std::string::npos);
    }
}

// ---- kill -9 ----------------------------------------------------------------------------------

std::string text_of(uint64_t number) {
    return fmt::format("{}:{}", number, std::string(number * 7'919 % 50'000, 'x'));
}

// Writes states without end, and tells `pipe` the number of each one begun and each one done.
[[noreturn]] void write_for_ever(const std::string& directory, uint64_t number, int pipe) {
    Parsed<std::unique_ptr<Store>> store = Store::open(directory);
    if (!std::holds_alternative<std::unique_ptr<Store>>(store)) _exit(1);
    for (;; ++number) {
        if (!written(*std::get<std::unique_ptr<Store>>(store), text_of(number))) _exit(2);
        if (write(pipe, &number, sizeof number) != sizeof number) _exit(3);
    }
}

TEST(Store, SurvivesKillNineAtAnyMoment) {
    constexpr int kKills = 250;
    const Scratch scratch;
    const std::string directory = scratch.path("state");
    Rng rng(20'260'723);
    uint64_t next = 1;
    uint64_t between = 0;  // kills that found a state newer than the last one reported
    for (int kill_number = 0; kill_number < kKills; ++kill_number) {
        std::array<int, 2> pipe_fds{};
        ASSERT_EQ(pipe(pipe_fds.data()), 0);
        const pid_t child = fork();
        if (child == 0) write_for_ever(directory, next, pipe_fds[1]);
        close(pipe_fds[1]);
        uint64_t done = 0;  // at least one state, then a moment that the seed chooses
        ASSERT_EQ(read(pipe_fds[0], &done, sizeof done), static_cast<ssize_t>(sizeof done));
        const uint64_t until = monotonic_ns() + rng.below(3 * kNanosPerMilli);
        while (monotonic_ns() < until) continue;
        ASSERT_EQ(kill(child, SIGKILL), 0);
        int status = 0;
        ASSERT_EQ(waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status)) << WEXITSTATUS(status);
        uint64_t reported = 0;
        while (read(pipe_fds[0], &reported, sizeof reported) > 0) done = reported;
        close(pipe_fds[0]);
        const auto store = opened(directory);
        ASSERT_NE(store, nullptr);
        const std::string& found = store->at_start().value();
        ASSERT_TRUE(found == text_of(done) || found == text_of(done + 1))
            << "kill " << kill_number << ": " << found.substr(0, 20) << " after " << done;
        between += found == text_of(done + 1);
        next = done + 2;
    }
    EXPECT_GT(next, static_cast<uint64_t>(kKills));
    RecordProperty("newer_than_reported", std::to_string(between));
}

}  // namespace
}  // namespace jumpgate
