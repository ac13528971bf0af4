// LiveLine: a second of the run as one line: for people where there is no terminal, and as JSON.
#pragma once

#include <string>

#include "loadgen/options.h"
#include "loadgen/second.h"

namespace jumpgate::load {

std::string live_line(const Options& options, const Second& second);
std::string live_json(const Second& second);

}  // namespace jumpgate::load
