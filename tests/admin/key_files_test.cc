#include "core/admin/key_files.h"

#include <gtest/gtest.h>

#include "tests/admin/scratch.h"

namespace jumpgate {
namespace {

constexpr std::string_view kAdmin = "0123456789abcdef";
constexpr std::string_view kViewer = "fedcba9876543210";

std::string problem_of(const Config& config, MissingKey missing) {
    const Parsed<KeyFiles> opened = open_key_files(config, missing);
    const Problem* problem = std::get_if<Problem>(&opened);
    return problem == nullptr ? "opened" : problem->text;
}

class KeyFilesTest : public testing::Test {
  protected:
    KeyFilesTest() { config_.admin = "127.0.0.1:9180"; }

    Scratch scratch_;
    Config config_;
};

TEST_F(KeyFilesTest, AllFilesTogetherWithTheirRoles) {
    config_.admin_key_file = scratch_.write("admin", kAdmin);
    config_.admin_viewer_key_file = scratch_.write("viewer", kViewer);
    Parsed<KeyFiles> opened = open_key_files(config_, MissingKey::Refuse);
    ASSERT_TRUE(std::holds_alternative<KeyFiles>(opened));
    const KeyFiles& files = std::get<KeyFiles>(opened);
    EXPECT_EQ(files.keys.role_of(kAdmin), Role::Admin);
    EXPECT_EQ(files.keys.role_of(kViewer), Role::Viewer);
    EXPECT_EQ(files.warnings.size(), 2U);  // mode 0644
    EXPECT_EQ(key_file_paths(config_),
              (std::vector<std::string>{config_.admin_key_file, config_.admin_viewer_key_file}));
}

TEST_F(KeyFilesTest, AKeyIsMadeAtTheStartOnly) {
    config_.state_dir = scratch_.path("");
    const std::string path = config_.state_dir + "/admin.key";
    EXPECT_EQ(key_file_paths(config_), std::vector<std::string>{path});
    EXPECT_EQ(problem_of(config_, MissingKey::Expect), "opened");
    EXPECT_EQ(problem_of(config_, MissingKey::Refuse),
              "--admin-key-file: " + path + ": No such file or directory");
    EXPECT_FALSE(std::filesystem::exists(path));
    Parsed<KeyFiles> opened = open_key_files(config_, MissingKey::Make);
    EXPECT_EQ(std::get<KeyFiles>(opened).made, std::vector<std::string>{path});
    EXPECT_TRUE(std::filesystem::exists(path));
    EXPECT_EQ(problem_of(config_, MissingKey::Refuse), "opened");
}

TEST_F(KeyFilesTest, AKeyCanBeExpectedWhereTheStateDirectoryIsYetToBeMade) {
    config_.state_dir = scratch_.path("new");
    EXPECT_EQ(problem_of(config_, MissingKey::Expect), "opened");
    config_.state_dir = scratch_.path("no/new");
    EXPECT_EQ(problem_of(config_, MissingKey::Expect),
              "--admin-key-file: " + config_.state_dir + "/admin.key: No such file or directory");
    config_.admin_key_file = scratch_.path("no/key");
    EXPECT_EQ(problem_of(config_, MissingKey::Expect),
              "--admin-key-file: " + config_.admin_key_file + ": No such file or directory");
}

TEST_F(KeyFilesTest, OneBadFileIsNoKeyAtAll) {
    EXPECT_EQ(problem_of(config_, MissingKey::Make).find("--admin: there is no place for its key"),
              0U);
    config_.admin_key_file = scratch_.write("admin", kAdmin);
    config_.admin_viewer_key_file = scratch_.write("viewer", kAdmin);
    const std::string viewer = "--admin-viewer-key-file: " + config_.admin_viewer_key_file;
    for (const MissingKey missing : {MissingKey::Make, MissingKey::Expect, MissingKey::Refuse}) {
        scratch_.write("viewer", kAdmin);
        EXPECT_EQ(problem_of(config_, missing), viewer + ": line 1: the key is there twice");
        scratch_.write("viewer", "short");
        EXPECT_EQ(problem_of(config_, missing),
                  viewer + ": line 1: the key has 5 characters; allowed: 16 to 256");
        std::filesystem::remove(scratch_.path("viewer"));
        EXPECT_EQ(problem_of(config_, missing), viewer + ": No such file or directory");
    }
}

TEST(KeyFilePaths, NoneWithoutAnAdminApi) {
    Config config;
    config.state_dir = "/var/lib/jumpgate";
    EXPECT_EQ(key_file_paths(config), std::vector<std::string>{});
}

}  // namespace
}  // namespace jumpgate
