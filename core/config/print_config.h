// --print-config: what the process would run by, as a file for --config, each line with its origin.
//
// Law: reading it back gives the same settings and objects. Private keys and passwords are not
// printed; a comment says where one is missing.
#pragma once

#include <string>
#include <vector>

#include "core/base/flags.h"
#include "core/config/file_settings.h"

namespace jumpgate {

std::string print_config(const FlagTable& table, const std::vector<Document>& documents);

}  // namespace jumpgate
