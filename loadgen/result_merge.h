// ResultMerge: the results of a run's shards as those of one run.
//
// Law: exact: counters add, histograms add bucket by bucket, seconds add by the wall clock; what
// comes out is what one recorder of all shards would hold. Verdicts are not merged: Results makes
// them anew. Shards of different loads are refused.
#pragma once

#include <optional>
#include <string>

#include "loadgen/results.h"

namespace jumpgate::load {

// Adds `from` to `into`. Else nothing is done, and why: "plan.qos is 1, not 0".
std::optional<std::string> merge_result(Results& into, const Results& from);

}  // namespace jumpgate::load
