// HdrLog: histograms as the text files of HdrHistogram's tools: the percentile distribution (.hgrm)
// and the interval log (.hlog).
//
// Law: byte for byte what the library itself would print, but that means and maxima are exact.
#pragma once

#include <string>

#include "core/base/histogram.h"
#include "loadgen/results.h"

namespace jumpgate::load {

// Of `histogram`, values in ms; 5 lines per half distance to 100 % (outputPercentileDistribution()
// of AbstractHistogram.java).
std::string percentile_distribution(const Histogram& histogram);

// What --hgrm is about: the first of latency, acknowledgement and connect that has values.
const Histogram& main_histogram(const Recorder& recorder);

// Format version 1.3: a line per second and histogram that has values, tagged "latency" or
// "send_lateness"; values in us, Interval_Max in ms.
std::string hdr_log(const Results& results);

}  // namespace jumpgate::load
