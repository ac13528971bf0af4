// ProxyHeader: who the client behind another proxy is (HAProxy's proxy-protocol.txt, v1 and v2).
//
// Law: bytes in, values out; no socket, no trust: who may send a header is for TrustedPeers to say.
// Strict: a header that the specification does not allow is invalid, never read in another way.
// TLVs are walked and their checksum is verified; what they claim of TLS is passed over.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "core/io/address.h"

namespace jumpgate {

inline constexpr size_t kProxyHeaderBytesMax = 4'096;  // all of a v2 header; v1 has 107
inline constexpr size_t kProxyUniqueIdBytesMax = 128;  // proxy-protocol.txt 2.2.5

struct ProxyHeader {
    uint8_t version = 0;  // 1 or 2
    bool local = false;   // v2 LOCAL: the sender speaks for itself (a health check)
    // The client, and where it connected to. Both unknown with LOCAL, UNKNOWN (v1), UNSPEC and
    // AF_UNIX (v2): then the connection's own addresses hold.
    Address source{};
    Address destination{};
    size_t header_bytes = 0;  // what comes behind them is the client's
};
struct ProxyHeaderNeedsMore {};
struct ProxyHeaderInvalid {
    std::string_view text;  // what is wrong, said after "the PROXY header"; static
};
using ProxyHeaderRead = std::variant<ProxyHeader, ProxyHeaderNeedsMore, ProxyHeaderInvalid>;

// Judges the first bytes of a connection; invalid as soon as they show it.
ProxyHeaderRead parse_proxy_header(std::span<const uint8_t> bytes);

// What v2 says of the client's TLS; texts are copied as they are.
struct ProxyTls {
    std::string_view version{};              // "TLSv1.3"
    std::string_view cipher{};               // empty: not said
    std::string_view common_name{};          // of the client's certificate; empty: not said
    bool certificate_on_connection = false;  // sent in this handshake
    bool certificate_in_session = false;     // sent in this one or in that which it resumes
    bool verified = false;                   // there is a certificate, and its chain was verified
};
struct ProxyTlvs {
    std::string_view authority{};   // the SNI; empty: not said
    std::string_view unique_id{};   // at most 128 bytes; empty: not said
    const ProxyTls* tls = nullptr;  // null: the client came without TLS
};

// Append a header to `out`. IPv4 mapped into IPv6 is written as IPv4 where both addresses can be,
// else both are written as IPv6. Where one is unknown: UNKNOWN (v1), UNSPEC (v2).
void write_proxy_v1(std::vector<uint8_t>& out, const Address& source, const Address& destination);
// False, with nothing written: the texts make it longer than kProxyHeaderBytesMax, or the unique id
// is over its limit. A client certificate may hold such names: refuse the client then.
[[nodiscard]] bool write_proxy_v2(std::vector<uint8_t>& out, const Address& source,
                                  const Address& destination, const ProxyTlvs* tlvs = nullptr);
// "I speak for myself": LOCAL, which v2 has for health checks; v1 has UNKNOWN for all it cannot
// say.
void write_proxy_v1_local(std::vector<uint8_t>& out);
void write_proxy_v2_local(std::vector<uint8_t>& out);

}  // namespace jumpgate
