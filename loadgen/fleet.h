// Fleet: all clients of a run, on as many threads as the options say, and the course of the run:
// connect, measure, drain, leave, report.
//
// Law: a run ends by itself or by a signal, and in both cases with its report. A second signal
// skips the drain.
#pragma once

#include "loadgen/options.h"

namespace jumpgate::load {

// Plays the run; prints the live line and the report to stdout, faults to stderr. The exit code:
// 0 all well, 1 it or some client could not start, 3 messages lost or generator saturated.
int run_fleet(const Options& options);

}  // namespace jumpgate::load
