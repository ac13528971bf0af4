// Verify: what is wrong with a peer's certificate, and whether it is the one that was asked for.
//
// Law: wolfSSL builds the chain and checks signatures, dates, usages and the CRL; here its verdict
// becomes one of our words, and the host name is compared, as RFC 9525 wants it: names of type DNS
// or IP among the alternative names alone, never the common name.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "tls/failure.h"

namespace jumpgate::tls {

// wolfSSL's error (negative) about a certificate.
Failure certificate_failure(int error);

// True where `host` is the text of an IPv4 or IPv6 address: such a name is never sent as SNI.
bool is_ip_literal(std::string_view host);

// Is the certificate for `host`: a DNS name, or an IP literal?
bool certificate_names(std::span<const uint8_t> certificate_der, std::string_view host);

}  // namespace jumpgate::tls
