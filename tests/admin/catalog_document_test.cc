// The whole configuration as one document: replaced whole, or not at all.
#include <algorithm>

#include "tests/admin/catalog_fixture.h"

namespace jumpgate {
namespace {

class CatalogDocument : public CatalogFixture {
  protected:
    ChangeResult put_all(std::string_view body, std::string_view digest = "d1") {
        return catalog_->put_document(json(body), digest);
    }
};

constexpr std::string_view kTwo =
    R"({"upstreams":[{"id":1,"type":"roundrobin","nodes":{"127.0.0.1:1883":1}}],)"
    R"("stream_routes":[{"id":"1","upstream_id":1}]})";

TEST_F(CatalogDocument, ReplacesAllThatTheApiMadeAndNothingOfFiles) {
    open(true, files_of(kFleet));
    ASSERT_EQ(put(ObjectType::Upstream, "old", kUpstreamBody).status, 201U);
    EXPECT_EQ(put_all(kTwo).status, 202U);
    EXPECT_FALSE(catalog_->get(ObjectType::Upstream, "old").has_value());
    EXPECT_TRUE(catalog_->get(ObjectType::Upstream, "file-upstream").has_value());
    EXPECT_EQ(control_.served.upstreams.size(), 2U);
    EXPECT_EQ(catalog_->digest(), "d1");
    const std::string before = serving();
    open(true, files_of(kFleet));
    EXPECT_EQ(text_of(catalog_->objects()), before);
    EXPECT_EQ(catalog_->digest(), "d1");
    EXPECT_EQ(put_all("{}", "d2").status, 202U);
    EXPECT_EQ(control_.served.upstreams.size(), 1U);
}

TEST_F(CatalogDocument, TheSameDigestIsTheSameDocumentUntilSomethingChanges) {
    EXPECT_EQ(put_all(kTwo).status, 202U);
    const int applies = control_.applies;
    EXPECT_EQ(put_all(kTwo).status, 204U);
    EXPECT_EQ(control_.applies, applies);
    ASSERT_EQ(put(ObjectType::Upstream, "1", kOtherUpstreamBody).status, 200U);
    EXPECT_EQ(catalog_->digest(), "");
    EXPECT_EQ(put_all(kTwo).status, 202U);  // back to what it says
    EXPECT_EQ(control_.served.upstreams.at(0).nodes.at(0).port, 1883);
}

TEST_F(CatalogDocument, VersionsSayWhichTypesAreNew) {
    const auto with_versions = [](int upstreams, int routes, const char* list) {
        return fmt::format(
            R"({{"upstreams":{},"upstreams_conf_version":{},"stream_routes_conf_version":{}}})",
            list, upstreams, routes);
    };
    const char* one = R"([{"id":"1","type":"roundrobin","nodes":{"127.0.0.1:1883":1}}])";
    EXPECT_EQ(put_all(with_versions(10, 0, one), "a").status, 202U);
    EXPECT_EQ(put_all(with_versions(10, 0, "[]"), "b").status, 202U);  // equal: as it was
    EXPECT_EQ(control_.served.upstreams.size(), 1U);
    const ChangeResult older = put_all(with_versions(9, 0, "[]"), "c");
    EXPECT_EQ(older.status, 400U);
    EXPECT_EQ(older.problem,
              "upstreams: upstreams_conf_version must be greater than or equal to (10)");
    EXPECT_EQ(put_all(with_versions(11, 0, "[]"), "c").status, 202U);
    EXPECT_EQ(control_.served.upstreams.size(), 0U);
}

TEST_F(CatalogDocument, AVersionLeavesRoomForTheChangesAfterIt) {
    const ChangeResult huge =
        put_all(R"({"upstreams":[],"upstreams_conf_version":9223372036854775807})");
    EXPECT_EQ(huge.status, 400U);
    EXPECT_EQ(huge.problem,
              "upstreams: upstreams_conf_version is out of range; allowed: 0 to 9007199254740992");
    EXPECT_EQ(put_all(R"({"upstreams":[],"upstreams_conf_version":9007199254740992})").status,
              202U);
    ASSERT_EQ(put(ObjectType::Upstream, "1", kUpstreamBody).status, 201U);
    EXPECT_EQ(catalog_->document().find("upstreams_conf_version")->integer, 9007199254740993);
    EXPECT_EQ(catalog_->put_document(catalog_->document(), "d2").status, 202U);  // as it is
}

TEST_F(CatalogDocument, AnItemThatIsAsItWasKeepsItsTimes) {
    EXPECT_EQ(put_all(kTwo, "a").status, 202U);
    const uint64_t created = catalog_->get(ObjectType::Upstream, "1")->created_index;
    EXPECT_EQ(catalog_->put_document(catalog_->document(), "b").status, 202U);  // versions equal
    EXPECT_EQ(put_all(kTwo, "c").status, 202U);
    EXPECT_EQ(catalog_->get(ObjectType::Upstream, "1")->created_index, created);
    EXPECT_EQ(catalog_->get(ObjectType::Upstream, "1")->modified_index, created);
}

TEST_F(CatalogDocument, OneBadItemIsNoChangeAndAllThatIsBadIsSaid) {
    open(false, files_of(kFleet));
    EXPECT_EQ(put_all(kTwo).status, 202U);
    const std::string before = serving();
    const std::string bad =
        R"({"upstreams":[{"id":"1","type":"roundrobin","nodes":{"127.0.0.1:1883":1}},)"
        R"({"id":"1","type":"roundrobin","nodes":{"127.0.0.1:1883":1}},)"
        R"({"type":"roundrobin","nodes":{"127.0.0.1:1883":1}},)"
        R"({"id":"a/b","nodes":{"127.0.0.1:1883":1}},{"id":"5","nodez":7}],)"
        R"("routes":[],"ssls":{}})";
    EXPECT_EQ(put_all(bad, "d2").status, 400U);
    EXPECT_EQ(serving(), before);
    const std::vector<DocumentError> errors = catalog_->validate(json(bad));
    const auto has = [&](std::string_view type, std::string_view id, std::string_view problem) {
        return std::ranges::any_of(errors, [&](const DocumentError& error) {
            return error.type == type && error.id == id &&
                   error.problem.find(problem) != std::string::npos;
        });
    };
    EXPECT_TRUE(has("upstreams", "1", "the id stands twice"));
    EXPECT_TRUE(has("upstreams", "", "id must be given"));
    EXPECT_TRUE(has("upstreams", "a/b", "id must be given"));
    EXPECT_TRUE(has("upstreams", "5", "nodez"));
    EXPECT_TRUE(has("", "", "routes: is unknown"));
    EXPECT_TRUE(has("ssls", "", "ssls must be a list"));
    EXPECT_EQ(errors.at(1).index, 1U);
}

TEST_F(CatalogDocument, AFilesIdIsAConflict) {
    open(false, files_of(kFleet));
    const ChangeResult result =
        put_all(R"({"upstreams":[{"id":"file-upstream","nodes":{"127.0.0.1:1883":1}}]})");
    EXPECT_EQ(result.status, 409U);
    EXPECT_NE(result.problem.find("upstreams[0]: is defined by fleet.yaml"), std::string::npos)
        << result.problem;
}

TEST_F(CatalogDocument, ValidateChangesNothing) {
    EXPECT_TRUE(catalog_->validate(json(kTwo)).empty());
    EXPECT_EQ(catalog_->validate(json("[]")).at(0).problem, "the document must be an object");
    control_.check_problem = "the certificate does not fit its key";
    EXPECT_EQ(catalog_->validate(json(kTwo)).at(0).problem, control_.check_problem);
    EXPECT_EQ(
        catalog_->validate(json(R"({"stream_routes":[{"id":"1","upstream_id":"9"}]})")).size(), 1U);
    EXPECT_EQ(control_.applies, 0);
    EXPECT_EQ(catalog_->list(ObjectType::Upstream).size(), 0U);
}

}  // namespace
}  // namespace jumpgate
