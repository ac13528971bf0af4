// The tables of fields of upstreams, stream routes and ssls, and what must hold between the fields
// of one object.
//
// Law: a reader takes any value and complains at its place; what it returns is of use where it did
// not. References between objects are check_objects()'s.
#pragma once

#include "core/config/fields.h"
#include "core/config/objects.h"
#include "core/config/place.h"

namespace jumpgate {

// `id` and `origin` are left to the caller, but for an id that the map gives.
UpstreamConfig read_upstream(const Value& map, const Place& place);
SslConfig read_ssl(const Value& map, const Place& place);

struct StreamRouteRead {
    StreamRouteConfig route;
    const Value* upstream = nullptr;  // inline, not read yet; a part of the map
};
StreamRouteRead read_stream_route(const Value& map, const Place& place);

const FieldTable& upstream_fields();
const FieldTable& stream_route_fields();
const FieldTable& ssl_fields();

// Parts of upstream_fields() with a file of their own.
const Fields<ActiveCheck>& active_check_fields();
const Fields<PassiveCheck>& passive_check_fields();

// The fields that every object has: id, name, desc, labels and times. `T` has `id`.
template <class T>
void add_common_fields(Fields<T>& fields) {
    fields.add("id", shape::id(), &T::id, "arr_N, N its place in the list",
               "What other objects and the Admin API call it; 1 and \"1\" are the same.");
    fields.noted("desc", shape::text(0, 256), "For people.");
    fields.noted("labels", shape::text_map(), "For people.");
    fields.noted("create_time", shape::anything(), "");
    fields.noted("update_time", shape::anything(), "");
}

}  // namespace jumpgate
