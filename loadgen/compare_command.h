// `jumpload compare`: the same load on several targets in turn, interleaved, and how they differ.
//
// Law: A B C, A B C, ...: what drifts on the machine meets all of them alike. Ratios are taken
// within a round, against the first target, and told with the interval that the rounds leave them
// (bootstrap.h). Each run is a process of its own (child_run.h); CPU time is that of the processes
// named by --pid, from the start of a run to its end, connecting included.
#pragma once

#include <span>

#include "core/base/flags.h"

namespace jumpgate::load {

// `arguments`: the command's own flags, then MODE and the flags of each run. The exit code: 0, 1
// where a run failed, 2 for a wrong command line, 3 where a run lost messages, was saturated or
// missed a threshold.
int compare_command(std::span<const char* const> arguments);

FlagSheet compare_flags();

}  // namespace jumpgate::load
