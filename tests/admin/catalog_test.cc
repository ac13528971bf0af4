#include "core/admin/catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <thread>

#include "core/base/rng.h"
#include "tests/admin/catalog_fixture.h"

namespace jumpgate {
namespace {

class CatalogTest : public CatalogFixture {
  protected:
    // What a change that failed must leave as it was.
    std::string everything() const {
        return serving() + text_of(catalog_->objects()) + to_json(catalog_->document()) +
               (std::filesystem::exists(scratch_.path("state/state.json"))
                    ? scratch_.read("state/state.json")
                    : "");
    }
};

// ---- One object --------------------------------------------------------------------------------

TEST_F(CatalogTest, WarnsOfTheObjectItselfAndOfWhatTheChangeMadeOdd) {
    const auto warned = [](const ChangeResult& result) {
        EXPECT_LT(result.status, 400U) << result.problem;
        std::string paths;
        for (const Complaint& warning : result.warnings) paths += warning.path + " ";
        return paths;
    };
    const std::string hidden = R"({"upstream_id":"u"})";
    const std::string drained = R"({"upstream":{"nodes":{"127.0.0.1:1":0}},"server_port":1})";
    EXPECT_EQ(warned(put(ObjectType::Upstream, "u", kUpstreamBody)), "");
    EXPECT_EQ(warned(put(ObjectType::StreamRoute, "b", hidden)), "");
    EXPECT_EQ(warned(put(ObjectType::StreamRoute, "c", hidden)), "stream_routes[c] ");
    EXPECT_EQ(warned(put(ObjectType::StreamRoute, "d", hidden)), "stream_routes[d] ");
    EXPECT_EQ(warned(put(ObjectType::StreamRoute, "c", hidden)), "stream_routes[c] ");
    EXPECT_EQ(warned(put(ObjectType::Upstream, "u", kUpstreamBody)), "");
    EXPECT_EQ(warned(put(ObjectType::StreamRoute, "e", drained)), "upstreams[stream_route/e] ");
    EXPECT_EQ(warned(put(ObjectType::StreamRoute, "e", drained)), "upstreams[stream_route/e] ");
    // It is tried before them and hides b as well, which says something else of c and d now.
    EXPECT_EQ(warned(put(ObjectType::StreamRoute, "a", hidden)),
              "stream_routes[b] stream_routes[c] stream_routes[d] ");
    EXPECT_EQ(warned(catalog_->remove(ObjectType::StreamRoute, "e")), "");
}

TEST_F(CatalogTest, PutMakesAndReplaces) {
    const ChangeResult first = put(ObjectType::Upstream, "1", kUpstreamBody);
    EXPECT_EQ(first.status, 201U) << first.problem;
    EXPECT_EQ(first.object.created_index, 1U);
    EXPECT_EQ(first.object.value.find("id")->text, "1");
    EXPECT_EQ(serving(), text_of(catalog_->objects()));
    EXPECT_EQ(control_.served.upstreams.at(0).nodes.at(0).port, 1883);
    const ChangeResult second = put(ObjectType::Upstream, "1", kOtherUpstreamBody);
    EXPECT_EQ(second.status, 200U);
    EXPECT_EQ(second.object.created_index, 1U);
    EXPECT_EQ(second.object.modified_index, 2U);
    EXPECT_EQ(second.object.value.find("create_time")->integer,
              first.object.value.find("create_time")->integer);
    EXPECT_EQ(control_.served.upstreams.size(), 1U);
    EXPECT_EQ(control_.served.upstreams.at(0).nodes.at(0).port, 1884);
}

TEST_F(CatalogTest, PostGivesAnIdOfTwentyDigits) {
    const ChangeResult first = catalog_->post(ObjectType::Upstream, json(kUpstreamBody));
    const ChangeResult second = catalog_->post(ObjectType::Upstream, json(kUpstreamBody));
    EXPECT_EQ(first.status, 201U);
    EXPECT_EQ(first.id, "00000000000000000001");
    EXPECT_EQ(second.id, "00000000000000000002");
    EXPECT_EQ(put(ObjectType::Upstream, "00000000000000000004", kUpstreamBody).status, 201U);
    EXPECT_EQ(catalog_->post(ObjectType::Upstream, json(kUpstreamBody)).id, "00000000000000000005");
    EXPECT_EQ(control_.served.upstreams.size(), 4U);
}

TEST_F(CatalogTest, ABodyMayNotSayWhatIsOursToSay) {
    const std::pair<const char*, const char*> cases[] = {
        {R"({"id":"2","type":"roundrobin","nodes":{}})", "wrong upstream id"},
        {R"({"create_time":1})", "the property is forbidden: create_time"},
        {R"({"update_time":1})", "the property is forbidden: update_time"},
        {R"([1])", "invalid configuration: the body must be an object"},
        {R"("text")", "invalid configuration: the body must be an object"},
    };
    for (const auto& [body, problem] : cases) {
        const ChangeResult result = put(ObjectType::Upstream, "1", body);
        EXPECT_EQ(result.status, 400U) << body;
        EXPECT_EQ(result.problem, problem);
    }
    EXPECT_EQ(control_.applies, 0);
}

TEST_F(CatalogTest, PatchMergesAndFollowsAPath) {
    ASSERT_EQ(put(ObjectType::Upstream, "1", kUpstreamBody).status, 201U);
    const Value heavier = json(R"({"nodes":{"127.0.0.1:1883":5,"127.0.0.1:1884":1}})");
    EXPECT_EQ(catalog_->patch(ObjectType::Upstream, "1", {}, heavier).status, 200U);
    EXPECT_EQ(control_.served.upstreams.at(0).nodes.size(), 2U);
    const std::vector<std::string> path = {"nodes", "127.0.0.1:1884"};
    EXPECT_EQ(catalog_->patch(ObjectType::Upstream, "1", path, json("7")).status, 200U);
    EXPECT_EQ(control_.served.upstreams.at(0).nodes.at(1).weight, 7U);
    EXPECT_EQ(catalog_->patch(ObjectType::Upstream, "1", {}, json(R"({"id":"2"})")).problem,
              "wrong upstream id");
    EXPECT_EQ(catalog_->patch(ObjectType::Upstream, "2", {}, heavier).status, 404U);
    EXPECT_EQ(catalog_->patch(ObjectType::Upstream, "1", {}, json(R"({"type":7})")).status, 400U);
    EXPECT_EQ(catalog_->get(ObjectType::Upstream, "1")->modified_index, 3U);
}

TEST_F(CatalogTest, WhatIsInUseIsNotDeleted) {
    ASSERT_EQ(put(ObjectType::Upstream, "1", kUpstreamBody).status, 201U);
    ASSERT_EQ(put(ObjectType::StreamRoute, "7", R"({"upstream_id":"1"})").status, 201U);
    const ChangeResult used = catalog_->remove(ObjectType::Upstream, "1");
    EXPECT_EQ(used.status, 400U);
    EXPECT_EQ(used.problem, "can not delete this upstream, stream_route [7] is still using it now");
    EXPECT_EQ(catalog_->remove(ObjectType::StreamRoute, "7").status, 200U);
    EXPECT_EQ(catalog_->remove(ObjectType::Upstream, "1").status, 200U);
    EXPECT_EQ(catalog_->remove(ObjectType::Upstream, "1").status, 404U);
    EXPECT_EQ(serving(), "");
}

TEST_F(CatalogTest, ARouteAndItsInlineUpstreamComeAndGoTogether) {
    ASSERT_EQ(put(ObjectType::StreamRoute, "1", kInlineRouteBody).status, 201U);
    EXPECT_EQ(control_.served.upstreams.at(0).id, "stream_route/1");
    EXPECT_FALSE(catalog_->get(ObjectType::Upstream, "stream_route/1").has_value());
    EXPECT_EQ(catalog_->list(ObjectType::Upstream).size(), 0U);
    ASSERT_EQ(put(ObjectType::Upstream, "u", kUpstreamBody).status, 201U);
    ASSERT_EQ(put(ObjectType::StreamRoute, "1", R"({"upstream_id":"u"})").status, 200U);
    EXPECT_EQ(control_.served.upstreams.size(), 1U);
    EXPECT_EQ(control_.served.upstreams.at(0).id, "u");
}

TEST_F(CatalogTest, AReferenceToNothingIsRefused) {
    const ChangeResult result = put(ObjectType::StreamRoute, "1", R"({"upstream_id":"none"})");
    EXPECT_EQ(result.status, 400U);
    EXPECT_NE(result.problem.find("none"), std::string::npos) << result.problem;
    EXPECT_EQ(control_.applies, 0);
}

// ---- Files -------------------------------------------------------------------------------------

TEST_F(CatalogTest, AnObjectOfAFileIsNotChangedByTheApi) {
    open(false, files_of(kFleet));
    const std::string before = everything();
    for (const ChangeResult& result :
         {put(ObjectType::Upstream, "file-upstream", kUpstreamBody),
          catalog_->remove(ObjectType::Upstream, "file-upstream"),
          catalog_->patch(ObjectType::Upstream, "file-upstream", {}, json("{}"))}) {
        EXPECT_EQ(result.status, 409U);
        EXPECT_NE(result.problem.find("fleet.yaml:"), std::string::npos) << result.problem;
    }
    EXPECT_EQ(everything(), before);
    EXPECT_EQ(catalog_->get(ObjectType::Upstream, "file-upstream")->origin.file, "fleet.yaml");
    // A route of the API may use an upstream of a file.
    EXPECT_EQ(
        put(ObjectType::StreamRoute, "1", R"({"upstream_id":"file-upstream","priority":5})").status,
        201U);
    EXPECT_EQ(catalog_->list(ObjectType::StreamRoute).size(), 2U);
    EXPECT_EQ(control_.served.stream_routes.at(0).id, "file-route");
}

TEST_F(CatalogTest, AFileThatTakesAnIdOfTheApiIsNotLoaded) {
    ASSERT_EQ(put(ObjectType::Upstream, "file-upstream", kUpstreamBody).status, 201U);
    const std::string before = everything();
    const ReloadResult result = catalog_->reload(files_of(kFleet));
    ASSERT_FALSE(result.complaints.empty());
    EXPECT_NE(text(result.complaints[0]).find("file-upstream"), std::string::npos);
    EXPECT_EQ(everything(), before);
}

TEST_F(CatalogTest, AFileThatDropsWhatTheApiUsesIsNotLoaded) {
    open(false, files_of(kFleet));
    ASSERT_EQ(
        put(ObjectType::StreamRoute, "1", R"({"upstream_id":"file-upstream","priority":5})").status,
        201U);
    const std::string before = everything();
    EXPECT_FALSE(catalog_->reload(files_of("upstreams: []\n")).complaints.empty());
    EXPECT_EQ(everything(), before);
}

TEST_F(CatalogTest, ReloadKeepsWhatTheApiMade) {
    open(true, files_of(kFleet));
    ASSERT_EQ(put(ObjectType::Upstream, "mine", kUpstreamBody).status, 201U);
    const ReloadResult result = catalog_->reload(files_of("upstreams: []\n"));
    EXPECT_TRUE(result.complaints.empty());
    EXPECT_EQ(result.removed,
              (std::vector<std::string>{"stream_routes/file-route", "upstreams/file-upstream"}));
    EXPECT_EQ(control_.served.upstreams.size(), 1U);
    EXPECT_EQ(control_.served.upstreams.at(0).id, "mine");
}

// ---- Failures change nothing -------------------------------------------------------------------

TEST_F(CatalogTest, WhatTheDataPlaneRefusesChangesNothing) {
    open(true);
    ASSERT_EQ(put(ObjectType::Upstream, "1", kUpstreamBody).status, 201U);
    const std::string before = everything();
    control_.apply_problem = "the certificate does not fit its key";
    const ChangeResult bad = put(ObjectType::Upstream, "1", kOtherUpstreamBody);
    EXPECT_EQ(bad.status, 400U);
    EXPECT_EQ(bad.problem, "invalid configuration: the certificate does not fit its key");
    EXPECT_EQ(catalog_->remove(ObjectType::Upstream, "1").status, 400U);
    control_.apply_problem.clear();
    EXPECT_EQ(everything(), before);
    EXPECT_FALSE(std::filesystem::exists(scratch_.path("state/state.json.next")));
}

// Certificates are read again where their objects changed, and nowhere else: check() reads them
// all, and one broken file would then stand in the way of draining a broker.
TEST_F(CatalogTest, AChangeAsksTheDataPlaneOnceAndOnlyForWhatChanged) {
    control_.check_problem = "the key file of another object is gone";
    EXPECT_EQ(put(ObjectType::Upstream, "1", kUpstreamBody).status, 201U);
    EXPECT_EQ(catalog_->remove(ObjectType::Upstream, "1").status, 200U);
    EXPECT_EQ(control_.applies, 2);
    EXPECT_EQ(control_.files, ReadFiles::WhereChanged);
    EXPECT_TRUE(catalog_->reload(files_of(kFleet)).complaints.empty());
    EXPECT_EQ(control_.files, ReadFiles::Again);
}

TEST_F(CatalogTest, AStateDirectoryThatCannotBeWrittenChangesNothing) {
    open(true);
    ASSERT_EQ(put(ObjectType::Upstream, "1", kUpstreamBody).status, 201U);
    const std::string before = everything();
    const int applies = control_.applies;
    std::filesystem::create_directory(scratch_.path("state/state.json.next"));  // no file there
    const ChangeResult result = put(ObjectType::Upstream, "2", kUpstreamBody);
    EXPECT_EQ(result.status, 503U);
    EXPECT_NE(result.problem.find("state.json.next: Is a directory"), std::string::npos)
        << result.problem;
    EXPECT_EQ(everything(), before);
    EXPECT_EQ(control_.applies, applies);
    std::filesystem::remove(scratch_.path("state/state.json.next"));
    EXPECT_EQ(put(ObjectType::Upstream, "2", kUpstreamBody).status, 201U);
}

TEST_F(CatalogTest, AStateThatCannotBeCommittedIsTakenBack) {
    open(true);
    ASSERT_EQ(put(ObjectType::Upstream, "1", kUpstreamBody).status, 201U);
    const std::string before = serving();
    std::filesystem::remove(scratch_.path("state/state.json"));
    std::filesystem::create_directory(scratch_.path("state/state.json"));  // rename(2): EISDIR
    const ChangeResult result = put(ObjectType::Upstream, "2", kUpstreamBody);
    EXPECT_EQ(result.status, 503U);
    EXPECT_NE(result.problem.find("; what a restart reads could not be put back either"),
              std::string::npos)
        << result.problem;
    EXPECT_EQ(serving(), before);
    EXPECT_EQ(text_of(catalog_->objects()), before);
}

TEST_F(CatalogTest, ItSurvivesARestart) {
    open(true, files_of(kFleet));
    ASSERT_EQ(put(ObjectType::Upstream, "..", kUpstreamBody).status, 201U);
    ASSERT_EQ(put(ObjectType::StreamRoute, "7", R"({"upstream_id":"..","priority":1})").status,
              201U);
    ASSERT_EQ(catalog_->patch(ObjectType::Upstream, "..", {}, json(R"({"retries":2})")).status,
              200U);
    const std::string objects = text_of(catalog_->objects());
    const std::string document = to_json(catalog_->document());
    open(true, files_of(kFleet));
    EXPECT_TRUE(started_.errors.empty());
    EXPECT_EQ(text_of(catalog_->objects()), objects);
    EXPECT_EQ(to_json(catalog_->document()), document);
    EXPECT_EQ(catalog_->get(ObjectType::Upstream, "..")->created_index, 1U);
    EXPECT_EQ(catalog_->get(ObjectType::Upstream, "..")->modified_index, 3U);
    EXPECT_FALSE(std::filesystem::exists(scratch_.path("state.json")));
}

TEST_F(CatalogTest, AFileThatTookAnIdWhileWeWereDownIsNoStart) {
    open(true);
    ASSERT_EQ(put(ObjectType::Upstream, "file-upstream", kUpstreamBody).status, 201U);
    open(true, files_of(kFleet));
    ASSERT_FALSE(started_.errors.empty());
    EXPECT_NE(text(started_.errors[0]).find("file-upstream"), std::string::npos);
}

// ---- Many edits --------------------------------------------------------------------------------

std::string random_upstream(Rng& rng) {
    std::string nodes;
    for (uint64_t i = 0, n = 1 + rng.below(4); i < n; ++i)
        nodes += fmt::format("{}\"127.0.0.1:{}\":{}", i == 0 ? "" : ",", 1883 + i, rng.below(4));
    return fmt::format(R"({{"type":"{}","key":"mqtt_client_id","nodes":{{{}}}}})",
                       rng.below(2) == 0 ? "chash" : "roundrobin", nodes);
}

void edit(Catalog& catalog, Rng& rng, std::array<uint64_t, 6>& statuses) {
    const std::string id = std::to_string(1 + rng.below(8));
    const std::string upstream = std::to_string(1 + rng.below(8));
    ChangeResult result;
    switch (rng.below(6)) {
        case 0:
            result = catalog.put(ObjectType::Upstream, id, json(random_upstream(rng)));
            break;
        case 1:
            result = catalog.put(ObjectType::StreamRoute, id,
                                 json(fmt::format(R"({{"upstream_id":"{}","priority":{}}})",
                                                  upstream, rng.below(100))));
            break;
        case 2:
            result = catalog.put(ObjectType::StreamRoute, id,
                                 json(fmt::format(R"({{"upstream":{}}})", random_upstream(rng))));
            break;
        case 3:
            result = catalog.remove(ObjectType::Upstream, id);
            break;
        case 4:
            result = catalog.remove(ObjectType::StreamRoute, id);
            break;
        default:
            result = catalog.patch(ObjectType::StreamRoute, id, {},
                                   json(fmt::format(R"({{"priority":{}}})", rng.below(100))));
    }
    statuses[result.status / 100]++;
}

TEST_F(CatalogTest, RandomEditsEndWhereAFreshProcessBegins) {
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
    constexpr int kEdits = 20'000;
#else
    constexpr int kEdits = 100'000;
#endif
    Rng rng(4);
    std::array<uint64_t, 6> statuses{};
    for (int i = 0; i < kEdits; ++i) {
        edit(*catalog_, rng, statuses);
        if (i % 10'000 == 0) {
            EXPECT_EQ(serving(), text_of(catalog_->objects()));
        }
    }
    EXPECT_GT(statuses[2], kEdits * 3U / 10);
    EXPECT_GT(statuses[4], kEdits * 1U / 10);
    EXPECT_EQ(statuses[5], 0U);
    EXPECT_FALSE(serving().empty());

    // The whole of it, given to another as one document.
    FakeControl fresh_control;
    Catalog fresh(fresh_control, nullptr);
    EXPECT_EQ(fresh.put_document(catalog_->document(), "d").status, 202U);
    EXPECT_EQ(text_of(fresh_control.served), serving());
    // And read back from the text that the state directory would hold.
    EXPECT_EQ(text_of(fresh.objects()), text_of(catalog_->objects()));
}

TEST_F(CatalogTest, EditsDuringReloadsTakeTurns) {
    open(true, files_of(kFleet));
    const FileObjects with = files_of(kFleet);
    const FileObjects without = files_of("upstreams: []\n");
    std::atomic<int> reloads{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t)
        threads.emplace_back([this, t] {
            for (int i = 0; i < 60; ++i) {
                const std::string id = fmt::format("t{}-{}", t, i % 5);
                EXPECT_LE(put(ObjectType::Upstream, id, kUpstreamBody).status, 201U);
            }
        });
    threads.emplace_back([&] {
        for (int i = 0; i < 60; ++i)
            reloads += catalog_->reload(i % 2 == 0 ? without : with).complaints.empty();
    });
    for (int i = 0; i < 200; ++i) (void)catalog_->list(ObjectType::Upstream);
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(reloads, 60);
    EXPECT_EQ(catalog_->list(ObjectType::Upstream).size(), 16U);
    EXPECT_EQ(serving(), text_of(catalog_->objects()));
    const std::string before = serving();
    open(true, files_of(kFleet));
    EXPECT_EQ(text_of(catalog_->objects()), before);
}

}  // namespace
}  // namespace jumpgate
