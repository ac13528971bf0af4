#include "loadgen/result_options.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>
#include <system_error>

#include "loadgen/result_files.h"

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

// What two flags may not have in common; empty for devices and pipes, which take all.
static std::string place_of(const std::string& path) {
    struct stat there {};
    if (stat(path.c_str(), &there) == 0 && !S_ISREG(there.st_mode)) return {};
    std::error_code error;
    const std::filesystem::path place =
        std::filesystem::weakly_canonical(std::filesystem::absolute(path, error), error);
    return error ? path : place.string();
}

std::optional<std::string> settle_results(ResultOptions& options) {
    static constexpr std::array<std::string_view, 4> kFlags = {"json", "csv", "hgrm", "hdr-log"};
    const std::array<std::string*, 4> paths = options.paths();
    for (size_t i = 0; i < paths.size(); ++i) {
        if (paths[i]->empty()) continue;
        if (const std::string why = why_unwritable(*paths[i]); !why.empty())
            return fmt::format("--{} {}: cannot be written: {}", kFlags[i], *paths[i], why);
        const std::string place = place_of(*paths[i]);
        for (size_t k = 0; k < i; ++k) {
            if (place.empty() || paths[k]->empty() || place_of(*paths[k]) != place) continue;
            return fmt::format("--{} {}: is the file of --{} as well; give each its own", kFlags[i],
                               *paths[i], kFlags[k]);
        }
    }
    return std::nullopt;
}

}  // namespace jumpgate::load
