// UpstreamCredentials: who this proxy is towards the brokers of each upstream, and whom it trusts.
//
// Law: what an upstream does not say for itself, the flags --upstream-ca, -cert, -key and -verify
// say; upstreams that say the same share a context.
#pragma once

#include <string>

#include "core/proxy/credentials.h"

namespace jumpgate {

// Whether the upstream has a node that is reached over TLS.
bool dials_tls(const UpstreamConfig& upstream);

// Fills `out.upstreams`, warnings and expiries. The problem; empty where it went well.
std::string load_upstreams(const Config& config, const Objects& objects, Credentials& out);

}  // namespace jumpgate
