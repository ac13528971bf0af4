// JSON: a body of the Admin API, or a file, as a Value.
//
// Law: RFC 8259, and a name stands once in its object. Numbers without fraction that do not fit 64
// bits become reals.
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>

#include "core/config/value.h"

namespace jumpgate {

// Where values stand is for files that people edit. A body of the API is one line as a rule, and
// what was made of it keeps no place. Syntax errors have theirs always.
enum class JsonMarks : uint8_t { None, Values };

// `file` names the text in the complaint: "request", or a path. Limits: document.h.
std::variant<Value, Complaint> read_json(std::string_view text, std::string_view file,
                                         JsonMarks marks = JsonMarks::None);

}  // namespace jumpgate
