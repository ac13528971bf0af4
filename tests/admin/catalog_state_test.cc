#include "core/admin/catalog_state.h"

#include <fmt/format.h>

#include "core/base/rng.h"
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

// ---- What is accepted is read back ------------------------------------------------------------

std::string many_labels(std::string_view prefix, int count) {
    std::string labels;
    for (int i = 0; i < count; ++i)
        labels += fmt::format("{}\"{}{}\":\"x\"", i == 0 ? "" : ",", prefix, i);
    return fmt::format(R"({{"labels":{{{}}}}})", labels);
}

std::string nested(int levels) { return std::string(levels, '[') + std::string(levels, ']'); }

std::string with_metadata(std::string_view metadata) {
    return fmt::format(
        R"({{"nodes":[{{"host":"127.0.0.1","port":1883,"weight":1,"metadata":{}}}]}})", metadata);
}

class CatalogRestart : public CatalogFixture {
  protected:
    void SetUp() override { open(true); }
    ChangeResult patch(std::string_view body) {
        return catalog_->patch(ObjectType::Upstream, "u", {}, json(body));
    }
    void restarts_with(const std::string& what) {
        const std::string objects = text_of(catalog_->objects());
        const std::string document = to_json(catalog_->document());
        open(true);
        ASSERT_TRUE(started_.errors.empty()) << what << ": " << text(started_.errors[0]);
        EXPECT_EQ(text_of(catalog_->objects()), objects) << what;
        EXPECT_EQ(to_json(catalog_->document()), document) << what;
    }
};

TEST_F(CatalogRestart, PatchesThatTogetherAreTooMuchAreRefused) {
    ASSERT_EQ(put(ObjectType::Upstream, "u", kUpstreamBody).status, 201U);
    EXPECT_EQ(patch(many_labels("a", 6'000)).status, 200U);
    const ChangeResult second = patch(many_labels("b", 6'000));
    EXPECT_EQ(second.status, 400U);
    EXPECT_EQ(second.problem,
              "invalid configuration: the next start could not read it: labels: is one member too "
              "many; allowed: 10000 in one map");
    restarts_with("six thousand labels");
}

TEST_F(CatalogRestart, WhatIsTooDeepForItsLineIsRefused) {
    for (int levels = 55; levels < 64; ++levels) {
        const std::string body = with_metadata(nested(levels));
        if (std::holds_alternative<Complaint>(read_json(body, ""))) break;
        const unsigned status = put(ObjectType::Upstream, "u", body).status;
        EXPECT_LE(status, levels < 60 ? 201U : 400U) << levels;
        restarts_with(fmt::format("{} levels", levels));
    }
    EXPECT_EQ(put(ObjectType::Upstream, "u", with_metadata(nested(61))).status, 400U);
}

TEST_F(CatalogRestart, EscapesThatGrowAreRefusedWhereTheLineGetsTooLong) {
    std::string text = "\"";
    for (int i = 0; i < 700'000; ++i) text += "\\b";  // two bytes here, six in the line
    const ChangeResult result = put(ObjectType::Upstream, "u", with_metadata(text + "\""));
    EXPECT_EQ(result.status, 400U);
    EXPECT_NE(result.problem.find("up to 4 MiB"), std::string::npos) << result.problem;
    restarts_with("nothing");
}

TEST_F(CatalogRestart, APathOrADigestThatIsNotUtf8IsRefused) {
    ASSERT_EQ(put(ObjectType::Upstream, "u", kUpstreamBody).status, 201U);
    const std::vector<std::string> path = {"labels", "\xff"};
    EXPECT_EQ(catalog_->patch(ObjectType::Upstream, "u", path, json("\"x\"")).status, 400U);
    const Value document = json("{}");
    const ChangeResult result = catalog_->put_document(document, "\xff");
    EXPECT_EQ(result.status, 400U);
    EXPECT_EQ(result.problem,
              "X-Digest: the next start could not read it: is not UTF-8; allowed: text in UTF-8");
    restarts_with("an upstream");
}

TEST_F(CatalogRestart, ADocumentSaysWhichItemIsTooMuch) {
    const std::string item = with_metadata(nested(59));
    const std::string document =
        R"({"upstreams":[{"id":"v","nodes":{"127.0.0.1:1":1}},{"id":"u",)" + item.substr(1) + "]}";
    std::string text = "\"";
    for (int i = 0; i < 700'000; ++i) text += "\\b";
    const std::string large = with_metadata(text + "\"");
    const std::string bad =
        R"({"upstreams":[{"id":"v","nodes":{"127.0.0.1:1":1}},{"id":"u",)" + large.substr(1) + "]}";
    EXPECT_EQ(catalog_->put_document(json(document), "d").status, 202U);
    restarts_with("a document");
    const std::vector<DocumentError> errors = catalog_->validate(json(bad));
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_EQ(errors[0].id, "u");
    EXPECT_EQ(errors[0].index, 1U);
    EXPECT_EQ(catalog_->put_document(json(bad), "e").status, 400U);
    restarts_with("the document of before");
}

// A value of any shape, as fields for people and fields that are ignored take it.
std::string random_value(Rng& rng, int depth) {
    static constexpr std::array<std::string_view, 12> kScalars = {"null",
                                                                  "true",
                                                                  "-0.0",
                                                                  "1e308",
                                                                  "18446744073709551615",
                                                                  "-9223372036854775808",
                                                                  R"("\u0000\u001f\u007f")",
                                                                  R"("\ud83d\ude00 \"\\/")",
                                                                  "\"\u00e4\"",
                                                                  "0.1",
                                                                  "1E-7",
                                                                  "\"\""};
    if (depth == 0 || rng.below(4) == 0) return std::string(kScalars[rng.below(kScalars.size())]);
    std::string parts;
    const bool map = rng.below(2) == 0;
    for (uint64_t i = 0, count = rng.below(4); i < count; ++i) {
        if (i > 0) parts += ",";
        if (map) parts += fmt::format(R"("k\u{:04x}{}":)", rng.below(32), i);
        parts += random_value(rng, depth - 1);
    }
    return map ? "{" + parts + "}" : "[" + parts + "]";
}

TEST_F(CatalogRestart, WhateverIsAcceptedIsReadBack) {
    Rng rng(7);
    int accepted = 0;
    for (int i = 0; i < 300; ++i) {
        const int depth = static_cast<int>(1 + rng.below(8));
        const std::string body = with_metadata(random_value(rng, depth));
        const unsigned status = rng.below(3) == 0 && i > 0
                                    ? patch(body).status
                                    : put(ObjectType::Upstream, "u", body).status;
        accepted += status < 400 ? 1 : 0;
        restarts_with(body);
        if (HasFatalFailure()) return;
    }
    EXPECT_GT(accepted, 290);
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
    upstream.nodes.push_back({"b2", 8883, 1, true, "", -1});
    upstream.key = HashKey::Username;
    upstream.key_prefix_until = '/';
    upstream.tls.ca.file = "ca.pem";
    upstream.tls.identity.key.file = "client.key";
    flags.objects.upstreams.push_back(upstream);
    StreamRouteConfig route;
    route.id = route.upstream_id = "default";
    route.origin.file = "--broker";
    flags.objects.stream_routes.push_back(route);
    EXPECT_EQ(to_json(file_objects(flags, ObjectType::Upstream).at(0).value),
              R"({"type":"chash","key":"mqtt_username","key_prefix_until":"/","nodes":)"
              R"([{"host":"b1","port":1883,"weight":3},)"
              R"({"host":"b2","port":8883,"weight":1,"priority":-1,"tls":true}],)"
              R"("tls":{"client_key":"client.key","ca":"ca.pem"},"id":"default"})");
    flags.objects.upstreams[0].nodes.erase(flags.objects.upstreams[0].nodes.begin());
    flags.objects.upstreams[0].tls = {};
    EXPECT_EQ(to_json(file_objects(flags, ObjectType::Upstream).at(0).value),
              R"({"type":"chash","key":"mqtt_username","key_prefix_until":"/","scheme":"tls",)"
              R"("nodes":[{"host":"b2","port":8883,"weight":1,"priority":-1}],"id":"default"})");
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
