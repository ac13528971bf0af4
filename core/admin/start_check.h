// StartCheck: what of key files, the state directory and the files to be written would keep the
// process from starting.
//
// Law: reads only: nothing is made, written or locked, and a process that runs on the same
// directory is not disturbed. What may be otherwise a moment later (an address that is taken, a
// name that has no answer, a lock) is not looked at. Problems begin with the flag: "--state-dir".
#pragma once

#include "core/config/config.h"
#include "core/config/objects.h"
#include "core/config/value.h"

namespace jumpgate {

struct StartCheck {
    Checked found;
    Objects objects;  // what the start would serve; only where nothing is wrong
};

// `objects`: of flags and files.
StartCheck check_start(const Config& config, const Objects& objects);

}  // namespace jumpgate
