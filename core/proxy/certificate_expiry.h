// CertificateExpiry: when the certificates that this proxy shows run out.
//
// Law: an expired certificate is a warning, never an error: clients that do not look at the date
// still get in, and the others say so. Only certificates of our own, no CAs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace jumpgate {

inline constexpr int64_t kExpiryWarningDays = 14;

struct CertificateExpiry {
    std::string label;        // "--tls-cert server.crt", "ssls 1: cert"; without lines, for metrics
    int64_t not_after_s = 0;  // Unix time: the last second it holds
};

// "WHERE: expires in 6 days, on 2026-11-30: renew it", or that it has; nothing where there is time.
std::optional<std::string> expiry_warning(std::string_view where, int64_t not_after_s,
                                          int64_t now_s);

}  // namespace jumpgate
