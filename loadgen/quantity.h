// Quantities as users write them on the command line: "30s", "5k", "50%", "20%/s".
//
// Law: strict; what is not wholly understood is a Problem, said behind the flag and the value.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/parsed.h"

namespace jumpgate::load {

// "250us", "100ms", "30s", "1.5m", "2h"; a bare number is seconds. In ns; at most a year.
Parsed<uint64_t> parse_duration_ns(std::string_view text);

// "250", "1.5k", "2M": at most 1e9.
Parsed<double> parse_rate(std::string_view text);

// "50%": a share above 0, at most 1.
Parsed<double> parse_share(std::string_view text);

// "20%/s": the share per second, above 0, at most 10 (1,000 %).
Parsed<double> parse_share_per_second(std::string_view text);

}  // namespace jumpgate::load
