// Catalog: all objects with where they come from: files, flags, the Admin API. Every change is made
// here, one at a time.
//
// Law: a change is checked whole, applied to the data plane, and written to the state directory, in
// this order; what fails changes nothing. An object of a file is never changed by the API, and no
// object hides another.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/objects.h"
#include "core/config/value.h"
#include "core/proxy/control.h"

namespace jumpgate {

// An object as the API shows it.
struct StoredObject {
    Value value;  // as it was given, with id, create_time, update_time
    uint64_t created_index = 0;
    uint64_t modified_index = 0;
    Origin origin;
};

// How a change went, in HTTP's words.
struct ChangeResult {
    unsigned status = 200;  // 200, 201, 400, 404, 405, 409, 503
    std::string id;
    StoredObject object;  // after the change
    std::string problem;  // of a status from 400
};

}  // namespace jumpgate
