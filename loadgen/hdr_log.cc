#include "loadgen/hdr_log.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

namespace jumpgate::load {

namespace {

constexpr double kTicksPerHalfDistance = 5;
constexpr double kMicrosPerMilli = 1'000;

using Out = std::back_insert_iterator<std::string>;

// The steps get finer with each halving of what is left to 100 %.
double next_level(double level) {
    const double halvings = std::floor(std::log2(100 / (100 - level))) + 1;
    return level + 100 / (kTicksPerHalfDistance * std::exp2(halvings));
}

void add_line(Out out, uint64_t value_us, double level, uint64_t count) {
    fmt::format_to(out, "{:12.3f} {:2.12f} {:10} {:14.2f}\n",
                   static_cast<double>(value_us) / kMicrosPerMilli, level / 100, count,
                   1 / (1 - level / 100));
}

void add_interval(Out out, std::string_view tag, const Second& second, const SecondTimes& times) {
    if (times.count == 0) return;
    fmt::format_to(out, "Tag={},{:.3f},{:.3f},{:.3f},{}\n", tag, second.elapsed_s - second.length_s,
                   second.length_s, static_cast<double>(times.max_us) / kMicrosPerMilli, times.hdr);
}

}  // namespace

std::string percentile_distribution(const Histogram& histogram) {
    std::string text = "       Value     Percentile TotalCount 1/(1-Percentile)\n\n";
    const Out out(text);
    double level = 0;
    uint64_t count = 0;
    histogram.for_each_bucket([&](const Histogram::Bucket& bucket) {
        count += bucket.count;
        const double reached =
            100 * static_cast<double>(count) / static_cast<double>(histogram.count());
        while (reached >= level && level < 100) {
            add_line(out, bucket.highest_us, level, count);
            level = next_level(level);
            if (count == histogram.count()) break;  // once, and then the last line
        }
        if (count < histogram.count()) return;
        fmt::format_to(out, "{:12.3f} {:2.12f} {:10}\n",
                       static_cast<double>(bucket.highest_us) / kMicrosPerMilli, 1.0, count);
    });
    fmt::format_to(out,
                   "#[Mean    = {:12.3f}, StdDeviation   = {:12.3f}]\n"
                   "#[Max     = {:12.3f}, Total count    = {:12}]\n"
                   "#[Buckets = {:12}, SubBuckets     = {:12}]\n",
                   histogram.mean_us() / kMicrosPerMilli,
                   histogram.standard_deviation_us() / kMicrosPerMilli,
                   static_cast<double>(histogram.max_us()) / kMicrosPerMilli, histogram.count(),
                   Histogram::kDoublings + 1, Histogram::kFine);
    return text;
}

const Histogram& main_histogram(const Recorder& recorder) {
    if (recorder.latency.count() > 0) return recorder.latency;
    if (recorder.acknowledgement.count() > 0) return recorder.acknowledgement;
    return recorder.connect;
}

std::string hdr_log(const Results& results) {
    const uint64_t start_ns = results.environment.start_unix_ns;
    const double start_s = static_cast<double>(start_ns) / 1e9;
    std::string text;
    const Out out(text);
    fmt::format_to(out,
                   "#[Logged with {}]\n"
                   "#[Histogram log format version 1.3]\n"
                   "#[StartTime: {:.3f} (seconds since epoch), {}]\n"
                   "#[BaseTime: {:.3f} (seconds since epoch)]\n"
                   "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\","
                   "\"Interval_Compressed_Histogram\"\n",
                   results.tool, start_s, utc_text(start_ns), start_s);
    for (const Second& second : results.seconds) {
        add_interval(out, "latency", second, second.latency);
        add_interval(out, "send_lateness", second, second.send_lateness);
    }
    return text;
}

}  // namespace jumpgate::load
