// ChildRun: one run of jumpload, started by jumpload itself, for commands that need several.
//
// Law: a process of its own, so that each run begins with clean counters and descriptors; what
// comes back is the JSON result that any user gets. It stands in a process group of its own: a
// signal from the terminal reaches the command alone, which passes it on once and waits for the
// partial result. Not thread-safe: signals are blocked and waited for.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "core/base/parsed.h"

namespace jumpgate::load {

struct ChildResult {
    ChildResult();
    ChildResult(ChildResult&&) noexcept;
    ChildResult& operator=(ChildResult&&) noexcept;
    ~ChildResult();

    int exit_code = 0;                     // as of any run, 2: wrong usage; 128 + N: signal N
    bool interrupted = false;              // a signal came to this process meanwhile
    std::string errors;                    // what it said on stderr
    std::unique_ptr<nlohmann::json> json;  // null: it wrote no result
};

// `arguments` are those behind the program's name; --quiet and --json are added. The problem is
// that it could not be started.
Parsed<ChildResult> run_child(std::vector<std::string> arguments,
                              const char* program = "/proc/self/exe");

// Why clients of a run could not connect, a phrase for each cause: "3 attempts failed: refused
// (nothing listens ...)".
std::vector<std::string> setup_failures(const nlohmann::json& result);

// The number at a path such as "latency_us.p99"; `fallback` where there is none.
double number_at(const nlohmann::json& json, std::string_view path, double fallback = 0);

}  // namespace jumpgate::load
