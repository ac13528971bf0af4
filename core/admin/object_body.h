// Bodies of the Admin API: ids, what is never shown, and PATCH, over plain Values.
//
// Law: pure; knows how APISIX words things, not which objects there are.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/base/parsed.h"
#include "core/config/objects.h"
#include "core/config/value.h"

namespace jumpgate {

inline constexpr std::array<ObjectType, 3> kObjectTypes = {ObjectType::StreamRoute,
                                                           ObjectType::Upstream, ObjectType::Ssl};

// "stream_routes" -> StreamRoute.
std::optional<ObjectType> object_type(std::string_view plural);
// "stream_route": as in "stream_route [1] is still using it now".
std::string_view singular(ObjectType type);

// 1 to 64 of a-z A-Z 0-9 - _ . (so an id is one segment of a path, but may be "..": it never names
// a file).
bool is_object_id(std::string_view id);
// The member `id`: a text, or a number from 1, which is the same as its text.
std::optional<std::string> id_in(const Value& body);

// Without private keys and passwords: what GET and every answer shows.
Value shown(ObjectType type, Value value);
// Without create_time and update_time, which are ours to say.
Value without_times(Value value);

// Puts `part` at `path` of `target`, or merges it (RFC 7396) where the path is empty; null removes.
// Members that are missing on the way are made; a list is replaced whole, never indexed.
std::optional<Problem> patch_at(Value& target, std::span<const std::string> path,
                                const Value& part);

// ---- Values ------------------------------------------------------------------------------------

inline Value make_count(uint64_t count) { return make_integer(static_cast<int64_t>(count)); }
void remove_member(Value& map, std::string_view key);

}  // namespace jumpgate
