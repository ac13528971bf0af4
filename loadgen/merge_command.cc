#include "loadgen/merge_command.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "loadgen/environment.h"
#include "loadgen/result_files.h"
#include "loadgen/result_merge.h"
#include "loadgen/result_options.h"
#include "loadgen/result_reader.h"
#include "loadgen/result_text.h"

namespace jumpgate::load {

namespace {

// A day of seconds with both histograms is some 300 MB.
constexpr size_t kResultBytesMax = size_t{1} << 30;

constexpr std::string_view kUsage =
    "Usage: jumpload merge [FLAGS] RUN.json...\n"
    "Joins the results of one load that several processes played, exactly: counts and histograms\n"
    "add up, verdicts and --fail-if are judged anew. Exit codes: as of a run, and 2 for results\n"
    "that cannot be read or do not belong together.\n";

void add_flags(FlagTable& table, ResultOptions& options, std::vector<std::string>& paths) {
    table.group("Results");
    Flag& output = add_result_flags(table, options);
    output.letter = 'o';
    table.operands(paths, 1, "RUN.json...", "Results that `jumpload` wrote with --json.");
}

// Unlike read_file() this takes pipes too: jumpload merge <(ssh a cat run.json) ...
Parsed<std::string> content(const std::string& path) {
    std::FILE* file = std::fopen(path.c_str(), "re");
    if (file == nullptr) return Problem{std::strerror(errno)};
    std::string text;
    char part[65'536];
    size_t got = 0;
    while (text.size() <= kResultBytesMax && (got = std::fread(part, 1, sizeof part, file)) > 0) {
        text.append(part, got);
    }
    const int error = std::ferror(file) != 0 ? errno : 0;
    std::fclose(file);
    if (error != 0) return Problem{std::strerror(error)};
    if (text.size() > kResultBytesMax) return Problem{"is over 1 GiB"};
    return text;
}

int complain(const std::string& path, std::string_view why) {
    fmt::print(stderr, "jumpload merge: {}: {}\n", path, why);
    return 2;
}

}  // namespace

FlagSheet merge_flags() {
    ResultOptions options;
    std::vector<std::string> paths;
    FlagTable table("jumpload merge", std::string(kUsage), "");
    add_flags(table, options, paths);
    return table.sheet();
}

int merge_command(std::span<const char* const> arguments) {
    ResultOptions options;
    std::vector<std::string> paths;
    FlagTable table("jumpload merge", std::string(kUsage), "jumpload " JUMPGATE_VERSION "\n");
    add_flags(table, options, paths);
    if (const std::optional<FlagsExit> exit = table.parse(arguments)) return exit->print();
    if (const auto why = settle_results(options)) return table.refuse(*why).print();
    std::optional<Results> merged;
    for (const std::string& path : paths) {
        const Parsed<std::string> text = content(path);
        if (const Problem* problem = std::get_if<Problem>(&text)) {
            return complain(path, problem->text);
        }
        Parsed<Results> read = read_result(std::get<std::string>(text));
        if (const Problem* problem = std::get_if<Problem>(&read)) {
            return complain(path, problem->text);
        }
        if (!merged) {
            merged = std::move(std::get<Results>(read));
        } else if (const auto why = merge_result(*merged, std::get<Results>(read))) {
            return complain(path, fmt::format("does not belong to {}: {}", paths.front(), *why));
        }
    }
    if (const std::string missing = missing_shards(*merged); !missing.empty()) {
        fmt::print(stderr, "jumpload merge: {}\n", missing);
    }
    merged->command = fmt::format("jumpload merge {}", command_line(arguments));
    merged->tool = Results().tool;
    merged->fail_if.insert(merged->fail_if.end(), options.fail_if.begin(), options.fail_if.end());
    fmt::print("{}", result_text(*merged));
    const std::vector<std::string> problems = write_results(options, *merged);
    for (const std::string& problem : problems) fmt::print(stderr, "jumpload merge: {}\n", problem);
    return problems.empty() ? merged->exit_code() : 1;
}

}  // namespace jumpgate::load
