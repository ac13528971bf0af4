#include "core/config/schema.h"

#include <algorithm>
#include <utility>
#include <variant>
#include <vector>

#include "core/config/flags.h"
#include "core/config/json.h"
#include "core/config/read_objects.h"
#include "core/config/shape.h"

namespace jumpgate {

namespace {

// A constant of this file, or what objects_json_schema() makes: never wrong.
Value json(std::string_view text) {
    std::variant<Value, Complaint> value = read_json(text, "schema");
    CHECK(std::holds_alternative<Value>(value));
    return std::move(std::get<Value>(value));
}

constexpr const char* kListener = R"({
  "anyOf": [
    {"type": "integer", "minimum": 0, "maximum": 65535},
    {"type": "string"},
    {"type": "object", "additionalProperties": false,
     "properties": {
       "listen": {"type": ["integer", "string"], "description": "A port, or ADDR:PORT."},
       "addr": {"type": ["integer", "string"], "description": "APISIX's word for listen."},
       "tls": {"type": "boolean", "default": false},
       "proxy_protocol": {"type": "boolean"},
       "proxy_protocol_to_upstream": {"type": "boolean"}}}]})";

constexpr const char* kApisix = R"({
  "type": "object", "description": "APISIX's config.yaml.",
  "properties": {
    "enable_admin": {"type": "boolean"},
    "stream_proxy": {"type": "object", "additionalProperties": false,
      "properties": {"only": {"type": "boolean", "deprecated": true},
                     "tcp": {"type": "array", "items": {"$ref": "#/$defs/listener"}},
                     "udp": {"type": "array"}}}}})";

Value flag_schema(const Flag& flag) {
    Value one = json("{}");
    switch (flag.kind) {
        case FlagKind::Switch:
            set(one, "type", make_text("boolean"));
            break;
        case FlagKind::Number:
            set(one, "type", make_text("integer"));
            set(one, "minimum", make_integer(static_cast<int64_t>(flag.min)));
            set(one, "maximum", make_integer(static_cast<int64_t>(flag.max)));
            break;
        case FlagKind::Word: {
            Value words = json("[]");
            for (const std::string& word : flag.words) words.items.push_back(make_text(word));
            // As YAML types them when they are not quoted: 1.2, true.
            for (const std::string& word : flag.words)
                if (word.find_first_not_of("0123456789.") == word.npos || word == "true" ||
                    word == "false")
                    words.items.push_back(json(word));
            set(one, "enum", std::move(words));
            break;
        }
        case FlagKind::Text:
            set(one, "type", json(R"(["string","integer"])"));
            break;
    }
    if (flag.repeatable) {
        Value list = json(R"({"type":"array"})");
        set(list, "items", one);
        Value either = json(R"({"anyOf":[]})");
        either.find("anyOf")->items = {std::move(one), std::move(list)};
        one = std::move(either);
    }
    std::string words = flag.help;
    if (!flag.allowed.empty()) words += " Allowed: " + flag.allowed + ".";
    if (!flag.default_text.empty()) words += " Default: " + flag.default_text + ".";
    set(one, "description", make_text(std::move(words)));
    return one;
}

Value settings_schema(const FlagTable& table) {
    Value schema = json(R"({"type":"object","additionalProperties":false,"properties":{}})");
    for (const Flag& flag : table.rows())
        if (!flag.mode && flag.name != "config")
            set(*schema.find("properties"), file_name(flag), flag_schema(flag));
    return schema;
}

// environment.h: a variable that is the whole value has the type of its text; another is text.
constexpr const char* kVariable = R"({
  "type": "string", "description": "An environment variable and no more.",
  "pattern": "^\\$\\{\\{[ \\t]*[A-Za-z0-9_]+[ \\t]*(:=.*)?\\}\\}$"})";
constexpr const char* kWithVariable = R"({
  "type": "string", "description": "Text with environment variables in it.",
  "pattern": "\\$\\{\\{[ \\t]*[A-Za-z0-9_]+[ \\t]*(:=.*)?\\}\\}"})";

// The definition of the variables that may stand in place of what `schema` allows; null where it
// allows them as it is, or has parts to ask instead.
const char* variable_in_place_of(const Value& schema) {
    const Value* type = schema.find("type");
    const bool has_type = type != nullptr && type->kind == Value::Kind::Text;
    if (schema.find("enum") != nullptr) return "#/$defs/with_variable";
    if (!has_type) return nullptr;
    if (type->text == "string" && (schema.find("pattern") || schema.find("maxLength")))
        return "#/$defs/with_variable";
    const bool is_typed =
        type->text == "integer" || type->text == "number" || type->text == "boolean";
    return is_typed ? "#/$defs/variable" : nullptr;
}

// Whatever a file may say, a variable may.
void admit_variables(Value& schema) {
    for (const char* map : {"properties", "$defs"})
        if (Value* inner = schema.find(map))
            for (Member& member : inner->members) admit_variables(member.value);
    for (const char* part : {"items", "additionalProperties"})
        if (Value* inner = schema.find(part)) admit_variables(*inner);
    if (Value* any = schema.find("anyOf"))
        for (Value& inner : any->items) admit_variables(inner);
    const char* variable = variable_in_place_of(schema);
    if (variable == nullptr) return;
    Value either = json(R"({"anyOf":[]})");
    if (const Value* words = schema.find("description")) set(either, "description", *words);
    std::erase_if(schema.members, [](const Member& m) { return m.key == "description"; });
    Value reference = schema_of({{"$ref", make_text(variable)}});
    either.find("anyOf")->items = {std::move(schema), std::move(reference)};
    schema = std::move(either);
}

}  // namespace

std::string json_schema(const FlagTable& table) {
    Value schema = json(objects_json_schema());
    for (const char* map : {"$defs", "properties"})
        if (schema.find(map) == nullptr) set(schema, map, json("{}"));
    set(schema, "title", make_text("A configuration file of jumpgate"));
    set(*schema.find("$defs"), "listener", json(kListener));
    Value& properties = *schema.find("properties");
    set(properties, "jumpgate", settings_schema(table));
    set(properties, "listeners", json(R"({"type":"array","items":{"$ref":"#/$defs/listener"}})"));
    set(properties, "apisix", json(kApisix));
    set(properties, "deployment", json(R"({"type":"object"})"));
    set(properties, "nginx_config", json(R"({"type":"object","deprecated":true})"));
    set(properties, "stream_plugins", json(R"({"type":"array","items":{"type":"string"}})"));
    admit_variables(schema);
    set(*schema.find("$defs"), "variable", json(kVariable));
    set(*schema.find("$defs"), "with_variable", json(kWithVariable));
    return to_json(schema) + "\n";
}

}  // namespace jumpgate
