// CheckCredentials: everything that is wrong with certificates, keys, CAs and lists, for --check.
//
// Law: where load_credentials() stops at the first problem, this one goes on: each flag and object
// is tried alone, then those that are sound together. Serves nobody and keeps nothing. What the
// readers of objects complain of (a key that is missing, a reference to nothing) is left to them.
#pragma once

#include "core/config/config.h"
#include "core/config/objects.h"

namespace jumpgate {

// Errors: load_credentials() would refuse; one line each, with its place in front. Warnings: those
// that it would give.
Checked check_credentials(const Config& config, const Objects& objects);

}  // namespace jumpgate
