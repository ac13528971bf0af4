// ResultText: the results of a run as people read them.
//
// Law: what the generator itself failed to do stands beside what the broker did.
#pragma once

#include <cstdint>
#include <string>

#include "loadgen/results.h"

namespace jumpgate::load {

std::string result_text(const Results& results);

// "12 us", "4.56 ms", "7.89 s"
std::string time_text(uint64_t value_us);

}  // namespace jumpgate::load
