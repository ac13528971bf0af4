#include "core/config/read_objects.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "core/config/object_fields.h"
#include "core/config/place.h"

namespace jumpgate {

namespace {

constexpr ObjectType kTypes[] = {ObjectType::Upstream, ObjectType::StreamRoute, ObjectType::Ssl};

// The id that is written, or `otherwise`; empty where one is written that could not be read:
// nobody knows what refers to it then.
std::string id_of(const Value& value, std::string read, std::string_view otherwise) {
    const bool unread = value.kind != Value::Kind::Map || value.find("id") != nullptr;
    return !read.empty() || unread ? std::move(read) : std::string(otherwise);
}

void append_route(const Value& value, const Place& place, std::string_view id, const Origin& origin,
                  Objects& objects) {
    StreamRouteRead read = read_stream_route(value, place);
    StreamRouteConfig& route = read.route;
    route.id = id_of(value, std::move(route.id), id);
    route.origin = origin;
    if (read.upstream != nullptr) {
        UpstreamConfig upstream = read_upstream(*read.upstream, place.at("upstream"));
        upstream.id = "stream_route/" + (route.id.empty() ? place.path : route.id);
        upstream.origin = {origin.file, read.upstream->mark};
        route.upstream_id = upstream.id;
        objects.upstreams.push_back(std::move(upstream));
    }
    objects.stream_routes.push_back(std::move(route));
}

// What has complaints is appended as well, so that references to it do not fail in their turn.
void append(ObjectType type, const Value& value, const Place& place, std::string_view id,
            const Origin& origin, Objects& objects) {
    if (type == ObjectType::StreamRoute) return append_route(value, place, id, origin, objects);
    if (type == ObjectType::Upstream) {
        UpstreamConfig upstream = read_upstream(value, place);
        upstream.id = id_of(value, std::move(upstream.id), id);
        upstream.origin = origin;
        objects.upstreams.push_back(std::move(upstream));
        return;
    }
    SslConfig ssl = read_ssl(value, place);
    ssl.id = id_of(value, std::move(ssl.id), id);
    ssl.origin = origin;
    objects.ssls.push_back(std::move(ssl));
}

}  // namespace

void read_objects(const Value& document, std::string_view file, Objects& objects, Checked& found) {
    const Place whole{file, &found};
    const auto errors_before = static_cast<std::ptrdiff_t>(found.errors.size());
    for (const ObjectType type : kTypes) {
        const Value* list = document.find(text(type));
        if (list == nullptr) continue;
        const Place place = whole.at(text(type));
        if (list->kind != Value::Kind::List) {
            place.error(list->mark, kind_problem(*list), "a list");
            continue;
        }
        for (size_t i = 0; i < list->items.size(); ++i) {
            const Origin origin{std::string(file), list->items[i].mark};
            append(type, list->items[i], place.at(i), fmt::format("arr_{}", i + 1), origin,
                   objects);
        }
    }
    const auto place_of = [](const Complaint& c) { return std::pair(c.mark.line, c.mark.column); };
    std::ranges::stable_sort(found.errors.begin() + errors_before, found.errors.end(), {},
                             place_of);
}

void read_object(ObjectType type, std::string_view id, const Value& value, const Origin& origin,
                 Objects& objects, Checked& found) {
    const Place place{origin.file, &found};
    Value unnamed = value;
    if (const Value* own = value.find("id")) {
        const std::optional<std::string> given = shape::id().read(*own, place.at("id"));
        if (given && *given != id)
            place.at("id").error(own->mark, fmt::format("is {}, and the path says {}", *given, id),
                                 "the same, or none");
        std::erase_if(unnamed.members, [](const Member& member) { return member.key == "id"; });
    }
    append(type, unnamed, place, id, origin, objects);
}

}  // namespace jumpgate
