// Api, the whole configuration: one document, in JSON and YAML.
#include <gtest/gtest.h>

#include <regex>

#include "tests/admin/api_fixture.h"

namespace jumpgate {
namespace {

class ApiConfigs : public ApiFixture {};

TEST_F(ApiConfigs, TheWholeConfigurationIsPutAndGot) {
    const std::string document =
        R"({"upstreams":[{"id":"1","type":"roundrobin","nodes":{"127.0.0.1:1883":1}}]})";
    EXPECT_EQ(said("PUT", "/apisix/admin/configs", document).substr(0, 43),
              R"(400 {"error_msg":"missing digest header: X-)");
    const HttpResponse accepted =
        ask("PUT", "/apisix/admin/configs", document, {{"X-Digest", "d1"}});
    EXPECT_EQ(accepted.status, 202U);
    EXPECT_EQ(accepted.body, "");
    EXPECT_EQ(ask("PUT", "/apisix/admin/configs", document, {{"X-Digest", "d1"}}).status, 204U);
    const HttpResponse got = ask("GET", "/apisix/admin/configs");
    EXPECT_EQ(header(got, "X-Digest"), "d1");
    EXPECT_TRUE(std::regex_match(header(got, "X-Last-Modified"),
                                 std::regex(R"(\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT)")));
    EXPECT_EQ(to_json(*json(got.body).find("upstreams_conf_version")), "1");
    EXPECT_EQ(ask("DELETE", "/apisix/admin/configs").status, 404U);
}

TEST_F(ApiConfigs, YamlIsADocumentToo) {
    const std::string yaml =
        "upstreams:\n- id: 1\n  type: roundrobin\n  nodes:\n    127.0.0.1:1883: 1\n";
    EXPECT_EQ(said("POST", "/admin/configs/validate", yaml, {{"Content-Type", "application/yaml"}}),
              "200 {}");
}

TEST_F(ApiConfigs, TheWholeConfigurationIsShownAsYamlToThoseWhoAskForIt) {
    const std::vector<HttpField> accept = {{"Accept", "application/yaml"}};
    ASSERT_EQ(ask("PUT", "/admin/upstreams/1", kUpstreamBody).status, 201U);
    ASSERT_EQ(ask("PUT", "/admin/upstreams/hall-7", kOtherUpstreamBody).status, 201U);
    ASSERT_EQ(ask("PUT", "/admin/stream_routes/1", kInlineRouteBody).status, 201U);
    const std::string serving_before = serving();
    const std::string before = said("GET", "/admin/configs");

    const HttpResponse got = ask("GET", "/admin/configs", "", accept);
    EXPECT_EQ(got.content_type, "application/yaml");
    EXPECT_NE(got.body.find("upstreams:\n  - type: chash\n    key: mqtt_client_id\n    nodes:\n"
                            "      \"127.0.0.1:1883\": 1\n    id: \"1\"\n"),
              std::string::npos)
        << got.body;
    const auto put = [this](std::string_view digest, std::string_view body) {
        return said("PUT", "/admin/configs", body,
                    {{"X-Digest", std::string(digest)}, {"Content-Type", "application/yaml"}});
    };
    EXPECT_EQ(put("as it was got", got.body), "202 ");
    EXPECT_EQ(said("GET", "/admin/configs"), before);
    // Without versions every object is read anew, and found to be as it was.
    static const std::regex versions("\\w+_conf_version: \\d+\n");
    EXPECT_EQ(put("read anew", std::regex_replace(got.body, versions, "")), "202 ");
    static const std::regex of_json("_conf_version\":\\d+");
    EXPECT_EQ(std::regex_replace(said("GET", "/admin/configs"), of_json, ""),
              std::regex_replace(before, of_json, ""));
    EXPECT_EQ(serving(), serving_before);
    EXPECT_EQ(put("none", "{}"), "202 ");
    EXPECT_EQ(put("from nothing", std::regex_replace(got.body, versions, "")), "202 ");
    EXPECT_EQ(serving(), serving_before);

    for (const char* other :
         {"*/*", "application/json", "application/json, application/yaml;q=0.5"})
        EXPECT_EQ(ask("GET", "/admin/configs", "", {{"Accept", other}}).content_type,
                  "application/json")
            << other;
}

TEST_F(ApiConfigs, WarningsNameTheObjects) {
    config_.listen = {{"", 1883}};
    const HttpResponse put = ask(
        "PUT", "/admin/configs",
        R"({"upstreams":[{"id":"u","type":"roundrobin","nodes":{"127.0.0.1:1":1},"retries":99}],)"
        R"("stream_routes":[{"id":"r","upstream_id":"u","server_addr":"10.0.0.1"},)"
        R"({"id":"s","upstream_id":"u","server_port":9}]})",
        {{"X-Digest", "d"}});
    EXPECT_EQ(put.status, 202U);
    std::string warnings;
    for (const HttpField& field : put.headers)
        if (field.first == "Warning") warnings += field.second + "\n";
    EXPECT_EQ(
        warnings,
        "199 - \"stream_routes[s]: can never be chosen: server_port: no listener has the port "
        "9\"\n"
        "199 - \"upstreams[u].retries: 99 is cut to 15\"\n");
}

TEST_F(ApiConfigs, ValidateNamesWhatIsWrong) {
    const std::string answer =
        said("POST", "/admin/configs/validate", R"({"upstreams":[{"id":"1","nodez":1}]})");
    const std::string begin =
        R"(400 {"error_msg":"Configuration validation failed","errors":[)"
        R"({"resource_type":"upstreams","resource_id":"1","index":0,"error":)";
    EXPECT_EQ(answer.substr(0, begin.size()), begin) << answer;
}

TEST_F(ApiConfigs, ADocumentThatIsThereAlreadyIsNoChangeInTheLog) {
    (void)ask("PUT", "/admin/configs", "{}", {{"X-Digest", "d"}});
    EXPECT_NE(lines_.find("status=202 version=2"), std::string::npos) << lines_;
    lines_.clear();
    (void)ask("PUT", "/admin/configs", "{}", {{"X-Digest", "d"}});
    EXPECT_NE(lines_.find("object_unchanged"), std::string::npos) << lines_;
    EXPECT_EQ(lines_.find("version"), std::string::npos) << lines_;
}

}  // namespace
}  // namespace jumpgate
