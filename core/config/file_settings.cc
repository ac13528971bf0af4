#include "core/config/file_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "core/base/near_miss.h"
#include "core/config/flags.h"

namespace jumpgate {

namespace {

// What a file may hold. The last ones are APISIX's, and mean HTTP, or what only APISIX has.
constexpr std::array<std::string_view, 9> kKnown = {"jumpgate",   "listeners",      "stream_routes",
                                                    "upstreams",  "ssls",           "apisix",
                                                    "deployment", "stream_plugins", "nginx_config"};
constexpr std::array<std::string_view, 19> kOfApisix = {
    "routes",          "services",       "plugins",
    "plugin_attr",     "plugin_configs", "global_rules",
    "consumers",       "protos",         "consumer_groups",
    "plugin_metadata", "secrets",        "discovery",
    "ext-plugin",      "wasm",           "xrpc",
    "graphql",         "etcd",           "conf_version",
    "credentials"};

bool contains(std::span<const std::string_view> words, std::string_view word) {
    return std::ranges::find(words, word) != words.end();
}

void check_keys(const FileReading& reading, const Value& document) {
    for (const Member& member : document.members) {
        if (contains(kKnown, member.key)) continue;
        Value at;
        at.mark = member.mark;
        if (contains(kOfApisix, member.key) || member.key.ends_with("_conf_version")) {
            reading.warn(at, member.key, "is not used by jumpgate, which serves stream_routes");
            continue;
        }
        const std::optional<std::string_view> near = near_miss(member.key, kKnown);
        reading.complain(at, member.key,
                         near ? fmt::format("is unknown; did you mean {}?", *near) : "is unknown",
                         fmt::format("{}", fmt::join(kKnown, ", ")));
    }
}

// A row takes one value, or a list of them where its flag may be repeated.
void read_setting(const FileReading& reading, const Member& member) {
    const std::string path = "jumpgate." + member.key;
    std::string name = member.key;
    std::ranges::replace(name, '_', '-');
    Flag* flag = member.key.find('-') == member.key.npos ? reading.table.row(name) : nullptr;
    Value at = member.value;
    at.mark = member.mark;
    if (flag == nullptr) {
        const std::optional<std::string_view> near = reading.table.near(name);
        std::string known(near.value_or(""));
        std::ranges::replace(known, '-', '_');
        return reading.complain(at, path,
                                near ? fmt::format("is unknown; did you mean {}?", known)
                                     : "is unknown; docs/flags.md lists all");
    }
    if (flag->mode || flag->name == "config")
        return reading.complain(at, path, "is a flag of the command line only");
    if (flag->given())
        return reading.complain(at, path, fmt::format("is given twice, at {} too", flag->where));
    std::vector<const Value*> items{&member.value};
    if (member.value.kind == Value::Kind::List && flag->repeatable) {
        items.clear();
        for (const Value& item : member.value.items) items.push_back(&item);
    }
    for (size_t i = 0; i < items.size(); ++i) {
        const bool list = member.value.kind == Value::Kind::List && flag->repeatable;
        const std::string item_path = list ? fmt::format("{}[{}]", path, i) : path;
        const Value::Kind kind = items[i]->kind;
        if (kind == Value::Kind::Map || kind == Value::Kind::List || kind == Value::Kind::Null)
            reading.complain(*items[i], item_path,
                             kind == Value::Kind::Null ? "has no value" : "is not one value",
                             flag->allowed);
        else
            reading.give(flag->name, {scalar_text(*items[i])}, *items[i], item_path);
    }
}

void read_settings(const FileReading& reading, const Value& document) {
    const Value* settings = document.find("jumpgate");
    if (settings == nullptr || settings->kind == Value::Kind::Null) return;
    if (!reading.is(Value::Kind::Map, *settings, "jumpgate")) return;
    for (const Member& member : settings->members) read_setting(reading, member);
}

std::string_view kind_text(Value::Kind kind) {
    constexpr std::array<std::string_view, 7> kTexts = {
        "null", "true or false", "a whole number", "a number", "text", "a list", "a map"};
    return kTexts[static_cast<size_t>(kind)];
}

}  // namespace

void FileReading::complain(const Value& at, std::string path, std::string problem,
                           std::string allowed) const {
    found.errors.push_back(
        {std::string(file), at.mark, std::move(path), std::move(problem), std::move(allowed)});
}

void FileReading::warn(const Value& at, std::string path, std::string problem) const {
    found.warnings.push_back({std::string(file), at.mark, std::move(path), std::move(problem), {}});
}

void FileReading::give(std::string_view name, const std::vector<std::string>& values,
                       const Value& at, const std::string& path) const {
    Flag* flag = table.row(name);
    CHECK(flag != nullptr);
    const std::string where = at.mark.line == 0
                                  ? std::string(file)
                                  : fmt::format("{}:{}:{}", file, at.mark.line, at.mark.column);
    if (const std::optional<Problem> problem = table.give(*flag, values, ValueSource::File, where))
        complain(at, path, problem->text,
                 flag->kind == FlagKind::Switch ? "true, false" : flag->allowed);
}

bool FileReading::truth(const Value* value, const std::string& path, bool fallback) const {
    if (value == nullptr || !is(Value::Kind::Bool, *value, path)) return fallback;
    return value->boolean;
}

bool FileReading::is(Value::Kind kind, const Value& value, const std::string& path) const {
    if (value.kind == kind) return true;
    complain(value, path, fmt::format("is {}", kind_text(value.kind)),
             std::string(kind_text(kind)));
    return false;
}

void read_file_settings(const std::vector<Document>& documents, FlagTable& table, Checked& found) {
    // `jumpgate:` of all files first: it says what APISIX's words are to mean.
    for (const Document& document : documents) {
        const FileReading reading{document.file, table, found};
        if (document.value.kind == Value::Kind::Null) continue;
        if (!reading.is(Value::Kind::Map, document.value, "")) continue;
        check_keys(reading, document.value);
        read_settings(reading, document.value);
    }
    for (const Document& document : documents) {
        const FileReading reading{document.file, table, found};
        read_listeners(reading, document.value);
        read_apisix(reading, document.value);
        read_deployment(reading, document.value);
    }
}

}  // namespace jumpgate
