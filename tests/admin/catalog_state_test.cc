#include "core/admin/catalog_state.h"

#include "tests/admin/catalog_fixture.h"

namespace jumpgate {
namespace {

std::string problem_of(std::string_view text) {
    const auto parsed = parse_state(text);
    const auto* complaints = std::get_if<std::vector<Complaint>>(&parsed);
    return complaints == nullptr ? "parsed" : jumpgate::text(complaints->at(0));
}

class CatalogStateTest : public CatalogFixture {};

TEST_F(CatalogStateTest, ItsTextReadsBackEqual) {
    open(true);
    ASSERT_EQ(put(ObjectType::Upstream, "u", kUpstreamBody).status, 201U);
    ASSERT_EQ(put(ObjectType::StreamRoute, "..", kInlineRouteBody).status, 201U);
    ASSERT_EQ(
        put(ObjectType::StreamRoute, "r", R"({"upstream_id":"u","desc":"a \"b\"\n\u00e4"})").status,
        201U);
    store_.reset();
    const std::string text = scratch_.read("state/state.json").substr(43);
    const auto parsed = parse_state(text);
    ASSERT_TRUE(std::holds_alternative<CatalogState>(parsed)) << problem_of(text);
    const auto& state = std::get<CatalogState>(parsed);
    EXPECT_EQ(to_text(state), text);
    EXPECT_EQ(state.index, 3U);
    EXPECT_EQ(state.of(ObjectType::StreamRoute).size(), 2U);
    EXPECT_EQ(state.of(ObjectType::StreamRoute).at("..")->parsed.upstreams.size(), 1U);
}

TEST_F(CatalogStateTest, AnEmptyOneIsALine) {
    const CatalogState empty;
    EXPECT_EQ(to_text(empty),
              R"({"format":1,"index":0,"changed":0,"digest":"","stream_routes_conf_version":0,)"
              R"("upstreams_conf_version":0,"ssls_conf_version":0})"
              "\n");
    EXPECT_EQ(problem_of(to_text(empty)), "parsed");
}

TEST_F(CatalogStateTest, WhatIsNoStateIsSaidWithItsLine) {
    const std::string head = to_text(CatalogState());
    EXPECT_EQ(problem_of("{}\n"), "state.json:1:1: is of another format than this jumpgate's (1)");
    EXPECT_EQ(problem_of(head + "{}\n"), "state.json:2:1: is no object");
    EXPECT_EQ(problem_of(head + R"({"type":"upstreams","value":{"id":"a/b"}})"),
              "state.json:2:1: is no object");
    EXPECT_EQ(problem_of(head + "{").find("state.json:2:"), 0U);
    EXPECT_EQ(problem_of(head + R"({"type":"upstreams","value":{"id":"1","nodez":1}})")
                  .find("state.json:2:1: "),
              0U);
}

TEST_F(CatalogStateTest, FilesObjectsAreShownAsTheyWereWritten) {
    const FileObjects files = files_of(kFleet);
    const std::vector<StoredObject> upstreams = file_objects(files, ObjectType::Upstream);
    ASSERT_EQ(upstreams.size(), 1U);
    EXPECT_EQ(to_json(upstreams[0].value),
              R"({"id":"file-upstream","type":"chash",)"
              R"("key":"mqtt_client_id","nodes":{"127.0.0.1:1883":1}})");
    EXPECT_EQ(upstreams[0].origin.file, "fleet.yaml");
    EXPECT_EQ(file_objects(files, ObjectType::StreamRoute).size(), 1U);
    EXPECT_EQ(file_objects(files, ObjectType::Ssl).size(), 0U);
}

TEST_F(CatalogStateTest, ObjectsOfFlagsAreShownInTheSameWords) {
    FileObjects flags;
    UpstreamConfig upstream;
    upstream.id = "default";
    upstream.origin.file = "--broker";
    upstream.type = Balance::ConsistentHash;
    upstream.nodes.push_back({"b1", 1883, 3});
    flags.objects.upstreams.push_back(upstream);
    StreamRouteConfig route;
    route.id = route.upstream_id = "default";
    route.origin.file = "--broker";
    flags.objects.stream_routes.push_back(route);
    EXPECT_EQ(to_json(file_objects(flags, ObjectType::Upstream).at(0).value),
              R"({"type":"chash","nodes":[{"host":"b1","port":1883,"weight":3}],"id":"default"})");
    EXPECT_EQ(to_json(file_objects(flags, ObjectType::StreamRoute).at(0).value),
              R"({"upstream_id":"default","id":"default"})");
}

TEST_F(CatalogStateTest, InlineUpstreamsAreShownInTheirRouteOnly) {
    const FileObjects files = files_of(R"(stream_routes:
  - id: 1
    upstream: {type: roundrobin, nodes: {"127.0.0.1:1883": 1}}
)");
    EXPECT_EQ(files.objects.upstreams.size(), 1U);
    EXPECT_EQ(file_objects(files, ObjectType::Upstream).size(), 0U);
    EXPECT_EQ(file_objects(files, ObjectType::StreamRoute).size(), 1U);
}

}  // namespace
}  // namespace jumpgate
