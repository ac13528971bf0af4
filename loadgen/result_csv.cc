#include "loadgen/result_csv.h"

#include <fmt/format.h>

#include <iterator>

namespace jumpgate::load {

std::string result_csv(const Results& results) {
    std::string text =
        "second,elapsed_s,length_s,stage,connected,sent,received,acknowledged,errors,reconnects,"
        "connections_lost,latency_count,latency_p50_us,latency_p99_us,latency_max_us,"
        "send_lateness_count,send_lateness_p50_us,send_lateness_p99_us,send_lateness_max_us\r\n";
    const auto add_times = [&](const SecondTimes& times) {
        fmt::format_to(std::back_inserter(text), ",{},{},{},{}", times.count, times.p50_us,
                       times.p99_us, times.max_us);
    };
    for (const Second& second : results.seconds) {
        fmt::format_to(std::back_inserter(text), "{},{:.6f},{:.6f},{},{},{},{},{},{},{},{}",
                       second.second, second.elapsed_s, second.length_s, word(second.stage),
                       second.connected, second.sent, second.received, second.acknowledged,
                       second.errors, second.reconnects, second.connections_lost);
        add_times(second.latency);
        add_times(second.send_lateness);
        text += "\r\n";
    }
    return text;
}

}  // namespace jumpgate::load
