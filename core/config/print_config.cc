#include "core/config/print_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/config/flags.h"

namespace jumpgate {

namespace {

constexpr std::array<std::string_view, 3> kObjects = {"stream_routes", "upstreams", "ssls"};
constexpr const char* kHidden = "(not printed)";

std::string origin(const Flag& flag) {
    switch (flag.source) {
        case ValueSource::Default:
            return "default";
        case ValueSource::File:
            return "file " + flag.where;
        case ValueSource::Environment:
            return "environment " + flag.where;
        case ValueSource::CommandLine:
            break;
    }
    return "flag --" + flag.name;
}

// As YAML reads it back: JSON's strings are YAML's (YAML 1.2, 1.3).
std::string scalar(const Flag& flag, const std::string& value) {
    const bool plain = flag.kind == FlagKind::Switch || flag.kind == FlagKind::Number;
    return plain ? value : to_json(make_text(value));
}

std::string setting(const Flag& flag) {
    const std::string name = file_name(flag);
    if (flag.repeatable && flag.given()) {
        std::string out = fmt::format("  {}:  # {}\n", name, origin(flag));
        for (const std::string& text : flag.texts)
            out += fmt::format("    - {}\n", scalar(flag, text));
        return out;
    }
    std::string value = flag.current ? flag.current() : "";
    if (value.empty() && !flag.texts.empty()) value = flag.texts.front();
    if (!value.empty())
        return fmt::format("  {}: {}  # {}\n", name, scalar(flag, value), origin(flag));
    const std::string none = flag.default_text.empty() ? "none" : flag.default_text;
    return fmt::format("  # {}: default, {}\n", name, none);
}

// Puts kHidden in place of private keys and passwords, whatever their kind: ${{PW}} may be a
// number. Whether there were any.
bool hide_secrets(Value& value) {
    bool hidden = false;
    for (Value& item : value.items) hidden |= hide_secrets(item);
    for (Member& member : value.members) {
        const bool secret = member.key == "password";
        if (secret) member.value = make_text(kHidden);
        hidden |= secret || hide_secrets(member.value);
    }
    if (value.kind == Value::Kind::Text && value.text.find("PRIVATE KEY-") != value.text.npos) {
        value.text = kHidden;
        hidden = true;
    }
    return hidden;
}

std::string objects(std::string_view type, const std::vector<Document>& documents) {
    std::string out;
    for (const Document& document : documents) {
        const Value* list = document.value.find(type);
        if (list == nullptr) continue;
        for (const Value& item : list->items) {
            Value shown_item = item;
            const bool hidden = hide_secrets(shown_item);
            if (hidden) out += fmt::format("  # secrets of the next one are {}\n", kHidden);
            out += fmt::format("  - {}  # file {}", to_json(shown_item), document.file);
            if (item.mark.line != 0) out += fmt::format(":{}:{}", item.mark.line, item.mark.column);
            out += "\n";
        }
    }
    return out.empty() ? "" : fmt::format("{}:\n{}", type, out);
}

}  // namespace

std::string print_config(const FlagTable& table, const std::vector<Document>& documents) {
    std::string out = "# Everything jumpgate would run by, and where it comes from.\njumpgate:\n";
    std::string_view group;
    for (const Flag& flag : table.rows()) {
        if (flag.mode) continue;
        if (flag.group != group) out += fmt::format("  # {}\n", flag.group);
        group = flag.group;
        if (flag.name != "config") {
            out += setting(flag);
            continue;
        }
        for (const std::string& file : flag.texts)
            out += fmt::format("  # config: {}, {}\n", to_json(make_text(file)), origin(flag));
    }
    for (const std::string_view type : kObjects) out += objects(type, documents);
    return out;
}

}  // namespace jumpgate
