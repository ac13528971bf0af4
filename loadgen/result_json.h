// ResultJson: the results of a run as one JSON document (docs/results.md, docs/result.schema.json).
//
// Law: it holds all that results_from_json() needs to make the same results again. Fields are
// added, never renamed, within one schema version.
#pragma once

#include <string>

#include "loadgen/results.h"

namespace jumpgate::load {

std::string result_json(const Results& results);

}  // namespace jumpgate::load
