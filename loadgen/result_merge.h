// ResultMerge: the results of a run's shards as those of one run.
//
// Law: exact: counters add, histograms add bucket by bucket, seconds add by the wall clock; what
// comes out is what one recorder of all shards would hold. Verdicts are not merged: Results makes
// them anew. Shards of different loads are refused, and so is one that is in already.
#pragma once

#include <optional>
#include <string>

#include "loadgen/results.h"

namespace jumpgate::load {

// Adds `from` to `into`. Else nothing is done, and why: "plan.qos is 1, not 0".
std::optional<std::string> merge_result(Results& into, const Results& from);

// "shards 1, 3 of 4 are missing", or empty: all are there, or nobody said how many there were.
std::string missing_shards(const Results& results);

}  // namespace jumpgate::load
