#include "core/config/read_objects.h"

#include <gtest/gtest.h>

#include "core/base/read_file.h"
#include "core/config/json.h"
#include "tests/config/documents.h"

namespace jumpgate {

static std::string article(const char* file) {
    const std::string path = std::string(JUMPGATE_SOURCE_ROOT "/tests/e2e/article/") + file;
    return std::get<std::string>(read_file(path));
}

TEST(ReadObjects, ReadsTheArticle) {
    const ObjectsRead read = objects_of(article("apisix.yaml"));
    EXPECT_EQ(joined(read.errors), "");
    EXPECT_EQ(joined(read.warnings), "");
    ASSERT_EQ(read.objects.stream_routes.size(), 1U);
    const StreamRouteConfig& route = read.objects.stream_routes[0];
    EXPECT_EQ(route.id, "1");
    EXPECT_EQ(route.upstream_id, "1");
    EXPECT_EQ(route.match.levels, std::vector<uint8_t>{5});
    EXPECT_EQ(text(route.origin), "f:2");
    ASSERT_EQ(read.objects.upstreams.size(), 1U);
    const UpstreamConfig& upstream = read.objects.upstreams[0];
    EXPECT_EQ(upstream.id, "1");
    EXPECT_EQ(upstream.type, Balance::ConsistentHash);
    EXPECT_EQ(upstream.key, HashKey::ClientId);
    const std::vector<BrokerAddress> nodes = {{"host.docker.internal", 1883, 1},
                                              {"host.docker.internal", 1884, 1}};
    EXPECT_EQ(upstream.nodes, nodes);
    const Checked checked = check_objects(read.objects);
    EXPECT_EQ(joined(lines(checked.errors)), "");
    EXPECT_EQ(joined(lines(checked.warnings)), "");
}

TEST(ReadObjects, LeavesOtherKeysToTheCaller) {
    const ObjectsRead read = objects_of(article("config.yaml"));
    EXPECT_TRUE(read.objects.upstreams.empty());
    EXPECT_EQ(joined(read.errors), "");
}

TEST(ReadObjects, NumbersItemsWithoutIdFromOne) {
    const ObjectsRead read = objects_of("upstreams:\n- nodes: {b1: 1}\n- nodes: {b2: 1}\n");
    EXPECT_EQ(joined(read.errors), "");
    ASSERT_EQ(read.objects.upstreams.size(), 2U);
    EXPECT_EQ(read.objects.upstreams[0].id, "arr_1");
    EXPECT_EQ(read.objects.upstreams[1].id, "arr_2");
    EXPECT_EQ(text(read.objects.upstreams[1].origin), "f:3");
}

TEST(ReadObjects, GivesAnInlineUpstreamAnIdOfItsRoute) {
    const ObjectsRead read = objects_of("stream_routes:\n- id: r\n  upstream: {nodes: {b1: 1}}\n");
    EXPECT_EQ(joined(read.errors), "");
    ASSERT_EQ(read.objects.upstreams.size(), 1U);
    EXPECT_EQ(read.objects.upstreams[0].id, "stream_route/r");
    EXPECT_EQ(read.objects.stream_routes[0].upstream_id, "stream_route/r");
}

TEST(ReadObjects, LeavesAnIdThatIsRefusedEmpty) {
    const ObjectsRead read = objects_of(
        "upstreams: [{id: a/b, nodes: {b1: 1}}, 5]\n"
        "stream_routes: [{id: [], upstream: {nodes: {b1: 1}}}]\n"
        "ssls: [{id: \"\", cert: c, key: k}]\n");
    EXPECT_EQ(read.errors.size(), 4U) << joined(read.errors);
    for (const size_t i : {0U, 1U}) EXPECT_EQ(read.objects.upstreams.at(i).id, "");
    EXPECT_EQ(read.objects.stream_routes.at(0).id, "");
    EXPECT_EQ(read.objects.stream_routes[0].upstream_id, read.objects.upstreams.at(2).id);
    EXPECT_EQ(read.objects.ssls.at(0).id, "");
}

TEST(ReadObjects, SaysAllThatIsWrongAtOnceWithItsPlace) {
    const ObjectsRead read = objects_of(
        "stream_routes: 1\n"
        "upstreams:\n"
        "- nodes: [{host: b1}, {host: b2, port: 70000}]\n"
        "  tipe: chash\n"
        "- 5\n"
        "ssls:\n"
        "- {cert: a.pem}\n");
    EXPECT_EQ(joined(read.errors),
              "f:1:16: stream_routes: is a number; allowed: a list\n"
              "f:3:40: upstreams[0].nodes[1].port: 70000 is out of range; allowed: 0 to 65535\n"
              "f:4:3: upstreams[0].tipe: is unknown; did you mean type?\n"
              "f:5:3: upstreams[1]: is a number; allowed: a map\n"
              "f:7:3: ssls[0].key: is missing; allowed: PEM text (\"-----BEGIN ...\") up to 1 MiB, "
              "the path of a PEM file, or $ENV://VARIABLE");
}

TEST(ReadObject, TakesTheBodyOfTheArticlesCurl) {
    const auto body = read_json(
        R"({"plugins": {"mqtt-proxy": {"protocol_name": "MQTT", "protocol_level": 5}},
            "upstream": {"type": "chash", "key": "mqtt_client_id", "nodes": [
                {"host": "host.docker.internal", "port": 1883, "weight": 1},
                {"host": "host.docker.internal", "port": 1884, "weight": 1}]}})",
        "request");
    Objects objects;
    Checked found;
    read_object(ObjectType::StreamRoute, "1", std::get<Value>(body), {}, objects, found);
    EXPECT_EQ(joined(lines(found.errors)), "");
    ASSERT_EQ(objects.stream_routes.size(), 1U);
    EXPECT_EQ(objects.stream_routes[0].id, "1");
    EXPECT_TRUE(objects.stream_routes[0].origin.from_api());
    ASSERT_EQ(objects.upstreams.size(), 1U);
    EXPECT_EQ(objects.upstreams[0].nodes.size(), 2U);
    EXPECT_TRUE(objects.upstreams[0].origin.from_api());
}

TEST(ReadObject, WantsTheIdOfThePath) {
    Objects objects;
    Checked found;
    const Value body = value_of("{id: 2, nodes: {b1: 1}}");
    read_object(ObjectType::Upstream, "1", body, {}, objects, found);
    ASSERT_EQ(found.errors.size(), 1U);
    EXPECT_EQ(text(found.errors[0]),
              "1:6: id: is 2, and the path says 1; allowed: the same, or none");
    found = {};
    objects = {};
    read_object(ObjectType::Upstream, "2", body, {}, objects, found);
    EXPECT_TRUE(found.errors.empty());
    EXPECT_EQ(objects.upstreams[0].id, "2");
}

TEST(ObjectsSchema, NamesEveryFieldOnce) {
    const auto read = read_json(objects_json_schema(), "schema");
    const Value* schema = std::get_if<Value>(&read);
    ASSERT_NE(schema, nullptr) << text(std::get<Complaint>(read));
    const Value* properties = schema->find("properties");
    ASSERT_NE(properties, nullptr);
    const auto fields_of = [&](ObjectType type) -> const Value* {
        const Value* list = properties->find(text(type));
        return list == nullptr ? nullptr : list->find("items")->find("properties");
    };
    for (const char* field : {"type", "nodes", "checks", "tls", "slow_start_s", "all_down"})
        EXPECT_NE(fields_of(ObjectType::Upstream)->find(field), nullptr) << field;
    EXPECT_EQ(fields_of(ObjectType::Upstream)->find("service_name"), nullptr);
    EXPECT_NE(fields_of(ObjectType::StreamRoute)->find("match"), nullptr);
    EXPECT_NE(fields_of(ObjectType::Ssl)->find("ssl_protocols"), nullptr);
    const Value* type = fields_of(ObjectType::Upstream)->find("type");
    EXPECT_EQ(to_json(*type->find("enum")), R"(["chash","roundrobin","least_conn"])");
}

TEST(ObjectsMarkdown, HasARowForEachField) {
    const std::string page = objects_markdown();
    for (const char* row :
         {"### `stream_routes`", "| `plugins.mqtt-proxy.protocol_level` |",
          "| `checks.active.unhealthy.tcp_failures` | 1 to 254 | 2 |",
          "| `nodes[].weight` | 0 to 1000 | 1 |", "| `client.depth` |", "| `cert` |"})
        EXPECT_NE(page.find(row), page.npos) << row;
    EXPECT_EQ(page.find("service_name"), page.npos);
}

}  // namespace jumpgate
