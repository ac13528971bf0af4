// covers: whether the conditions of one route ask for less than those of another.
//
// Law: true only where it is sure; of patterns only what their text shows is compared. For
// warnings, never for routing.
#pragma once

#include "core/route/route_match.h"

namespace jumpgate {

// Every text that `some` matches, `all` matches too.
bool covers(const TextMatch& all, const TextMatch& some);

// Every client that `some` matches, `all` matches too.
bool covers(const RouteMatch& all, const RouteMatch& some);

// A condition that a more specific one need not imply: expressions, globs, and a list of every
// level rank above what they cover. Without one on either side, only equal conditions cover and are
// tried first.
bool is_elusive(const RouteMatch& match);

}  // namespace jumpgate
