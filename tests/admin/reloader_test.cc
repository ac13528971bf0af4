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
        return Reloader(
                   *catalog_, [&] { return loaded; }, log_)
            .reload();
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
    EXPECT_TRUE(reload({files_of(kChanged), {}, {"threads", "listeners"}}));
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
    EXPECT_FALSE(reload({{}, found, {}}));
    EXPECT_NE(lines_.find("reload_failed problems=2"), std::string::npos) << lines_;
    EXPECT_NE(lines_.find("fleet.yaml:3:5: upstreams[0].type: is unknown; allowed: chash"),
              std::string::npos);
    EXPECT_NE(lines_.find("fleet.yaml:9:1: has no id"), std::string::npos);
    EXPECT_EQ(control_.applies, 0);

    control_.apply_problem = "the certificate does not fit its key";
    EXPECT_FALSE(reload({files_of(kChanged), {}, {}}));
    EXPECT_NE(lines_.find("the certificate does not fit its key"), std::string::npos);
    EXPECT_TRUE(catalog_->get(ObjectType::StreamRoute, "file-route").has_value());
}

}  // namespace
}  // namespace jumpgate
