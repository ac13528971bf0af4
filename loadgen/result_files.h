// ResultFiles: writes the results of a run to the files that the command line names.
//
// Law: the text report never depends on a file: each file is written by itself, and one that cannot
// be written (no such folder, no permission, disk full) is one line that says so.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "loadgen/result_options.h"
#include "loadgen/results.h"

namespace jumpgate::load {

// The problem is said behind the flag: "--json out.json: could not be written: No space left".
std::vector<std::string> write_results(const ResultOptions& options, const Results& results);

// Why write_file() would fail now, to be asked before hours of work: no such folder, no permission,
// "-". Empty: it is likely to go well. Writes nothing.
std::string why_unwritable(const std::string& path);

// Replaces the file's content as a whole, and keeps its mode and owner; in place where its folder
// does not let it be replaced. Empty: all of it was written; else why not.
std::string write_file(const std::string& path, std::string_view text);

}  // namespace jumpgate::load
