// check_start: what the start would say, in the same words, and no trace of having looked.
#include "core/admin/start_check.h"

#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>

#include "core/admin/admin.h"
#include "tests/admin/catalog_fixture.h"

namespace jumpgate {
namespace {

// Names with sizes and times of change.
std::string listing(const std::string& folder) {
    std::vector<std::string> entries;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
        entries.push_back(fmt::format("{} {} {}", entry.path().string(),
                                      entry.is_regular_file() ? entry.file_size() : 0,
                                      entry.last_write_time().time_since_epoch().count()));
    std::ranges::sort(entries);
    return fmt::format("{}", fmt::join(entries, "\n"));
}

class StartCheckTest : public testing::Test {
  protected:
    // All errors, after a look that must not leave a trace.
    std::string check(const FileObjects& files = files_of(kFleet)) {
        const std::string before = listing(scratch_.path());
        StartCheck check = check_start(config_, files.objects);
        EXPECT_EQ(listing(scratch_.path()), before);
        objects_ = std::move(check.objects);
        std::string all;
        for (const Complaint& error : check.found.errors) all += text(error) + "\n";
        return all;
    }
    std::string start(const FileObjects& files = files_of(kFleet)) {
        auto opened = Admin::open(
            config_, files, [] { return LoadedFiles{}; }, control_,
            [this](std::string_view line) { lines_ += line; });
        const Problem* problem = std::get_if<Problem>(&opened);
        return problem == nullptr ? "" : "jumpgate: " + problem->text + "\n";
    }
    // An API that makes its key in the state directory.
    void with_state() {
        config_.admin = "127.0.0.1:0";
        config_.state_dir = scratch_.path("state");
    }
    // A stream route of the Admin API that goes to an upstream of the file.
    void with_route_of_the_api() {
        with_state();
        Parsed<std::unique_ptr<Store>> opened = Store::open(config_.state_dir);
        const auto& store = std::get<std::unique_ptr<Store>>(opened);
        Catalog catalog(control_, store.get());
        ASSERT_TRUE(catalog.start(files_of(kFleet)).errors.empty());
        ASSERT_EQ(catalog
                      .put(ObjectType::StreamRoute, "own",
                           json(R"({"upstream_id":"file-upstream","server_port":1883})"))
                      .status,
                  201U);
    }

    Scratch scratch_;
    Config config_;
    FakeControl control_;
    Objects objects_;
    std::string lines_;  // of start()
};

TEST_F(StartCheckTest, WhatCanStartIsNotComplainedOf) {
    EXPECT_EQ(check(), "");
    with_state();
    config_.access_log = scratch_.path("log");
    EXPECT_EQ(check(), "") << "nothing is there yet";
    EXPECT_EQ(start(), "");
    EXPECT_EQ(check(), "") << "all is there";
    config_.access_log = "-";
    config_.admin = "unix:" + scratch_.path("socket");
    EXPECT_EQ(check(), "");
}

TEST_F(StartCheckTest, SaysOfKeysAndStateWhatTheStartSays) {
    config_.admin = "127.0.0.1:0";
    const std::string known = "edd1c9f034335f136f87ad84b625c8f1";
    const std::string twice = "0123456789abcdef\n0123456789abcdef\n";
    const std::vector<std::pair<std::string, std::string>> key_files{
        {"", "there is no place for its key"},
        {scratch_.write("known", known), "CVE-2020-13945"},
        {scratch_.write("short", "short"), "allowed: 16 to 256"},
        {scratch_.write("empty", ""), "is empty"},
        {scratch_.write("twice", twice), "is there twice"},
        {scratch_.path(), "Is a directory"},
        {scratch_.path("none/key"), "No such file or directory"},
    };
    for (const auto& [path, words] : key_files) {
        config_.admin_key_file = path;
        const std::string said = check();
        EXPECT_NE(said.find(words), std::string::npos) << path << ": " << said;
        EXPECT_EQ(start(), said);
    }
    config_.admin.clear();
    const std::vector<std::pair<std::string, std::string>> state_dirs{
        {scratch_.path("none/state"), "No such file or directory"},
        {scratch_.path("empty"), "Not a directory"},
        {scratch_.path("damaged"), "is damaged"},
    };
    std::filesystem::create_directory(scratch_.path("damaged"));
    scratch_.write("damaged/state.json", "jumpgate-state-1 damaged");
    for (const auto& [path, words] : state_dirs) {
        config_.state_dir = path;
        const std::string said = check();
        EXPECT_NE(said.find(words), std::string::npos) << path << ": " << said;
        EXPECT_EQ(start(), said);
    }
}

TEST_F(StartCheckTest, SaysEverythingAtOnce) {
    config_.admin = "unix:" + scratch_.path("none/socket");
    config_.admin_key_file = scratch_.write("short", "short");
    config_.state_dir = scratch_.path("none/state");
    config_.access_log = scratch_.path("none/log");
    EXPECT_EQ(check(), fmt::format("jumpgate: --state-dir: {}: No such file or directory\n"
                                   "jumpgate: --admin-key-file: {}: line 1: the key has 5 "
                                   "characters; allowed: 16 to 256\n"
                                   "jumpgate: --access-log: open {}: No such file or directory\n"
                                   "jumpgate: --admin: {}: No such file or directory\n",
                                   config_.state_dir, config_.admin_key_file, config_.access_log,
                                   config_.admin));
}

TEST_F(StartCheckTest, FilesAndTheStateDirectoryMustFitTogether) {
    with_route_of_the_api();
    EXPECT_EQ(check(), "");
    EXPECT_EQ(objects_.stream_routes.size(), 2U);
    std::string renamed(kFleet);
    for (size_t at = 0; (at = renamed.find("file-upstream", at)) != std::string::npos;)
        renamed.replace(at, 4, "best");
    const std::string said = check(files_of(renamed));
    EXPECT_EQ(said.find(config_.state_dir + "/state.json: stream_routes[own]: "), 0U) << said;
    EXPECT_NE(said.find("file-upstream"), std::string::npos) << said;
    EXPECT_NE(start(files_of(renamed)), "");
    EXPECT_EQ(start(), "");
}

TEST_F(StartCheckTest, ARouteOfTheApiThatNoListenerServesIsAWarning) {
    with_route_of_the_api();
    config_.listen = {{"", 8883}};
    const StartCheck check = check_start(config_, files_of(kFleet).objects);
    EXPECT_TRUE(check.found.errors.empty());
    ASSERT_EQ(check.found.warnings.size(), 1U);
    EXPECT_EQ(text(check.found.warnings[0]),
              config_.state_dir +
                  "/state.json: stream_routes[own]: can never be chosen: server_port: no listener "
                  "has the port 1883");
    EXPECT_EQ(start(), "");
    EXPECT_NE(lines_.find("config_warning warning=\"stream_routes[own]: can never be chosen"),
              std::string::npos)
        << lines_;
}

TEST_F(StartCheckTest, AStateThatCanOnlyBeReadIsServedWithAWarning) {
    with_route_of_the_api();
    if (geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
    config_.admin_key_file = scratch_.write("key", "0123456789abcdef");
    ASSERT_EQ(chmod(config_.state_dir.c_str(), 0500), 0);
    const StartCheck check = check_start(config_, files_of(kFleet).objects);
    EXPECT_TRUE(check.found.errors.empty());
    ASSERT_FALSE(check.found.warnings.empty());
    EXPECT_NE(text(check.found.warnings[0]).find("can change nothing"), std::string::npos);
    EXPECT_EQ(start(), "");
    ASSERT_EQ(chmod(config_.state_dir.c_str(), 0700), 0);
}

TEST_F(StartCheckTest, AProcessThatRunsIsNotDisturbed) {
    with_route_of_the_api();
    const Parsed<std::unique_ptr<Store>> running = Store::open(config_.state_dir);
    ASSERT_FALSE(std::get<std::unique_ptr<Store>>(running)->prepare("next").has_value());
    EXPECT_EQ(check(), "");
}

}  // namespace
}  // namespace jumpgate
