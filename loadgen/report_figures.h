// ReportFigures: the tables of a report page that hold one column or row per run: key figures with
// their ratios to the first run, and every measured time by percentile.
//
// Law: a row stands where at least one run has it. Returns whole <section> elements, empty where
// there is nothing to show. Pure.
#pragma once

#include <span>
#include <string>

#include "loadgen/report_run.h"

namespace jumpgate::load {

std::string key_figures(std::span<const ReportRun> runs);
std::string times_table(std::span<const ReportRun> runs);

// A run's name behind a spot of its colour; `number` counts from 0.
std::string run_name(const ReportRun& run, size_t number);

}  // namespace jumpgate::load
