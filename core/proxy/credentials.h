// Credentials: certificates, keys, CAs, CRLs and ticket keys, of flags and of objects, read from
// their files and made into TLS contexts.
//
// Law: one unit: all of it is valid or there is none of it, and the problem names the place. Read
// at start and on reload, on the control thread; workers hold the contexts, never the files.
// Nothing of a key is ever part of a message. What is read of a key is wiped when it is in its
// context; what an object holds as text stays with the object, which may have to be written again.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "core/base/parsed.h"
#include "core/config/config.h"
#include "core/config/objects.h"
#include "core/proxy/certificate_expiry.h"
#include "tls/context.h"

namespace jumpgate {

struct Credentials {
    tls::ServerContextRef server;  // null: no --tls-listen, or no certificate to show yet
    std::vector<tls::ClientContextRef> upstreams;  // as Objects::upstreams; null: no node over TLS
    std::vector<CertificateExpiry> expiries;       // of all certificates that are in use here
    std::vector<std::string> warnings;
};

// Whether there is a --tls-listen, a broker over TLS, or a private key at all.
bool uses_tls(const Config& config, const Objects& objects);

// `process_tickets` seal sessions where the configuration names no --tls-ticket-keys: random, but
// the same over reloads, so that sessions outlive them.
//
// Server: the pairs of --tls-cert, which are the default, then each ssl of `objects` with its own
// names; no two of them may share one. --tls-client-ca with its mode and CRL holds for every ssl
// that has no client.ca; --tls-min-version bounds them all. Checked even where nobody listens.
// Upstreams: what an upstream does not say, --upstream-ca, -cert, -key and -verify say.
// A disabled ssl (status 0) is not looked at. Where certificates may come by the Admin API there
// may be none for now: that is a warning.
Parsed<Credentials> load_credentials(const Config& config, const Objects& objects,
                                     const tls::TicketKeys& process_tickets);

// No core dump, no ptrace by the same user: keys are in memory (prctl(2), PR_SET_DUMPABLE).
void forbid_core_dumps();

}  // namespace jumpgate
