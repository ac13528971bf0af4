#include "core/admin/admin.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <latch>
#include <thread>
#include <vector>

#include "tests/admin/catalog_fixture.h"
#include "tests/admin/http_client.h"

namespace jumpgate {
namespace {

constexpr std::string_view kKey = "0123456789abcdef0123456789abcdef";

class AdminTest : public testing::Test {
  protected:
    // Empty: it serves.
    std::string start(FileObjects files = {}) {
        admin_.reset();
        lines_.clear();
        auto opened = Admin::open(
            config_, std::move(files), [] { return LoadedFiles{}; }, control_,
            [this](std::string_view line) {
                const std::lock_guard lock(mutex_);
                lines_ += line;
                logged_.notify_all();
            });
        if (const Problem* problem = std::get_if<Problem>(&opened)) return problem->text;
        admin_ = std::move(std::get<std::unique_ptr<Admin>>(opened));
        const std::optional<Problem> problem = admin_->serve();
        return problem ? problem->text : "";
    }
    void with_key() { config_.admin_key_file = scratch_.write("key", kKey); }
    HttpAnswer ask(std::string_view method, std::string_view target, std::string_view body = "",
                   std::string_view key = kKey) {
        const std::string header = fmt::format("X-API-KEY: {}\r\n", key);
        const std::string& address = admin_->address();
        if (address.starts_with("unix:"))
            return HttpClient(address.substr(5)).ask(method, target, body, header);
        const auto port = std::stoul(address.substr(address.rfind(':') + 1));
        return HttpClient(static_cast<uint16_t>(port)).ask(method, target, body, header);
    }
    std::string lines() {
        const std::lock_guard lock(mutex_);
        return lines_;
    }

    // That line comes, within a deadline; what was logged before it is forgotten.
    bool logs(std::string_view words) {
        std::unique_lock lock(mutex_);
        const bool came = logged_.wait_for(lock, std::chrono::seconds(20),
                                           [&] { return lines_.find(words) != std::string::npos; });
        lines_.clear();
        return came;
    }

    Scratch scratch_;
    Config config_;
    FakeControl control_;
    std::mutex mutex_;
    std::condition_variable logged_;
    std::string lines_;
    std::unique_ptr<Admin> admin_;
};

TEST_F(AdminTest, WithoutAnAddressThereIsNoServerAndNoKey) {
    EXPECT_EQ(start(files_of(kFleet)), "");
    EXPECT_EQ(admin_->address(), "");
    EXPECT_EQ(admin_->objects().upstreams.size(), 1U);
    admin_->reload();  // files are reloaded all the same
}

TEST_F(AdminTest, TheKeyIsMadeInTheStateDirectoryAndNeverLogged) {
    config_.admin = "127.0.0.1:0";
    config_.state_dir = scratch_.path("state");
    ASSERT_EQ(start(), "");
    const std::string key = scratch_.read("state/admin.key").substr(0, 64);
    EXPECT_EQ(scratch_.mode("state/admin.key"), 0600U);
    EXPECT_NE(lines().find("admin_key_made path=\"" + scratch_.path("state/admin.key")),
              std::string::npos);
    EXPECT_EQ(lines().find(key), std::string::npos);
    EXPECT_EQ(ask("PUT", "/apisix/admin/upstreams/1", kUpstreamBody, key).status, 201U);
    EXPECT_EQ(ask("PUT", "/apisix/admin/upstreams/1", kUpstreamBody, "").status, 401U);
    EXPECT_EQ(ask("PUT", "/apisix/admin/upstreams/1", kUpstreamBody, kKey).status, 401U);
    EXPECT_EQ(ask("GET", "/healthz", "", "").status, 200U);
    EXPECT_NE(
        ask("GET", "/metrics", "", "").body.find("admin_refused_total{reason=\"wrong_key\"} 1"),
        std::string::npos);
    // And after a restart all is there.
    ASSERT_EQ(start(), "");
    EXPECT_EQ(ask("GET", "/apisix/admin/upstreams/1", "", key).status, 200U);
    EXPECT_EQ(admin_->objects().upstreams.size(), 1U);
}

TEST_F(AdminTest, AUnixSocketIsItsOwnersAlone) {
    with_key();
    config_.admin = "unix:" + scratch_.path("admin.sock");
    ASSERT_EQ(start(), "");
    EXPECT_EQ(scratch_.mode("admin.sock"), 0600U);
    EXPECT_EQ(ask("GET", "/v1/upstreams").status, 200U);
    EXPECT_EQ(ask("GET", "/v1/upstreams", "", "wrong").status, 401U);
    EXPECT_NE(lines().find("admin_objects_in_memory"), std::string::npos);
    admin_.reset();
    EXPECT_FALSE(std::filesystem::exists(scratch_.path("admin.sock")));
}

TEST_F(AdminTest, StrangersCostNoMemory) {
    with_key();
    config_.admin = "127.0.0.1:0";
    ASSERT_EQ(start(), "");
    EXPECT_EQ(ask("PUT", "/admin/upstreams/1", std::string(2'000'000, 'x'), "wrong").status, 401U);
    EXPECT_EQ(ask("PUT", "/admin/upstreams/1", std::string(2'000'000, 'x')).status, 413U);
    EXPECT_EQ(ask("PUT", "/admin/upstreams/1", "\xff\xfe{").status, 400U);
}

TEST_F(AdminTest, WhatItCannotUseIsNoStart) {
    config_.admin = "127.0.0.1:0";
    EXPECT_EQ(start().find("--admin: there is no place for its key"), 0U);
    config_.admin_key_file = scratch_.write("known", "edd1c9f034335f136f87ad84b625c8f1");
    EXPECT_NE(start().find("CVE-2020-13945"), std::string::npos);
    with_key();
    config_.admin_viewer_key_file = scratch_.path("missing");
    EXPECT_EQ(start().find("--admin-viewer-key-file: "), 0U);
    config_.admin_viewer_key_file = config_.admin_key_file;
    EXPECT_NE(start().find("the key is there twice"), std::string::npos);
    config_.admin_viewer_key_file.clear();
    config_.admin_allow = {"10.0.0.1/8"};
    EXPECT_EQ(start().find("--admin-allow: 10.0.0.1/8 "), 0U);
    config_.admin_allow = {};
    config_.admin = "localhost:1";
    EXPECT_NE(start().find("is no address"), std::string::npos);
    config_.admin = "unix:" + scratch_.path("key");
    EXPECT_NE(start().find("is in use"), std::string::npos) << start();
    EXPECT_EQ(scratch_.read("key"), kKey);
    config_.admin.clear();
    config_.state_dir = scratch_.path("key");
    EXPECT_EQ(start().find("--state-dir: "), 0U);
    config_.state_dir = scratch_.path("state");
    std::filesystem::create_directory(config_.state_dir);
    scratch_.write("state/state.json", "jumpgate-state-1 damaged");
    EXPECT_NE(start().find("is damaged"), std::string::npos);
}

TEST_F(AdminTest, SlowChangesDelayNoHealthNoMetricsAndNoReading) {
    with_key();
    config_.admin = "127.0.0.1:0";
    std::latch go(1);
    std::latch begun(1);
    std::atomic<bool> first{true};
    control_.before_apply = [&] {  // as an upstream whose name server is silent
        if (first.exchange(false)) begun.count_down();
        go.wait();
    };
    ASSERT_EQ(start(), "");
    std::vector<std::thread> changes;
    for (int i = 0; i < 8; ++i)
        changes.emplace_back([this, i] {
            const std::string url = fmt::format("/admin/upstreams/{}", i);
            EXPECT_EQ(ask("PUT", url, kUpstreamBody).status, 201U);
        });
    begun.wait();
    control_.watched.draining = true;
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(ask("GET", "/healthz", "", "").status, 200U);
        EXPECT_EQ(ask("GET", "/ready", "", "").status, 503U);
        EXPECT_EQ(ask("GET", "/metrics", "", "").status, 200U);
        EXPECT_EQ(ask("GET", "/admin/upstreams").body.find(R"({"list":[],"total":0})"), 0U);
        EXPECT_EQ(ask("GET", "/v1/route?client_id=a").status, 200U);
    }
    EXPECT_EQ(ask("POST", "/drain").status, 200U);
    go.count_down();
    for (std::thread& change : changes) change.join();
    EXPECT_EQ(admin_->objects().upstreams.size(), 8U);
}

TEST_F(AdminTest, AReloadExchangesTheKeysAllOrNone) {
    constexpr std::string_view kNext = "fedcba9876543210fedcba9876543210";
    constexpr std::string_view kReader = "0f0f0f0f0f0f0f0f";
    with_key();
    config_.admin = "127.0.0.1:0";
    config_.admin_viewer_key_file = scratch_.write("viewer", kReader);
    config_.config_watch = false;  // only when asked
    ASSERT_EQ(start(), "");
    const auto allowed = [this](std::string_view key) {
        return ask("GET", "/v1/upstreams", "", key).status == 200;
    };
    // A rotation without a moment when nobody may: both, then the new one alone.
    scratch_.write("key", std::string(kKey) + "\n" + std::string(kNext));
    admin_->reload();
    EXPECT_TRUE(logs("admin_keys_changed keys=3"));
    EXPECT_TRUE(allowed(kKey) && allowed(kNext) && allowed(kReader));
    scratch_.write("key", kNext);
    admin_->reload();
    EXPECT_TRUE(logs("admin_keys_changed keys=2"));
    EXPECT_TRUE(allowed(kNext) && allowed(kReader));
    EXPECT_FALSE(allowed(kKey));

    const auto refuses = [&](std::string_view words) {
        admin_->reload();
        EXPECT_TRUE(logs(words)) << words;
        EXPECT_TRUE(allowed(kNext) && allowed(kReader)) << words;
        EXPECT_NE(ask("GET", "/metrics").body.find("config_last_reload_successful 0"),
                  std::string::npos);
    };
    scratch_.write("key", kKey);
    scratch_.write("viewer", "short");
    refuses("--admin-viewer-key-file: " + scratch_.path("viewer") + ": line 1: the key has 5");
    scratch_.write("viewer", kReader);
    std::filesystem::remove(scratch_.path("key"));
    refuses("--admin-key-file: " + scratch_.path("key") + ": No such file or directory");
    EXPECT_FALSE(std::filesystem::exists(scratch_.path("key")));
    EXPECT_FALSE(allowed(kKey));
    scratch_.write("key", kKey);
    admin_->reload();
    EXPECT_TRUE(logs("admin_keys_changed keys=2"));
    EXPECT_TRUE(allowed(kKey) && !allowed(kNext));
    EXPECT_EQ(lines().find(kKey), std::string::npos);
}

TEST_F(AdminTest, AKeyFileIsWatchedAsTheOthersAre) {
    with_key();
    config_.admin = "127.0.0.1:0";
    ASSERT_EQ(start(), "");
    scratch_.write("next", "fedcba9876543210fedcba9876543210");
    std::filesystem::rename(scratch_.path("next"), scratch_.path("key"));
    EXPECT_TRUE(logs("admin_keys_changed keys=1"));
    EXPECT_EQ(ask("GET", "/v1/upstreams").status, 401U);
    EXPECT_EQ(ask("GET", "/v1/upstreams", "", "fedcba9876543210fedcba9876543210").status, 200U);
}

TEST_F(AdminTest, AViewerReads) {
    with_key();
    config_.admin = "127.0.0.1:0";
    config_.admin_viewer_key_file = scratch_.write("viewer", "fedcba9876543210");
    ASSERT_EQ(start(), "");
    EXPECT_EQ(ask("GET", "/admin/upstreams", "", "fedcba9876543210").status, 200U);
    EXPECT_EQ(ask("PUT", "/admin/upstreams/1", kUpstreamBody, "fedcba9876543210").status, 401U);
    EXPECT_EQ(ask("POST", "/drain", "", "fedcba9876543210").status, 401U);
    EXPECT_FALSE(control_.drained);
    EXPECT_EQ(ask("POST", "/drain").status, 200U);
    EXPECT_TRUE(control_.drained);
}

}  // namespace
}  // namespace jumpgate
