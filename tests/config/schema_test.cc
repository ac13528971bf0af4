#include "core/config/schema.h"

#include <gtest/gtest.h>

#include "core/config/flags.h"
#include "core/config/json.h"
#include "tests/config/file_read.h"
#include "tests/config/refusal.h"

namespace jumpgate {
namespace {

struct Schema {
    Value root;
    Schema() {
        const Parse parsed = parse({"--json-schema"});
        const FlagsExit& exit = std::get<FlagsExit>(parsed);
        EXPECT_EQ(exit.exit_code, 0);
        std::variant<Value, Complaint> value = read_json(exit.text, "schema");
        EXPECT_TRUE(std::holds_alternative<Value>(value));
        if (Value* tree = std::get_if<Value>(&value)) root = std::move(*tree);
    }
    const Value* setting(std::string_view name) const {
        const Value* properties = root.find("properties");
        const Value* settings = properties ? properties->find("jumpgate") : nullptr;
        return settings ? settings->find("properties")->find(name) : nullptr;
    }
    // Of a setting for which a variable may stand: what it is else.
    const Value& typed(std::string_view name) const {
        static const Value kNothing;
        const Value* found = setting(name);
        const Value* any = found ? found->find("anyOf") : nullptr;
        if (any == nullptr || any->items.empty()) ADD_FAILURE() << name;
        return any == nullptr || any->items.empty() ? kNothing : any->items[0];
    }
};

TEST(JsonSchema, HasEverySettingOfAFile) {
    const Schema schema;
    const Settings settings;
    for (const Flag& flag : settings.table.rows()) {
        const bool in_files = !flag.mode && flag.name != "config";
        EXPECT_EQ(schema.setting(file_name(flag)) != nullptr, in_files) << flag.name;
    }
}

TEST(JsonSchema, TypesSettings) {
    const Schema schema;
    ASSERT_NE(schema.setting("threads"), nullptr);
    const Value& threads = schema.typed("threads");
    EXPECT_EQ(threads.find("type")->text, "integer");
    EXPECT_EQ(threads.find("minimum")->integer, 1);
    EXPECT_EQ(threads.find("maximum")->integer, 256);
    EXPECT_EQ(schema.typed("pin_cpus").find("type")->text, "boolean");
    EXPECT_EQ(to_json(*schema.typed("hash_key").find("enum")),
              R"(["client_id","username","remote_addr","cert_cn"])");
    EXPECT_EQ(to_json(*schema.typed("tls_min_version").find("enum")), R"(["1.2","1.3",1.2,1.3])");
    EXPECT_EQ(to_json(*schema.typed("config_watch").find("enum")),
              R"(["true","false",true,false])");
    ASSERT_NE(schema.setting("broker")->find("anyOf"), nullptr);
    EXPECT_EQ(schema.setting("broker")->find("anyOf")->items[1].find("type")->text, "array");
}

// The parts of a file, by the way to them in the schema, and what may stand there instead.
TEST(JsonSchema, AllowsVariablesForWhateverIsNoFreeText) {
    const Schema schema;
    const char* whole = R"([{"$ref":"#/$defs/variable"}])";
    const char* within = R"([{"$ref":"#/$defs/with_variable"}])";
    struct Case {
        std::vector<const char*> way;
        const char* variables;  // the alternatives that are references
    };
    const std::vector<const char*> upstream{"properties", "upstreams", "items", "properties"};
    const auto of_upstream = [&](std::vector<const char*> way) {
        way.insert(way.begin(), upstream.begin(), upstream.end());
        return way;
    };
    const Case cases[] = {
        {{"properties", "jumpgate", "properties", "threads"}, whole},
        {{"properties", "jumpgate", "properties", "pin_cpus"}, whole},
        {{"properties", "jumpgate", "properties", "hash_key"}, within},
        {{"properties", "apisix", "properties", "enable_admin"}, whole},
        {of_upstream({"retries"}), whole},
        {of_upstream({"timeout", "properties", "connect"}), whole},
        {of_upstream({"type"}), within},
        {of_upstream({"name"}), within},
        {of_upstream({"checks"}), "no anyOf"},
    };
    for (const Case& c : cases) {
        const Value* at = &schema.root;
        std::string way;
        for (const char* step : c.way) {
            way += std::string("/") + step;
            at = at->find(step);
            ASSERT_NE(at, nullptr) << way;
        }
        Value references = make_list();
        const Value* any = at->find("anyOf");
        if (any != nullptr)
            for (const Value& one : any->items)
                if (one.find("$ref") != nullptr) references.items.push_back(one);
        EXPECT_EQ(any == nullptr ? "no anyOf" : to_json(references), c.variables) << way;
    }
}

TEST(JsonSchema, HasTheOtherPartsOfAFile) {
    const Schema schema;
    const Value& properties = *schema.root.find("properties");
    for (const char* key : {"jumpgate", "listeners", "apisix", "deployment", "stream_plugins",
                            "nginx_config", "stream_routes", "upstreams", "ssls"})
        EXPECT_NE(properties.find(key), nullptr) << key;
    EXPECT_NE(schema.root.find("$defs")->find("listener"), nullptr);
}

}  // namespace
}  // namespace jumpgate
