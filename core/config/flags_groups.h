// Groups of flags with a file of their own: rows of the one table that flags.cc puts together.
//
// Law: private to core/config; each adds its rows in the order of --help. What must hold between
// the values is rules.h's.
#pragma once

#include "core/base/flags.h"
#include "core/config/config.h"

namespace jumpgate {

void add_tls(FlagTable& table, Config& config);             // flags_tls.cc
void add_upstream_tls(FlagTable& table, Config& config);    // flags_tls.cc
void add_proxy_protocol(FlagTable& table, Config& config);  // flags_proxy_protocol.cc
void add_brokers(FlagTable& table, Config& config);         // flags_brokers.cc

}  // namespace jumpgate
