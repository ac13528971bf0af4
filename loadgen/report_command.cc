#include "loadgen/report_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "core/base/flags.h"
#include "core/base/read_file.h"
#include "loadgen/report_page.h"
#include "loadgen/report_run.h"
#include "loadgen/result_files.h"

namespace jumpgate::load {

namespace {

constexpr std::string_view kUsage =
    "Usage: jumpload report RUN.json... [-o FILE]\n"
    "\n"
    "Writes one HTML page of the results that `jumpload MODE --json RUN.json` wrote: the verdict,\n"
    "charts and tables. It needs no network. Of several results, all are laid over each other and\n"
    "compared with the first.\n";

// As many as can be told apart in a chart.
constexpr size_t kRunsMax = 32;

// A day of seconds, each with its histograms, is about 200 MB.
constexpr size_t kResultBytesMax = 512U << 20U;

struct ReportOptions {
    std::string output = "report.html";
    std::string title;
    std::vector<std::string> files;
};

void add_flags(FlagTable& table, ReportOptions& options) {
    table.text("output", options.output, "FILE", "Where the page goes; -: standard output.")
        .letter = 'o';
    table.text("title", options.title, "TEXT", "The page's title. Default: the names of the runs.");
    table.operands(options.files, 1, "RUN.json...", "Results that `jumpload MODE --json` wrote.");
}

// "run" of results/run.json; the whole path where another run would be called the same.
std::string label_of(const std::string& path, const std::vector<std::string>& files) {
    const auto stem = [](std::string_view name) {
        name.remove_prefix(name.find_last_of('/') + 1);  // npos + 1 is 0
        if (name.ends_with(".json") && name.size() > 5) name.remove_suffix(5);
        return name;
    };
    const auto same = [&](const std::string& other) { return stem(other) == stem(path); };
    return std::ranges::count_if(files, same) > 1 ? path : std::string(stem(path));
}

Parsed<std::vector<ReportRun>> read_runs(const std::vector<std::string>& files) {
    std::vector<ReportRun> runs;
    for (const std::string& path : files) {
        Parsed<std::string> json = read_file(path, kResultBytesMax);
        if (const Problem* problem = std::get_if<Problem>(&json)) {
            return Problem{fmt::format("{}: {}", path, problem->text)};
        }
        Parsed<ReportRun> run =
            ReportRun::parse(label_of(path, files), std::get<std::string>(json));
        if (const Problem* problem = std::get_if<Problem>(&run)) {
            return Problem{fmt::format("{}: {}", path, problem->text)};
        }
        runs.push_back(std::get<ReportRun>(std::move(run)));
    }
    return runs;
}

std::string title_of(const std::vector<ReportRun>& runs) {
    std::string title;
    for (const ReportRun& run : runs) title += (title.empty() ? "" : ", ") + run.label();
    return title;
}

// Empty when all of `page` is written; else why not.
std::string write_page(const std::string& path, const std::string& page) {
    if (path != "-") return write_file(path, page);
    const bool written = std::fwrite(page.data(), 1, page.size(), stdout) == page.size();
    return written && std::fflush(stdout) == 0 ? std::string() : std::strerror(errno);
}

}  // namespace

FlagSheet report_flags() {
    ReportOptions options;
    FlagTable table("", "", "");
    add_flags(table, options);
    return table.sheet();
}

int report_command(std::span<const char* const> arguments) {
    ReportOptions options;
    FlagTable table("jumpload report", std::string(kUsage), "jumpload " JUMPGATE_VERSION "\n");
    add_flags(table, options);
    std::optional<FlagsExit> exit = table.parse(arguments);
    if (!exit && options.files.size() > kRunsMax) {
        exit = table.refuse(
            fmt::format("{} results are given; allowed: 1 to {}", options.files.size(), kRunsMax));
    } else if (!exit && options.output.empty()) {
        exit = table.refuse("--output: is empty; allowed: a file, or - for standard output");
    }
    if (exit) return exit->print();
    Parsed<std::vector<ReportRun>> read = read_runs(options.files);
    if (const Problem* problem = std::get_if<Problem>(&read)) {
        fmt::print(stderr, "jumpload report: {}\n", problem->text);
        return 2;
    }
    const auto& runs = std::get<std::vector<ReportRun>>(read);
    const std::string title = options.title.empty() ? title_of(runs) : options.title;
    const std::string why = write_page(options.output, report_page(runs, title));
    if (why.empty()) return 0;
    fmt::print(stderr, "jumpload report: --output {}: could not be written: {}\n", options.output,
               why);
    return 1;
}

}  // namespace jumpgate::load
