// FlagObjects: the upstream and the stream route that --broker and its like stand for.
//
// Law: behind the configuration nobody knows of brokers given by flags: there are only objects, one
// upstream "default" and one route "default" that every client matches.
#pragma once

#include "core/config/objects.h"

namespace jumpgate {

inline constexpr const char* kFlagObjectId = "default";

// Appends them to `objects`; nothing where `config` has no brokers.
void add_flag_objects(const Config& config, Objects& objects);

}  // namespace jumpgate
