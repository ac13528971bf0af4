#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "core/config/read_objects.h"
#include "tests/config/file_read.h"
#include "tests/config/refusal.h"

namespace jumpgate {
namespace {

constexpr const char* kPage = JUMPGATE_SOURCE_ROOT "/docs/config.md";
constexpr std::string_view kBegin = "<!-- objects: generated -->\n";
constexpr std::string_view kEnd = "<!-- /objects -->\n";

std::string page() {
    std::stringstream text;
    text << std::ifstream(kPage).rdbuf();
    return text.str();
}

TEST(DocsConfig, DescribesObjectsAsTheReadersKnowThem) {
    const std::string text = page();
    const size_t begin = text.find(kBegin) + kBegin.size();
    const size_t end = text.find(kEnd);
    ASSERT_LE(begin, end);
    if (std::getenv("JUMPGATE_WRITE_DOCS") != nullptr) {
        const std::string fresh = text.substr(0, begin) + objects_markdown() + text.substr(end);
        std::ofstream(kPage) << fresh;
        return;
    }
    EXPECT_EQ(text.substr(begin, end - begin), objects_markdown())
        << "docs/config.md is stale: run  JUMPGATE_WRITE_DOCS=1 build/tests/config/test_config "
           "--gtest_filter='DocsConfig.*'";
}

// The file that the page begins with.
TEST(DocsConfig, ShowsAFileThatWorks) {
    const std::string text = page();
    const size_t begin = text.find("```yaml\n") + 8;
    const Folder folder;
    const std::string file =
        folder.write("fleet.yaml", text.substr(begin, text.find("```\n", begin) - begin));
    const Parse parsed = parse({"--config", file});
    ASSERT_EQ(refusal(parsed), "accepted");
    const Loaded& loaded = std::get<Loaded>(parsed);
    EXPECT_EQ(loaded.warnings, Lines());
    EXPECT_EQ(loaded.config.listen, (std::vector<ListenAddress>{{"", 1883}}));
    EXPECT_EQ(loaded.objects.stream_routes.size(), 1u);
    EXPECT_EQ(loaded.objects.upstreams.size(), 1u);
}

}  // namespace
}  // namespace jumpgate
