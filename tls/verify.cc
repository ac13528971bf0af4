#include "tls/verify.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <string>

#include "tls/library.h"

namespace jumpgate::tls {
namespace {

// The octets of an address in network order; four or sixteen.
struct Address {
    std::array<uint8_t, 16> bytes{};
    size_t size = 0;
};

std::optional<Address> read_address(std::string_view host) {
    const std::string text(host);
    Address address;
    if (inet_pton(AF_INET, text.c_str(), address.bytes.data()) == 1) {
        address.size = 4;
        return address;
    }
    if (inet_pton(AF_INET6, text.c_str(), address.bytes.data()) == 1) {
        address.size = 16;
        return address;
    }
    return std::nullopt;
}

std::string_view without_final_dot(std::string_view name) {
    if (name.ends_with('.')) name.remove_suffix(1);
    return name;
}

bool same_name(std::string_view a, std::string_view b) {
    return std::ranges::equal(
        a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

// RFC 9525 6.3: a wildcard is the whole first label and stands for exactly one.
bool matches(std::string_view pattern, std::string_view host) {
    pattern = without_final_dot(pattern);
    if (pattern.empty()) return false;
    if (!pattern.starts_with("*.")) return same_name(pattern, host);
    const size_t dot = host.find('.');
    return dot != 0 && dot != host.npos && same_name(pattern.substr(1), host.substr(dot)) &&
           pattern.find('.', 2) != pattern.npos;  // "*.org" would be everybody
}

bool names_address(const DNS_entry* names, const Address& address) {
    for (const DNS_entry* name = names; name != nullptr; name = name->next) {
        if (name->type != ASN_IP_TYPE || name->len != static_cast<int>(address.size)) continue;
        const auto* bytes = reinterpret_cast<const uint8_t*>(name->name);
        if (std::equal(bytes, bytes + address.size, address.bytes.begin())) return true;
    }
    return false;
}

bool names_host(const DNS_entry* names, std::string_view host) {
    for (const DNS_entry* name = names; name != nullptr; name = name->next) {
        if (name->type != ASN_DNS_TYPE || name->len < 0) continue;
        if (matches({name->name, static_cast<size_t>(name->len)}, host)) return true;
    }
    return false;
}

}  // namespace

Failure certificate_failure(int error) {
    switch (error) {
        case ASN_NO_SIGNER_E:
        case ASN_SELF_SIGNED_E:
            return Failure::UnknownCa;
        case ASN_AFTER_DATE_E:
            return Failure::Expired;
        case ASN_BEFORE_DATE_E:
            return Failure::NotYetValid;
        case CRL_CERT_REVOKED:
            return Failure::Revoked;
        case CRL_MISSING:
        case CRL_CERT_DATE_ERR:
            return Failure::CrlMissing;
        case DOMAIN_NAME_MISMATCH:
        case IPADDR_MISMATCH:
            return Failure::WrongName;
        case NO_PEER_CERT:
            return Failure::NoCertificate;
        default:
            return Failure::BadCertificate;
    }
}

bool is_ip_literal(std::string_view host) { return read_address(host).has_value(); }

bool certificate_names(std::span<const uint8_t> certificate_der, std::string_view host) {
    DecodedCert certificate;
    wc_InitDecodedCert(&certificate, certificate_der.data(),
                       static_cast<word32>(certificate_der.size()), nullptr);
    bool named = false;
    if (wc_ParseCert(&certificate, CERT_TYPE, NO_VERIFY, nullptr) == 0) {
        const std::optional<Address> address = read_address(host);
        named = address ? names_address(certificate.altNames, *address)
                        : names_host(certificate.altNames, without_final_dot(host));
    }
    wc_FreeDecodedCert(&certificate);
    return named;
}

}  // namespace jumpgate::tls
