// ResultReader: a run's results from the JSON document that result_json() wrote.
//
// Law: all or nothing: what is read is whole and consistent (each histogram agrees with its
// summary), so that merging it needs no further look; a document of another schema version, or no
// result at all, is refused in one sentence that names the field.
#pragma once

#include <string_view>

#include "core/base/parsed.h"
#include "loadgen/results.h"

namespace jumpgate::load {

// The problem is said behind the file's name: "messages.sent: is missing".
Parsed<Results> read_result(std::string_view json);

}  // namespace jumpgate::load
