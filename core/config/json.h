// JSON: a body of the Admin API, or a file, as a Value.
//
// Law: RFC 8259, and a name stands once in its object. Numbers without fraction that do not fit 64
// bits become reals. Values have no marks; only syntax errors have a place.
#pragma once

#include <string_view>
#include <variant>

#include "core/config/value.h"

namespace jumpgate {

// `file` names the text in the complaint: "request", or a path. Limits: document.h.
std::variant<Value, Complaint> read_json(std::string_view text, std::string_view file);

}  // namespace jumpgate
