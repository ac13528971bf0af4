// TlsOptions: the flags of jumpload's clients that are about TLS, and the rules between them.
//
// Law: names files, opens none: client_contexts.h reads them. Verification is on unless the user
// turns it off, and then the run says so.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/flags.h"
#include "loadgen/template.h"

namespace jumpgate::load {

enum class TlsVersions : uint8_t { Both, Only12, Only13 };

struct TlsOptions {
    bool on = false;
    std::string ca_path;        // empty: the system's
    Template certificate_path;  // empty: no certificate; with a placeholder: each client its own
    Template key_path;
    TlsVersions versions = TlsVersions::Both;
    std::string server_name;  // sent, and what is verified; empty: the host
    bool verify = true;
    uint32_t resume_percent = 0;  // share of the connects that offer an earlier session
};

// What the table fills that TlsOptions does not keep.
struct TlsGiven {
    std::string certificate_path;
    std::string key_path;
    bool no_verify = false;
};

void add_tls_flags(FlagTable& table, TlsOptions& options, TlsGiven& given);

// What is wrong between the flags, in one sentence; nothing where all is well.
std::optional<std::string> settle_tls(TlsOptions& options, const TlsGiven& given);

}  // namespace jumpgate::load
