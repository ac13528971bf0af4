// The settings of jumpgate: one row for each, and the Config that the rows fill.
//
// Law: one table (flags.cc) is behind the command line, the environment, the `jumpgate:` map of
// files, --help, --print-config, --json-schema and docs/flags.md, so they cannot disagree. Each row
// checks its own value; what must hold between values is rules.h's.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/flags.h"
#include "core/config/config.h"

namespace jumpgate {

// The table and what it fills. One source fills one of these (FlagTable::adopt).
struct Settings {
    // `version`: the text of --version, whole lines.
    explicit Settings(const std::string& version = {});

    Config config;
    // What to do instead of serving; one at most.
    bool check = false;
    bool print_config = false;
    bool json_schema = false;
    FlagTable table;
};

// "dial-timeout-ms" as files, "dial_timeout_ms", and the environment, "JUMPGATE_DIAL_TIMEOUT_MS",
// write it.
std::string file_name(const Flag& flag);
std::string variable_name(const Flag& flag);

// The CPUs this process may run on, sched_getaffinity(2), 1 to 256: the default of --threads.
uint32_t cpus_allowed();

}  // namespace jumpgate
