#include "core/admin/object_body.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/config/shape.h"

namespace jumpgate {

std::optional<ObjectType> object_type(std::string_view plural) {
    for (const ObjectType type : kObjectTypes)
        if (text(type) == plural) return type;
    return std::nullopt;
}

std::string_view singular(ObjectType type) {
    const std::string_view plural = text(type);
    return plural.substr(0, plural.size() - 1);
}

bool is_object_id(std::string_view id) { return shape::is_id(id); }

std::optional<std::string> id_in(const Value& body) {
    const Value* id = body.find("id");
    if (id == nullptr) return std::nullopt;
    if (id->kind == Value::Kind::Text) return id->text;
    if (id->kind == Value::Kind::Integer && id->integer >= 1) return std::to_string(id->integer);
    return std::string();  // no id: is_object_id() says so
}

void remove_member(Value& map, std::string_view key) {
    std::erase_if(map.members, [key](const Member& member) { return member.key == key; });
}

Value without_times(Value value) {
    remove_member(value, "create_time");
    remove_member(value, "update_time");
    return value;
}

static void hide_in_upstream(Value& upstream) {
    if (Value* tls = upstream.find("tls")) remove_member(*tls, "client_key");
    if (Value* checks = upstream.find("checks"))
        if (Value* active = checks->find("active")) remove_member(*active, "password");
}

Value shown(ObjectType type, Value value) {
    switch (type) {
        case ObjectType::StreamRoute:
            if (Value* upstream = value.find("upstream")) hide_in_upstream(*upstream);
            break;
        case ObjectType::Upstream:
            hide_in_upstream(value);
            break;
        case ObjectType::Ssl:
            remove_member(value, "key");
            remove_member(value, "keys");
            break;
    }
    return value;
}

// What lies behind the first `depth` segments of `path` has no members.
static Problem no_map(const Value& value, std::span<const std::string> path, size_t depth) {
    const std::string whole = fmt::format("/{}", fmt::join(path, "/"));
    const std::string part = fmt::format("/{}", fmt::join(path.first(depth), "/"));
    if (value.kind == Value::Kind::List)
        return {
            fmt::format("invalid sub-path: {}: {} is a list; allowed: a PATCH of {}, with the "
                        "whole list as its body",
                        whole, part, part)};
    return {fmt::format("invalid sub-path: {}: {} {}; allowed: members of maps", whole, part,
                        kind_problem(value))};
}

std::optional<Problem> patch_at(Value& target, std::span<const std::string> path,
                                const Value& part) {
    if (path.empty()) {
        if (part.kind != Value::Kind::Map) return Problem{"the body must be an object"};
        merge_patch(target, part);
        return std::nullopt;
    }
    Value* place = &target;
    for (size_t i = 0; i < path.size(); ++i) {
        if (place->kind != Value::Kind::Map) return no_map(*place, path, i);
        if (i + 1 == path.size()) break;
        if (place->find(path[i]) == nullptr) set(*place, path[i], make_map());
        place = place->find(path[i]);
    }
    if (part.kind == Value::Kind::Null) {
        remove_member(*place, path.back());
    } else {
        set(*place, path.back(), part);
    }
    return std::nullopt;
}

}  // namespace jumpgate
