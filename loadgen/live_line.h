// LiveLine: a second of the run as one line: for people where there is no terminal, and as JSON.
#pragma once

#include <string>

#include "loadgen/options.h"
#include "loadgen/second.h"

namespace jumpgate::load {

// `totals`: of the run so far; its errors stand at the end of the line.
std::string live_line(const Options& options, const Second& second, const Tallies& totals);
// "refused 3, timeout 1"; empty where nothing went wrong.
std::string errors_text(const Tallies& totals);
std::string live_json(const Second& second);

}  // namespace jumpgate::load
