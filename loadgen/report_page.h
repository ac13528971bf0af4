// ReportPage: the page of `jumpload report`: one HTML file that needs nothing beside it.
//
// Law: verdict and tables are plain HTML; the charts' figures travel as one JSON script element,
// which nothing in a file can break out of. The same runs give the same page. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "loadgen/report_run.h"

namespace jumpgate::load {

// REQUIRES at least one run. Of several, the first is what the others are compared with.
std::string report_page(std::span<const ReportRun> runs, std::string_view title);

}  // namespace jumpgate::load
