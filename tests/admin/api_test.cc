#include "core/admin/api.h"

#include <gtest/gtest.h>

#include "core/base/time.h"
#include "tests/admin/api_fixture.h"
#include "tests/pki.h"

namespace jumpgate {
namespace {

class ApiTest : public ApiFixture {};

// ---- Objects: the table of APISIX's reference --------------------------------------------------

TEST_F(ApiTest, TheArticlesCurlWorksAtTheArticlesUrl) {
    // The text of the article lost "apisix": two slashes are left.
    for (const char* url :
         {"//admin/stream_routes/1", "/apisix/admin/stream_routes/2", "/admin/stream_routes/3"})
        EXPECT_EQ(ask("PUT", url, kInlineRouteBody).status, 201U) << url;
    EXPECT_EQ(said("PUT", "//admin/stream_routes/1", kInlineRouteBody),
              R"(200 {"key":"/apisix/stream_routes/1","value":{"plugins":{"mqtt-proxy":)"
              R"({"protocol_name":"MQTT","protocol_level":5}},"upstream":{"type":"chash",)"
              R"("key":"mqtt_client_id","nodes":[{"host":"127.0.0.1","port":1883,"weight":1}]},)"
              R"("id":"1","create_time":T,"update_time":T}})");
    EXPECT_EQ(control_.served.stream_routes.size(), 3U);
}

TEST_F(ApiTest, ObjectsLiveAsInApisix) {
    const std::string value = R"({"nodes":{"127.0.0.1:1883":1},"type":"roundrobin",)"
                              R"("id":"1","create_time":T,"update_time":T})";
    const std::string with_key = R"({"key":"/apisix/upstreams/1","value":)" + value;
    const std::string body = R"({"nodes":{"127.0.0.1:1883":1},"type":"roundrobin"})";
    const std::string url = "/apisix/admin/upstreams";
    EXPECT_EQ(said("GET", url), R"(200 {"list":[],"total":0})");
    EXPECT_EQ(said("GET", url + "/1"), R"(404 {"message":"Key not found"})");
    EXPECT_EQ(said("DELETE", url + "/1"), R"(404 {"message":"Key not found"})");
    EXPECT_EQ(said("PATCH", url + "/1", "{}"), R"(404 {"message":"Key not found"})");
    EXPECT_EQ(said("PUT", url + "/1", body), "201 " + with_key + "}");
    EXPECT_EQ(said("PUT", url + "/1", body), "200 " + with_key + "}");
    EXPECT_EQ(said("GET", url + "/1"),
              "200 " + with_key + R"(,"createdIndex":1,"modifiedIndex":2})");
    EXPECT_EQ(said("GET", url),
              "200 {\"list\":[" + with_key + R"(,"createdIndex":1,"modifiedIndex":2}],"total":1})");
    EXPECT_EQ(said("PATCH", url + "/1", R"({"retries":1})").substr(0, 4), "200 ");
    EXPECT_EQ(said("PATCH", url + "/1/nodes", R"({"127.0.0.1:1884":1})").substr(0, 4), "200 ");
    EXPECT_EQ(control_.served.upstreams.at(0).nodes.at(0).port, 1884);
    EXPECT_EQ(said("DELETE", url + "/1"), R"(200 {"deleted":"1","key":"/apisix/upstreams/1"})");
    const HttpResponse posted = ask("POST", url, body);
    EXPECT_EQ(posted.status, 201U);
    EXPECT_NE(posted.body.find(R"("key":"/apisix/upstreams/00000000000000000006")"),
              std::string::npos)
        << posted.body;
    EXPECT_EQ(header(posted, "X-API-VERSION"), "v3");
    EXPECT_EQ(posted.body.back(), '\n');
}

TEST_F(ApiTest, RefusalsAreThoseOfApisix) {
    ASSERT_EQ(ask("PUT", "/admin/upstreams/1", kUpstreamBody).status, 201U);
    ASSERT_EQ(ask("PUT", "/admin/stream_routes/7", R"({"upstream_id":"1"})").status, 201U);
    struct Case {
        const char* method;
        const char* target;
        const char* body;
        const char* answer;  // how it begins
    };
    const Case cases[] = {
        {"PUT", "/admin/stream_routes", "{}", R"(400 {"error_msg":"missing stream route id"})"},
        {"PUT", "/admin/stream_routes/2", R"({"id":"3"})",
         R"(400 {"error_msg":"wrong stream_route id"})"},
        {"DELETE", "/admin/ssls", "", R"(400 {"error_msg":"missing ssl id"})"},
        {"PATCH", "/admin/ssls", "{}", R"(400 {"error_msg":"missing ssl id"})"},
        {"PUT", "/admin/upstreams/a%20b", "{}", R"(400 {"error_msg":"wrong upstream id)"},
        {"PUT", "/admin/upstreams/..%2F..%2Fetc%2Fpasswd", "{}",
         R"(400 {"error_msg":"wrong upstream id)"},
        {"GET", "/admin/upstreams/%00", "", R"(400 {"error_msg":"wrong upstream id)"},
        {"GET", "/admin/upstreams/%zz", "", R"(400 {"error_msg":"the path holds a %)"},
        {"PUT", "/admin/upstreams/../../etc", "{}", R"(404 {"error_msg":"not found"})"},
        {"PUT", "/admin/upstreams", R"({"id":"../x"})", R"(400 {"error_msg":"wrong upstream id)"},
        {"DELETE", "/admin/upstreams/1", "",
         R"(400 {"error_msg":"can not delete this upstream, )"
         R"(stream_route [7] is still using it now"})"},
        {"DELETE", "/admin/upstreams/1?force=true", "",
         R"(400 {"error_msg":"can not delete this upstream, )"
         R"(stream_route [7] is still using it now; force=true is not)"},
        {"PUT", "/admin/upstreams/1", "{", R"(400 {"error_msg":"invalid request body: request:1:)"},
        {"PUT", "/admin/upstreams/1", "", R"(400 {"error_msg":"invalid request body: )"},
        {"PUT", "/admin/upstreams/1", "\xff\xfe", R"(400 {"error_msg":"invalid request body: )"},
        {"PUT", "/admin/upstreams/1", R"({"a":1,"a":2})",
         R"(400 {"error_msg":"invalid request body: )"},
        {"PUT", "/admin/upstreams/1", "[]",
         R"(400 {"error_msg":"invalid configuration: the body must)"},
        {"PUT", "/admin/upstreams/1", R"({"nodes":{"a:1":1},"nodez":1})",
         R"(400 {"error_msg":"invalid configuration: )"},
        {"PUT", "/admin/upstreams/1", R"({"nodes":{"a:1":1},"create_time":1})",
         R"(400 {"error_msg":"the property is forbidden: create_time"})"},
        {"GET", "/admin/routes", "", R"(404 {"error_msg":"Unsupported resource type: routes"})"},
        {"GET", "/admin", "", R"(404 {"error_msg":"not found"})"},
        {"OPTIONS", "/admin/upstreams/1", "", R"(404 {"error_msg":"not found"})"},
        {"POST", "/admin/upstreams/1", "{}", R"(404 {"error_msg":"not found"})"},
        {"GET", "/admin/upstreams/1/nodes", "", R"(404 {"error_msg":"not found"})"},
        {"GET", "/admin/upstreams?page=0", "", R"(400 {"error_msg":"page is out of range)"},
        {"GET", "/admin/upstreams?page_size=9", "",
         R"(400 {"error_msg":"page_size is out of range)"},
        {"GET", "/admin/upstreams?name=%5B", "", R"(400 {"error_msg":"name )"},
        {"GET", "/nothing", "", R"(404 {"error_msg":"not found"})"},
        {"GET", "/", "", R"(404 {"error_msg":"not found"})"},
        {"GET", "/healthz/x", "", R"(404 {"error_msg":"not found"})"},
        {"POST", "/healthz", "",
         R"(405 {"error_msg":"this method is not allowed here; allowed: GET, HEAD"})"},
        {"GET", "/drain", "",
         R"(405 {"error_msg":"this method is not allowed here; allowed: POST"})"},
    };
    const std::string before = serving();
    for (const Case& c : cases) {
        const std::string answer = said(c.method, c.target, c.body);
        EXPECT_EQ(answer.substr(0, std::string_view(c.answer).size()), c.answer)
            << c.method << " " << c.target << " " << answer;
    }
    EXPECT_EQ(serving(), before);
}

TEST_F(ApiTest, ListsAreFilteredAndCutIntoPages) {
    for (int i = 10; i < 35; ++i)
        ASSERT_EQ(ask("PUT", fmt::format("/admin/upstreams/{}", i),
                      fmt::format(R"({{"nodes":{{"127.0.0.1:1883":1}},"name":"broker-{}",)"
                                  R"("labels":{{"zone":"{}"}}}})",
                                  i, i < 20 ? "north" : "south"))
                      .status,
                  201U);
    const auto counts = [&](const char* query) {
        const Value answer = json(ask("GET", std::string("/admin/upstreams") + query).body);
        return fmt::format("{} of {}", answer.find("list")->items.size(),
                           answer.find("total")->integer);
    };
    EXPECT_EQ(counts(""), "25 of 25");
    EXPECT_EQ(counts("?page=1"), "10 of 25");
    EXPECT_EQ(counts("?page=3&page_size=10"), "5 of 25");
    EXPECT_EQ(counts("?page=4&page_size=10"), "0 of 25");
    EXPECT_EQ(counts("?page=1000000&page_size=500"), "0 of 25");
    EXPECT_EQ(counts("?label=zone:north"), "10 of 10");
    EXPECT_EQ(counts("?label=zone"), "25 of 25");
    EXPECT_EQ(counts("?label=none"), "0 of 0");
    EXPECT_EQ(counts("?name=broker-1"), "10 of 10");
    EXPECT_EQ(counts("?name=%5Ebroker-.1%24"), "3 of 3");
    EXPECT_EQ(counts("?name=broker-1&label=zone:south"), "0 of 0");
}

TEST_F(ApiTest, KeysAreNeverShown) {
    Value ssl = make_map();
    set(ssl, "cert", make_text(pki_file("server-b.crt").text));
    set(ssl, "key", make_text(pki_file("server-b.key").text));
    set(ssl, "sni", make_text("mqtt.example.com"));
    std::string all = said("PUT", "/admin/ssls/1", to_json(ssl));
    ASSERT_EQ(all.substr(0, 4), "201 ") << all;
    all +=
        said("GET", "/admin/ssls/1") + said("GET", "/admin/ssls") + said("GET", "/admin/configs");
    all += said("PATCH", "/admin/ssls/1", R"({"sni":"other.example.com"})");
    all += said("DELETE", "/admin/ssls/1") + lines_;
    EXPECT_EQ(all.find("PRIVATE KEY"), std::string::npos);
    EXPECT_NE(all.find("BEGIN CERTIFICATE"), std::string::npos);
    EXPECT_NE(all.find("other.example.com"), std::string::npos);
}

TEST_F(ApiTest, ObjectsOfFilesSayWhereTheyAreDefined) {
    open(false, files_of(kFleet));
    const std::string answer = said("GET", "/admin/upstreams/file-upstream");
    EXPECT_NE(answer.find(R"("origin":"fleet.yaml:)"), std::string::npos) << answer;
    EXPECT_EQ(said("PUT", "/admin/upstreams/file-upstream", kUpstreamBody).substr(0, 4), "409 ");
}

TEST_F(ApiTest, EveryChangeIsALineThatNamesItsAuthor) {
    (void)ask("PUT", "/admin/upstreams/1", kUpstreamBody);
    (void)ask("PUT", "/admin/upstreams/1", R"({"nodez":1})");
    EXPECT_NE(lines_.find("object_changed method=\"PUT\" object=\"upstreams/1\" peer=\"127.0.0.1\" "
                          "status=201 version=2 moved=\"0.00%\""),
              std::string::npos)
        << lines_;
    EXPECT_NE(lines_.find("change_refused"), std::string::npos);
    control_.hint = "keep b:1 in the list";
    (void)ask("DELETE", "/admin/upstreams/1");
    EXPECT_NE(lines_.find("hint=\"keep b:1 in the list\""), std::string::npos) << lines_;
}

TEST_F(ApiTest, ALineSaysHowFewerClientsCouldHaveMoved) {
    (void)ask("PUT", "/admin/upstreams/1", kUpstreamBody);
    EXPECT_EQ(lines_.find("hint"), std::string::npos) << lines_;
    control_.hint = "keep b1:1883 in the list with weight 0";
    (void)ask("PUT", "/admin/upstreams/1", kOtherUpstreamBody);
    EXPECT_NE(lines_.find("hint=\"keep b1:1883 in the list with weight 0\""), std::string::npos);
}

TEST_F(ApiTest, AnObjectThatNoListenerServesIsTakenWithAWarning) {
    config_.listen = {{"", 1883}};
    ASSERT_EQ(ask("PUT", "/admin/upstreams/1", kUpstreamBody).status, 201U);
    const char* body = R"({"upstream_id":"1","server_port":9})";
    const HttpResponse put = ask("PUT", "/admin/stream_routes/7", body);
    EXPECT_EQ(put.status, 201U);
    const std::string warning =
        "stream_routes[7]: can never be chosen: server_port: no listener has the port 9";
    EXPECT_EQ(header(put, "Warning"), "199 - \"" + warning + "\"");
    EXPECT_EQ(put.body.find("never"), std::string::npos) << put.body;
    EXPECT_NE(lines_.find("config_warning object=\"stream_routes/7\" warning=\"" + warning + "\""),
              std::string::npos)
        << lines_;
    EXPECT_EQ(header(ask("PUT", "/admin/stream_routes/7", body), "Warning"),
              "199 - \"" + warning + "\"");
    EXPECT_EQ(header(ask("PUT", "/admin/upstreams/1", kUpstreamBody), "Warning"), "");
    const HttpResponse patched = ask("PATCH", "/admin/stream_routes/7", R"({"server_port":1883})");
    EXPECT_EQ(patched.status, 200U);
    EXPECT_EQ(header(patched, "Warning"), "");
}

TEST(AddWarnings, AreAsciiAndFewAndShort) {
    const auto added = [](std::vector<std::string> texts) {
        std::vector<Complaint> warnings;
        for (std::string& text : texts) warnings.push_back({"", {}, "", std::move(text), ""});
        HttpResponse response;
        add_warnings(response, warnings);
        std::string all;
        for (const auto& [name, value] : response.headers) all += name + ": " + value + "\n";
        return all;
    };
    EXPECT_EQ(added({}), "");
    EXPECT_EQ(added({"a \"b\" \\ K\xc3\xb6ln\r\nX: y"}),
              "Warning: 199 - \"a \\\"b\\\" \\\\ K??ln??X: y\"\n");
    EXPECT_EQ(added({std::string(401, 'x')}),
              "Warning: 199 - \"" + std::string(400, 'x') + "...\"\n");
    const std::string many = added(std::vector<std::string>(12, "w"));
    EXPECT_EQ(std::ranges::count(many, '\n'), 9);
    EXPECT_TRUE(many.ends_with("Warning: 199 - \"and 4 more, which the log has\"\n")) << many;
}

TEST_F(ApiTest, AChangeThatAWorkerHasNotTakenYetIs202AndSaysSo) {
    control_.complete = false;
    for (const auto& [method, target, body] :
         {std::array{"PUT", "/admin/upstreams/1", R"({"nodes":{"127.0.0.1:1883":1}})"},
          std::array{"PATCH", "/admin/upstreams/1", R"({"retries":1})"},
          std::array{"DELETE", "/admin/upstreams/1", ""},
          std::array{"PUT", "/admin/configs", "{}"}}) {
        const std::string answer = said(method, target, body, {{"X-Digest", "d"}});
        EXPECT_EQ(answer.substr(0, 4), "202 ") << method << target;
        EXPECT_NE(answer.find(R"("warning":"a worker has not answered yet)"), std::string::npos)
            << answer;
    }
    EXPECT_NE(lines_.find("warning=\"a worker has not answered yet"), std::string::npos) << lines_;
}

TEST_F(ApiTest, WithoutAStateDirectoryEachAnswerSaysSo) {
    EXPECT_EQ(header(ask("PUT", "/admin/upstreams/1", kUpstreamBody), "X-Persistence"), "memory");
    open(true);
    EXPECT_EQ(header(ask("PUT", "/admin/upstreams/1", kUpstreamBody), "X-Persistence"), "");
}

TEST_F(ApiTest, AnswersAreUtf8WhateverIsAsked) {
    EXPECT_EQ(said("GET", "/admin/%ff"),
              "404 {\"error_msg\":\"Unsupported resource type: \xef\xbf\xbd\"}");
    (void)json(ask("GET", "/v1/connections?client_id=%ff").body);  // reads, or the test fails
    (void)json(ask("GET", "/v1/route?client_id=%ff%c3").body);
}

TEST_F(ApiTest, AFullDiskIs503) {
    open(true);
    std::filesystem::create_directory(scratch_.path("state/state.json.next"));
    EXPECT_EQ(said("PUT", "/admin/upstreams/1", kUpstreamBody).substr(0, 37),
              R"(503 {"error_msg":"nothing has changed)");
}

TEST_F(ApiTest, ASchemaIsCheckedWithoutAChange) {
    EXPECT_EQ(said("POST", "/admin/schema/validate/upstreams", kUpstreamBody), "200 {}");
    EXPECT_EQ(said("POST", "/admin/schema/validate/upstreams", R"({"nodez":1})").substr(0, 4),
              "400 ");
    EXPECT_EQ(said("POST", "/admin/schema/validate/routes", "{}").substr(0, 4), "404 ");
    EXPECT_EQ(control_.applies, 0);
}

// ---- Health and control ------------------------------------------------------------------------

BrokerState broker(BrokerCondition condition, double weight, bool listed = true) {
    BrokerState state;
    state.upstream = "u";
    state.name = "b1:1883";
    state.condition = condition;
    state.effective_weight = weight;
    state.listed = listed;
    state.routed = listed;
    if (condition == BrokerCondition::Down) state.why = "Connection refused";
    return state;
}

TEST_F(ApiTest, ReadyMeansThatABrokerCanServeANewClient) {
    const auto ready = [&](std::vector<BrokerState> brokers, bool draining = false) {
        control_.watched.brokers = std::move(brokers);
        control_.watched.draining = draining;
        return said("GET", "/ready");
    };
    using Condition = BrokerCondition;
    EXPECT_EQ(ready({broker(Condition::Up, 1)}),
              R"(503 {"status":"error","error":"no stream route is configured"})");
    control_.watched.has_routes = true;
    EXPECT_EQ(ready({}), R"(503 {"status":"error","error":"no live broker"})");
    BrokerState elsewhere = broker(Condition::Up, 1);
    elsewhere.routed = false;  // no stream route leads there
    EXPECT_EQ(ready({elsewhere, broker(Condition::Down, 0)}),
              R"(503 {"status":"error","error":"no live broker: b1:1883: Connection refused"})");
    EXPECT_EQ(ready({broker(Condition::Down, 0)}),
              R"(503 {"status":"error","error":"no live broker: b1:1883: Connection refused"})");
    EXPECT_EQ(ready({broker(Condition::Drained, 0)}),
              R"(503 {"status":"error","error":"no live broker"})");
    EXPECT_EQ(ready({broker(Condition::Up, 1, false)}),
              R"(503 {"status":"error","error":"no live broker"})");
    for (const Condition good : {Condition::Up, Condition::Unchecked, Condition::Starting})
        EXPECT_EQ(ready({broker(Condition::Down, 0), broker(good, 0.5)}), R"(200 {"status":"ok"})");
    EXPECT_EQ(ready({broker(Condition::Up, 1)}, true),
              R"(503 {"status":"error","error":"draining"})");
    EXPECT_EQ(said("GET", "/healthz"), R"(200 {"status":"ok"})");
}

TEST_F(ApiTest, ReadyTellsStrangersNoNames) {
    Watch watch;
    watch.has_routes = true;
    watch.brokers = {broker(BrokerCondition::Down, 0)};
    EXPECT_EQ(not_ready_reason(watch, false), "no live broker: b1:1883: Connection refused");
    EXPECT_EQ(not_ready_reason(watch, true), "no live broker");
}

TEST_F(ApiTest, ReadyAsksTheWorkersSomeTimesASecondAtMost) {
    Api api(*catalog_, control_, log_, {});
    HttpRequest request;
    request.method = "GET";
    request.path = "/ready";
    const uint64_t began_ns = monotonic_ns();
    for (int i = 0; i < 1'000; ++i) EXPECT_EQ(api.answer(request).status, 503U);
    const uint64_t passed_ms = (monotonic_ns() - began_ns) / kNanosPerMilli;
    EXPECT_LE(control_.watches, 1 + passed_ms / 100);
    control_.watched.has_routes = true;
    control_.watched.brokers = {broker(BrokerCondition::Up, 1)};
    unsigned status = 503;  // what is new is seen soon
    while (status != 200 && monotonic_ns() - began_ns < 30 * kNanosPerSecond)
        status = api.answer(request).status;
    EXPECT_EQ(status, 200U);
}

TEST_F(ApiTest, DrainIsAskedOfTheDataPlane) {
    EXPECT_EQ(said("POST", "/drain"), R"(200 {"draining":true})");
    EXPECT_TRUE(control_.drained);
    EXPECT_NE(lines_.find("drain_asked peer=\"127.0.0.1\""), std::string::npos) << lines_;
    HttpRequest by_socket;
    by_socket.method = "POST";
    by_socket.path = "/drain";
    (void)Api(*catalog_, control_, log_, {}).answer(by_socket);
    EXPECT_NE(lines_.find("drain_asked peer=\"unix\""), std::string::npos) << lines_;
}

TEST_F(ApiTest, MetricsAreText) {
    const HttpResponse response = ask("GET", "/metrics");
    EXPECT_EQ(response.body, "metrics\n");
    EXPECT_EQ(response.content_type, "text/plain; version=0.0.4; charset=utf-8");
}

TEST_F(ApiTest, ARouteIsExplained) {
    EXPECT_EQ(said("GET",
                   "/v1/route?client_id=a%2Fb&username=u&cert_cn=c&sni=s&level=4&remote_addr=::1"
                   "&server_port=1883&protocol=http"),
              R"(200 {"route":"1","why":"any client","upstream":"u","balance":"chash","key":"a/b",)"
              R"("hash":"0000000000abcdef","attempts":2,"step":"jump","broker":"b1:1883"})");
    EXPECT_EQ(control_.asked, "a/b,u,c,s,4,16,1883,http");
    (void)ask("GET", "/v1/route");
    EXPECT_EQ(control_.asked, ",,,,5,0,0,mqtt");
    for (const char* bad :
         {"level=6", "level=x", "remote_addr=host", "remote_addr=10.0.0.0/8", "server_port=0",
          "server_port=65536", "protocol=ws", "clientid=a", "client_id=a&x"})
        EXPECT_EQ(ask("GET", std::string("/v1/route?") + bad).status, 400U) << bad;
}

TEST_F(ApiTest, UpstreamsAreShownByNode) {
    control_.watched.brokers = {broker(BrokerCondition::Down, 0), broker(BrokerCondition::Up, 1)};
    control_.watched.brokers[0].last_check_ms_ago = 12;
    control_.watched.config_version = 3;
    const Value answer = json(ask("GET", "/v1/upstreams").body);
    EXPECT_EQ(answer.find("config_version")->integer, 3);
    ASSERT_EQ(answer.find("upstreams")->items.size(), 1U);
    const Value& nodes = *answer.find("upstreams")->items[0].find("nodes");
    ASSERT_EQ(nodes.items.size(), 2U);
    EXPECT_EQ(nodes.items[0].find("state")->text, "down");
    EXPECT_EQ(nodes.items[0].find("why")->text, "Connection refused");
    EXPECT_EQ(nodes.items[0].find("last_check_ms_ago")->integer, 12);
    EXPECT_EQ(nodes.items[1].find("why"), nullptr);
}

TEST_F(ApiTest, ConnectionsAreFoundByClientId) {
    EXPECT_EQ(
        said("GET", "/v1/connections?client_id=dev"),
        R"(200 {"total":1,"list":[{"client_id":"dev-7","peer":"","route":"","upstream":"",)"
        R"("broker":"b1:1883","bytes_up":5,"bytes_down":0,"age_s":0,"worker":0,"tls":false}]})");
    EXPECT_EQ(control_.found_max, 100U);
    (void)ask("GET", "/v1/connections?max=7");
    EXPECT_EQ(control_.found_max, 7U);
    EXPECT_EQ(ask("GET", "/v1/connections?max=1001").status, 400U);
}

TEST_F(ApiTest, ClientsAreMovedOffANode) {
    EXPECT_EQ(said("POST", "/v1/upstreams/stream_route%2F1/nodes/[::1]:1883/evict?rate=50"),
              R"(200 {"clients":12,"rate":50})");
    EXPECT_EQ(control_.asked, "stream_route/1,[::1]:1883,50");
    EXPECT_EQ(said("POST", "/v1/upstreams/1/nodes/b:1/evict"), R"(200 {"clients":12,"rate":100})");
    EXPECT_EQ(ask("POST", "/v1/upstreams/1/nodes/b:1/evict?rate=-1").status, 400U);
    EXPECT_EQ(ask("GET", "/v1/upstreams/1/nodes/b:1/evict").status, 405U);
    EXPECT_EQ(ask("POST", "/v1/route").status, 405U);
    EXPECT_EQ(ask("GET", "/v1/nothing").status, 404U);
}

TEST_F(ApiTest, WhereNobodyCanBeEvictedTheAnswerSaysWhatThereIs) {
    control_.evict_problem = "no";
    EXPECT_EQ(said("POST", "/v1/upstreams/1/nodes/b:1/evict"),
              R"(404 {"error_msg":"there is no upstream 1; there is none"})");
    for (int i = 0; i < 12; ++i) {
        control_.watched.brokers.push_back(broker(BrokerCondition::Up, 1));
        control_.watched.brokers.back().upstream = i < 2 ? "pool" : fmt::format("u{}", i);
        control_.watched.brokers.back().name = fmt::format("b:{}", i);
    }
    EXPECT_EQ(said("POST", "/v1/upstreams/1/nodes/b:1/evict"),
              R"(404 {"error_msg":"there is no upstream 1; there is: )"
              R"(pool, u2, u3, u4, u5, u6, u7, u8 and 3 more"})");
    EXPECT_EQ(said("POST", "/v1/upstreams/pool/nodes/b:2/evict"),
              R"(404 {"error_msg":"upstream pool has no node b:2; there is: b:0, b:1"})");
    control_.evict_problem = "node b:1 of upstream pool has weight 1: set it to 0 first";
    EXPECT_EQ(said("POST", "/v1/upstreams/pool/nodes/b:1/evict"),
              R"(400 {"error_msg":"node b:1 of upstream pool has weight 1: set it to 0 first"})");
}

TEST(LaneOf, OnlyWhatMayChangeObjectsWaitsForChanges) {
    const auto lane = [](std::string method, std::string path) {
        HttpRequest request;
        request.method = std::move(method);
        request.path = std::move(path);
        return lane_of(request);
    };
    EXPECT_EQ(lane("GET", "/healthz"), HttpLane::AtOnce);
    EXPECT_EQ(lane("POST", "/drain"), HttpLane::AtOnce);
    EXPECT_EQ(lane("GET", "/ready"), HttpLane::Watch);
    EXPECT_EQ(lane("GET", "/metrics"), HttpLane::Watch);
    for (const char* path : {"/apisix/admin/upstreams", "/v1/route", "/nothing", "/"})
        EXPECT_EQ(lane("GET", path), HttpLane::Read) << path;
    EXPECT_EQ(lane("POST", "/v1/upstreams/1/nodes/b:1/evict"), HttpLane::Read);
    EXPECT_EQ(lane("POST", "/apisix/admin/configs/validate"), HttpLane::Read);
    for (const char* method : {"PUT", "POST", "PATCH", "DELETE"})
        EXPECT_EQ(lane(method, "/apisix/admin/upstreams/1"), HttpLane::Change) << method;
}

TEST(PathSegments, IgnoreRepeatedSlashesAndDecodeLast) {
    using Segments = std::vector<std::string>;
    EXPECT_EQ(path_segments("//admin///a%2Fb/"), (Segments{"admin", "a/b"}));
    EXPECT_EQ(path_segments("/"), Segments{});
    EXPECT_FALSE(path_segments("/a%2").has_value());
}

}  // namespace
}  // namespace jumpgate
