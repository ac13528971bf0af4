// Credentials: certificates, keys, CAs, CRLs and ticket keys, read from the files of the
// configuration and made into TLS contexts.
//
// Law: one unit: all of it is valid or there is none of it, and the problem names the file. Read at
// start and on SIGHUP, on the control thread; workers hold the contexts, never the files.
// Nothing of a key is ever part of a message.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "core/base/parsed.h"
#include "core/config/config.h"
#include "tls/context.h"

namespace jumpgate {

struct Credentials {
    tls::ServerContextRef server;    // null: no --tls-listen
    tls::ClientContextRef upstream;  // null: no TLS broker
    std::vector<std::string> warnings;
};

// Whether there is a --tls-listen or a broker over TLS.
bool uses_tls(const Config& config);

// `process_tickets` seal sessions where the configuration names no --tls-ticket-keys: random, but
// the same over reloads, so that sessions outlive them.
Parsed<Credentials> load_credentials(const Config& config, const tls::TicketKeys& process_tickets);

// No core dump, no ptrace by the same user: keys are in memory (prctl(2), PR_SET_DUMPABLE).
void forbid_core_dumps();

}  // namespace jumpgate
