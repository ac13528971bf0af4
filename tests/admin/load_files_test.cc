#include "core/admin/load_files.h"

#include <gtest/gtest.h>

#include "tests/admin/scratch.h"

namespace jumpgate {
namespace {

constexpr std::string_view kFleet = R"(listeners: ["127.0.0.1:0"]
stream_routes:
  - id: r
    upstream_id: u
upstreams:
  - id: u
    retries: 2
    nodes: {"127.0.0.1:1883": 1}
)";

class LoadFilesTest : public testing::Test {
  protected:
    Loaded load_from(const std::string& path) {
        const char* arguments[] = {"jumpgate", "--config", path.c_str()};
        auto result = load(invocation_of(3, arguments, nullptr), "", nullptr);
        if (const auto* exit = std::get_if<FlagsExit>(&result)) {
            ADD_FAILURE() << exit->text;
            return {};
        }
        return std::move(std::get<Loaded>(result));
    }

    Scratch scratch_;
};

TEST_F(LoadFilesTest, TheCatalogGetsObjectsWithTheDocumentsTheyStandIn) {
    const Loaded loaded = load_from(scratch_.write("fleet.yaml", kFleet));
    const std::vector<StoredObject> upstreams =
        file_objects(file_objects(loaded), ObjectType::Upstream);
    ASSERT_EQ(upstreams.size(), 1U);
    EXPECT_NE(upstreams[0].value.find("retries"), nullptr);
    EXPECT_EQ(upstreams[0].origin.file, scratch_.path("fleet.yaml"));
}

TEST_F(LoadFilesTest, AReloadReadsWhatIsThereNow) {
    const Loaded loaded = load_from(scratch_.write("fleet.yaml", kFleet));
    std::string text(kFleet);
    scratch_.write("fleet.yaml", text.replace(text.find("id: r"), 5, "id: s"));
    const LoadedFiles files = load_files(loaded);
    EXPECT_TRUE(files.found.errors.empty());
    ASSERT_EQ(files.files.objects.stream_routes.size(), 1U);
    EXPECT_EQ(files.files.objects.stream_routes[0].id, "s");
    EXPECT_EQ(files.files.documents.size(), 1U);
}

TEST_F(LoadFilesTest, AllThatIsWrongIsSaidAndWhatNeedsARestartIsNamed) {
    const Loaded loaded = load_from(scratch_.write("fleet.yaml", kFleet));
    scratch_.write("fleet.yaml", "upstreams: [{id: u, nodez: 1}, {id: v, type: best}]\n");
    EXPECT_GE(load_files(loaded).found.errors.size(), 2U);
    scratch_.write("fleet.yaml", std::string(kFleet) + "jumpgate:\n  threads: 77\n");
    const LoadedFiles files = load_files(loaded);
    EXPECT_TRUE(files.found.errors.empty());
    ASSERT_EQ(files.needs_restart.size(), 1U);
    EXPECT_NE(files.needs_restart[0].find("threads"), std::string::npos);
}

}  // namespace
}  // namespace jumpgate
