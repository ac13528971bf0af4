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
    const Value& threads = *schema.setting("threads");
    EXPECT_EQ(threads.find("type")->text, "integer");
    EXPECT_EQ(threads.find("minimum")->integer, 1);
    EXPECT_EQ(threads.find("maximum")->integer, 256);
    EXPECT_EQ(schema.setting("pin_cpus")->find("type")->text, "boolean");
    EXPECT_EQ(to_json(*schema.setting("hash_key")->find("enum")),
              R"(["client_id","username","remote_addr","cert_cn"])");
    EXPECT_EQ(to_json(*schema.setting("tls_min_version")->find("enum")),
              R"(["1.2","1.3",1.2,1.3])");
    EXPECT_EQ(to_json(*schema.setting("config_watch")->find("enum")),
              R"(["true","false",true,false])");
    ASSERT_NE(schema.setting("broker")->find("anyOf"), nullptr);
    EXPECT_EQ(schema.setting("broker")->find("anyOf")->items[1].find("type")->text, "array");
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
