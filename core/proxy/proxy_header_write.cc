// Writes PROXY headers, v1 and v2: the part of proxy_header.h that speaks.
//
// Law: all or nothing goes into `out`; the order of TLVs is HAProxy's.
#include <fmt/core.h>

#include <algorithm>
#include <cstring>

#include "core/proxy/proxy_header.h"
#include "core/proxy/proxy_header_wire.h"

namespace jumpgate {
namespace {

using namespace proxy_wire;

using V4 = std::array<uint8_t, 4>;
using V6 = std::array<uint8_t, 16>;
using Octets = std::vector<uint8_t>;

bool is_v4(const Address& address) {
    return address.any.sa_family == AF_INET ||
           (address.any.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&address.v6.sin6_addr));
}

// REQUIRES: is_v4(address)
V4 v4_of(const Address& address) {
    V4 bytes;
    const void* from = address.any.sa_family == AF_INET
                           ? static_cast<const void*>(&address.v4.sin_addr)
                           : &address.v6.sin6_addr.s6_addr[12];
    std::memcpy(bytes.data(), from, bytes.size());
    return bytes;
}

V6 v6_of(const Address& address) {
    V6 bytes{};
    if (address.any.sa_family == AF_INET6) {
        std::memcpy(bytes.data(), &address.v6.sin6_addr, bytes.size());
    } else {
        bytes[10] = bytes[11] = 0xff;
        std::memcpy(&bytes[12], &address.v4.sin_addr, 4);
    }
    return bytes;
}

// As v1 wants it: groups of hexadecimal digits alone, where inet_ntop(3) writes ::ffff:192.0.2.1.
std::string v6_text(const Address& address) {
    if (!is_v4(address)) return address.host();
    const V6 bytes = v6_of(address);
    return fmt::format("::ffff:{:x}:{:x}", bytes[12] << 8 | bytes[13], bytes[14] << 8 | bytes[15]);
}

template <class Bytes>
void put(Octets& out, const Bytes& bytes) {
    out.insert(out.end(), bytes.begin(), bytes.end());
}

void put_u16(Octets& out, size_t value) {
    out.push_back(static_cast<uint8_t>(value >> 8));
    out.push_back(static_cast<uint8_t>(value));
}

// Writes `length` over the two bytes at `at`.
void set_u16(Octets& out, size_t at, size_t length) {
    out[at] = static_cast<uint8_t>(length >> 8);
    out[at + 1] = static_cast<uint8_t>(length);
}

void put_tlv(Octets& out, uint8_t type, std::string_view value) {
    if (value.empty()) return;
    out.push_back(type);
    put_u16(out, value.size());
    put(out, value);
}

// 2.2.6: client bits, verify (0 where a certificate was verified, not where there is none, as
// HAProxy 2.6 has it), then TLVs of their own.
void put_tls(Octets& out, const ProxyTls& tls) {
    out.push_back(kTypeSsl);
    const size_t length_at = out.size();
    put_u16(out, 0);
    out.push_back(static_cast<uint8_t>(kClientSsl |
                                       (tls.certificate_on_connection ? kClientCertConn : 0) |
                                       (tls.certificate_in_session ? kClientCertSess : 0)));
    put(out, std::array<uint8_t, 4>{0, 0, 0, static_cast<uint8_t>(tls.verified ? 0 : 1)});
    put_tlv(out, kSubtypeSslVersion, tls.version);
    put_tlv(out, kSubtypeSslCn, tls.common_name);
    put_tlv(out, kSubtypeSslCipher, tls.cipher);
    set_u16(out, length_at, out.size() - length_at - 2);
}

void put_addresses(Octets& out, const Address& source, const Address& destination) {
    const bool known = source.known() && destination.known();
    const bool v4 = known && is_v4(source) && is_v4(destination);
    out.push_back(!known ? kUnspec : v4 ? kTcp4 : kTcp6);
    put_u16(out, 0);  // the length, set at the end
    if (!known) return;
    if (v4) {
        put(out, v4_of(source));
        put(out, v4_of(destination));
    } else {
        put(out, v6_of(source));
        put(out, v6_of(destination));
    }
    put_u16(out, source.port());
    put_u16(out, destination.port());
}

// Would all texts fit, whatever stands around them? Asked first, so that no length overflows.
bool texts_fit(const ProxyTlvs& tlvs) {
    const std::string_view none;
    const bool tls = tlvs.tls != nullptr;
    const std::string_view texts[] = {tlvs.authority, tlvs.unique_id,
                                      tls ? tlvs.tls->version : none, tls ? tlvs.tls->cipher : none,
                                      tls ? tlvs.tls->common_name : none};
    return tlvs.unique_id.size() <= kProxyUniqueIdBytesMax &&
           std::ranges::all_of(texts, [](auto text) { return text.size() < kProxyHeaderBytesMax; });
}

}  // namespace

void write_proxy_v1(Octets& out, const Address& source, const Address& destination) {
    if (!source.known() || !destination.known())
        return put(out, std::string_view("PROXY UNKNOWN\r\n"));
    const bool v4 = is_v4(source) && is_v4(destination);
    put(out, fmt::format("PROXY {} {} {} {} {}\r\n", v4 ? "TCP4" : "TCP6",
                         v4 ? source.host() : v6_text(source),
                         v4 ? destination.host() : v6_text(destination), source.port(),
                         destination.port()));
}

void write_proxy_v1_local(Octets& out) { write_proxy_v1(out, {}, {}); }

void write_proxy_v2_local(Octets& out) {
    put(out, kSignature);
    out.push_back(kVersion2 | kLocal);
    put_addresses(out, {}, {});
}

bool write_proxy_v2(Octets& out, const Address& source, const Address& destination,
                    const ProxyTlvs* tlvs) {
    if (tlvs != nullptr && !texts_fit(*tlvs)) return false;
    const size_t start = out.size();
    put(out, kSignature);
    out.push_back(kVersion2 | kProxy);
    put_addresses(out, source, destination);
    if (tlvs != nullptr) {
        put_tlv(out, kTypeAuthority, tlvs->authority);
        put_tlv(out, kTypeUniqueId, tlvs->unique_id);
        if (tlvs->tls != nullptr) put_tls(out, *tlvs->tls);
    }
    const size_t size = out.size() - start;
    if (size > kProxyHeaderBytesMax) {
        out.resize(start);
        return false;
    }
    set_u16(out, start + kFixedBytes - 2, size - kFixedBytes);
    return true;
}

}  // namespace jumpgate
