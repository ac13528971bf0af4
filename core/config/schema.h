// --json-schema: what a configuration file may hold, as JSON Schema (draft 2020-12) for editors.
//
// Law: made of the table of settings and of the objects' fields, so it knows what the readers know.
#pragma once

#include <string>

#include "core/base/flags.h"

namespace jumpgate {

// One line of JSON, newline included.
std::string json_schema(const FlagTable& table);

}  // namespace jumpgate
