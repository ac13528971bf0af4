// to_yaml: a Value as YAML that people read and edit.
//
// Law: read_yaml() of it is the same Value, whatever bytes of UTF-8 it holds; other readers, those
// of YAML 1.1 too, see the same types. Block style, two blanks a level; what holds nothing stands
// on its line ({} and []). Keeps no marks and no comments.
#pragma once

#include <string>

#include "core/config/value.h"

namespace jumpgate {

// Ends in a newline. A number that is none (infinity) is null, as in to_json().
std::string to_yaml(const Value& value);

}  // namespace jumpgate
