// ReadObjects: from documents (files, bodies of the Admin API) to Objects, and what must hold
// between them.
//
// Law: all that is wrong is said at once, each with its place, and nothing is guessed: an unknown
// field is a complaint. Opens no file that a PEM names and resolves no name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/config/objects.h"

namespace jumpgate {

// Appends what `document` has under stream_routes, upstreams and ssls (other keys are the caller's)
// to `objects`. `file` names it in complaints and origins. An inline upstream of a stream route
// becomes an upstream "stream_route/ID". Items without an id get "arr_N", as APISIX has it; where
// an id is refused, it is empty.
void read_objects(const Value& document, std::string_view file, Objects& objects, Checked& found);

// One object, as a body of the Admin API gives it; the id comes from the path. Appends one (a route
// with an inline upstream: two) to `objects`.
void read_object(ObjectType type, std::string_view id, const Value& value, const Origin& origin,
                 Objects& objects, Checked& found);

// What must hold over all: ids are unique, references resolve, every route can be reached, nodes
// are unique, limits on counts. `complete`: false where a whole document could not be read: what is
// missing may be in it.
Checked check_objects(const Objects& objects, bool complete = true);

// The JSON Schema (draft 2020-12) of a configuration file's objects, and their reference page.
std::string objects_json_schema();
std::string objects_markdown();

}  // namespace jumpgate
