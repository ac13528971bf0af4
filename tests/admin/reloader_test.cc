#include "core/admin/reloader.h"

#include "tests/admin/catalog_fixture.h"

namespace jumpgate {
namespace {

class ReloaderTest : public CatalogFixture {
  protected:
    ReloaderTest()
        : log_(LineFormat::Text, Severity::Info,
               [this](std::string_view line) { lines_ += line.substr(25); }) {}
    bool reload(LoadedFiles loaded) {
        lines_.clear();
        Reloader reloader(
            *catalog_, [&] { return loaded; }, log_);
        EXPECT_TRUE(reloader.state().successful) << "the start was";
        const bool done = reloader.reload();
        EXPECT_EQ(reloader.state().successful, done);
        EXPECT_EQ(reloader.state().failures, done ? 0U : 1U);
        return done;
    }

    std::string lines_;
    EventLog log_;
};

constexpr std::string_view kChanged = R"(stream_routes:
  - id: other-route
    upstream_id: file-upstream
upstreams:
  - id: file-upstream
    type: chash
    key: mqtt_client_id
    nodes:
      "127.0.0.1:1883": 1
      "127.0.0.1:1884": 1
)";

TEST_F(ReloaderTest, SaysWhatChangedAndWhatItMoves) {
    open(false, files_of(kFleet));
    control_.moved_share = 0.5;
    control_.hint = "keep b1:1883 in the list";
    EXPECT_TRUE(reload({files_of(kChanged), {}, {"threads", "listeners"}, {}}));
    EXPECT_EQ(lines_,
              "info reloaded version=2 added=\"stream_routes/other-route\" "
              "changed=\"upstreams/file-upstream\" removed=\"stream_routes/file-route\" "
              "moved=\"50.00%\" hint=\"keep b1:1883 in the list\"\n"
              "warn restart_needed settings=\"threads listeners\"\n");
    EXPECT_EQ(control_.served.stream_routes.at(0).id, "other-route");
}

TEST_F(ReloaderTest, ABrokerMoreIsNoReasonForAHint) {
    open(false, files_of(kFleet));
    control_.moved_share = 0.5;
    control_.complete = false;
    EXPECT_TRUE(reload({files_of(kChanged), {}, {}}));
    EXPECT_EQ(lines_.find("hint"), std::string::npos) << lines_;
    EXPECT_NE(lines_.find("warning=\"a worker has not answered yet"), std::string::npos) << lines_;
}

TEST_F(ReloaderTest, WhatCannotBeReadOrServedChangesNothing) {
    open(false, files_of(kFleet));
    Checked found;
    found.errors.push_back({"fleet.yaml", {3, 5}, "upstreams[0].type", "is unknown", "chash"});
    found.errors.push_back({"fleet.yaml", {9, 1}, "", "has no id", ""});
    EXPECT_FALSE(reload({{}, found, {}, {}}));
    EXPECT_NE(lines_.find("reload_failed problems=2"), std::string::npos) << lines_;
    EXPECT_NE(lines_.find("fleet.yaml:3:5: upstreams[0].type: is unknown; allowed: chash"),
              std::string::npos);
    EXPECT_NE(lines_.find("fleet.yaml:9:1: has no id"), std::string::npos);
    EXPECT_EQ(control_.applies, 0);

    control_.apply_problem = "the certificate does not fit its key";
    EXPECT_FALSE(reload({files_of(kChanged), {}, {}, {}}));
    EXPECT_NE(lines_.find("the certificate does not fit its key"), std::string::npos);
    EXPECT_TRUE(catalog_->get(ObjectType::StreamRoute, "file-route").has_value());
}

TEST_F(ReloaderTest, WhatElseIsReadHoldsOnlyWithTheObjects) {
    open(false, files_of(kFleet));
    int commits = 0;
    LoadedFiles loaded{files_of(kChanged), {}, {}, [&commits] { ++commits; }};
    EXPECT_TRUE(reload(loaded));
    EXPECT_EQ(commits, 1);
    loaded.found.errors.push_back({"fleet.yaml", {9, 1}, "", "has no id", ""});
    EXPECT_FALSE(reload(loaded));
    loaded.found.errors.clear();
    control_.apply_problem = "no memory";
    EXPECT_FALSE(reload(loaded));
    EXPECT_EQ(commits, 1);
}

TEST_F(ReloaderTest, ItsStateCanBeAlertedOn) {
    open(false, files_of(kFleet));
    LoadedFiles loaded{files_of(kFleet), {}, {}, {}};
    Reloader reloader(
        *catalog_, [&] { return loaded; }, log_);
    const uint64_t started_s = reloader.state().success_s;
    EXPECT_GT(started_s, 1'600'000'000U);
    loaded.found.errors.push_back({"fleet.yaml", {9, 1}, "", "has no id", ""});
    EXPECT_FALSE(reloader.reload());
    EXPECT_FALSE(reloader.reload());
    EXPECT_EQ(reloader.state().success_s, started_s);
    const std::string failed = reload_metrics_text(reloader.state());
    EXPECT_NE(failed.find("\njumpgate_config_last_reload_successful 0\n"), std::string::npos);
    EXPECT_NE(failed.find("\njumpgate_config_reload_failures_total 2\n"), std::string::npos);
    loaded.found.errors.clear();
    EXPECT_TRUE(reloader.reload());
    const std::string well = reload_metrics_text(reloader.state());
    EXPECT_NE(well.find("\njumpgate_config_last_reload_successful 1\n"), std::string::npos);
    EXPECT_NE(well.find("\njumpgate_config_reload_failures_total 2\n"), std::string::npos);
    EXPECT_NE(well.find(fmt::format("timestamp_seconds {}\n", reloader.state().success_s)),
              std::string::npos)
        << well;
    EXPECT_GE(reloader.state().success_s, started_s);
}

}  // namespace
}  // namespace jumpgate
