// Reach: stream routes and settings of upstreams that no client ever gets to.
//
// Law: warnings only, and only where it is sure. That several routes together leave nothing for
// another is not found.
#pragma once

#include <vector>

#include "core/config/config.h"
#include "core/config/objects.h"

namespace jumpgate {

// Routes whose every client another route takes: one with the same conditions that is tried first,
// or one whose conditions ask for less and yet rank above (a prefix over a glob, a glob "*" over
// none).
std::vector<Complaint> hidden_routes(const Objects& objects);

// Routes and hash keys that want what no listener gives: a port, an address, TLS, certificates.
std::vector<Complaint> without_listener(const Config& config, const Objects& objects);

}  // namespace jumpgate
