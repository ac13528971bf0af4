// `jumpload report`: a page of one or more results.
#pragma once

#include <span>

#include "core/base/flags.h"

namespace jumpgate::load {

// `arguments` is what follows the word `report`. Returns the exit code: 0 when the page is written,
// 1 where it could not be, 2 for a wrong command line or a file that is no result of jumpload.
int report_command(std::span<const char* const> arguments);

FlagSheet report_flags();

}  // namespace jumpgate::load
