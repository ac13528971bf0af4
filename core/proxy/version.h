// What --version says: ours, what we were built with, and what this kernel offers.
#pragma once

#include <string>

namespace jumpgate {

// Whole lines. Opens a small io_uring to see what this kernel has.
std::string version_text();

}  // namespace jumpgate
