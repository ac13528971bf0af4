// The frame of a report page: loadgen/page/report.html with our style and script and uPlot's put
// in, and placeholders such as @@title@@ left open. loadgen/page/embed.py makes it when we are
// built.
#pragma once

#include <string_view>

namespace jumpgate::load {

extern const std::string_view kReportTemplate;

}  // namespace jumpgate::load
