#include "loadgen/result_options.h"

namespace jumpgate::load {

Flag& add_result_flags(FlagTable& table, ResultOptions& options) {
    Flag& json =
        table.text("json", options.json_path, "FILE",
                   "Write the results as JSON. %I in a file's name: the number of this shard.");
    table.text("csv", options.csv_path, "FILE", "Write one line per second.");
    table.text("hgrm", options.hgrm_path, "FILE",
               "Write the percentiles of latency, in ms, as HdrHistogram's plotters read them. Of "
               "acknowledgements or connects where nothing was received.");
    table.text("hdr-log", options.hdr_log_path, "FILE",
               "Write each second's histograms as an HdrHistogram interval log (V1.3), in us.");
    table.list("fail-if", options.fail_if, parse_fail_if, "EXPR", std::string(kFailIfAllowed),
               "Exit with 3 where this is so, such as p99>20ms or lost>0.");
    return json;
}

}  // namespace jumpgate::load
