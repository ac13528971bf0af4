// Credentials: what `jumpload broker` proves itself with, and asks of its clients, over TLS.
//
// Law: files are read here, once, before any broker starts; a problem names the file.
#pragma once

#include <string>

#include "core/base/parsed.h"
#include "tls/context.h"

namespace jumpgate::broker {

struct Credentials {
    std::string cert_file;       // PEM, the chain with the leaf first
    std::string key_file;        // PEM, not encrypted
    std::string client_ca_file;  // read unless client_auth is None
    tls::ClientAuth client_auth = tls::ClientAuth::None;
    tls::Version min_version = tls::Version::Tls12;
    tls::Version max_version = tls::Version::Tls13;
};

// A context with session tickets, whose key dies with the process. Any number of brokers share it.
Parsed<tls::ServerContextRef> load(const Credentials& credentials);

}  // namespace jumpgate::broker
