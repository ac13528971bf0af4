// ResultOptions: the flags that say where results are written, and what makes them a failure; the
// same for a run and for `jumpload merge`.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "core/base/flags.h"
#include "loadgen/fail_if.h"

namespace jumpgate::load {

struct ResultOptions {
    std::string json_path;  // each empty: not written
    std::string csv_path;
    std::string hgrm_path;
    std::string hdr_log_path;
    std::vector<FailIf> fail_if;

    std::array<std::string*, 4> paths() {
        return {&json_path, &csv_path, &hgrm_path, &hdr_log_path};
    }
};

// `table` outlives the use of `options` in it. The row of --json is returned.
Flag& add_result_flags(FlagTable& table, ResultOptions& options);

// What is wrong with the files, before a run is played for nothing: "--json /no/x: cannot be
// written: there is no folder /no". REQUIRES that the names are final (%I).
std::optional<std::string> settle_results(ResultOptions& options);

}  // namespace jumpgate::load
