#include "loadgen/result_files.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "loadgen/hdr_log.h"
#include "loadgen/result_csv.h"
#include "loadgen/result_json.h"

namespace jumpgate::load {

// Returns an errno, or 0.
static int write_to(const std::string& path, std::string_view text) {
    std::FILE* file = std::fopen(path.c_str(), "we");
    if (file == nullptr) return errno;
    int error = 0;
    if (std::fwrite(text.data(), 1, text.size(), file) != text.size()) error = errno;
    // What was buffered meets the disk here.
    if (std::fclose(file) != 0 && error == 0) error = errno;
    return error;
}

std::string write_file(const std::string& path, std::string_view text) {
    struct stat there {};
    const bool is_new = lstat(path.c_str(), &there) != 0;
    int error = 0;
    if (is_new || S_ISREG(there.st_mode)) {
        // Beside it first, so that no half of a result ever bears its name.
        const std::string beside = path + ".partial";
        error = write_to(beside, text);
        if (error == 0 && rename(beside.c_str(), path.c_str()) != 0) error = errno;
        if (error != 0) unlink(beside.c_str());
    } else {
        error = write_to(path, text);  // a device, a pipe, or a link that is to stay one
    }
    return error == 0 ? std::string() : std::strerror(error);
}

std::vector<std::string> write_results(const ResultOptions& options, const Results& results) {
    std::vector<std::string> problems;
    const auto write = [&](std::string_view flag, const std::string& path, auto&& text_of) {
        if (path.empty()) return;
        const std::string why = write_file(path, text_of());
        if (why.empty()) return;
        problems.push_back(fmt::format("--{} {}: could not be written: {}", flag, path, why));
    };
    write("json", options.json_path, [&] { return result_json(results); });
    write("csv", options.csv_path, [&] { return result_csv(results); });
    write("hgrm", options.hgrm_path,
          [&] { return percentile_distribution(main_histogram(results.recorder)); });
    write("hdr-log", options.hdr_log_path, [&] { return hdr_log(results); });
    return problems;
}

}  // namespace jumpgate::load
