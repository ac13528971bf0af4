// ResultCsv: the seconds of a run as a table (RFC 4180), in the words of the JSON form.
#pragma once

#include <string>

#include "loadgen/results.h"

namespace jumpgate::load {

std::string result_csv(const Results& results);

}  // namespace jumpgate::load
