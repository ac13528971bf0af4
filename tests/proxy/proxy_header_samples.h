// PROXY headers as HAProxy 2.6.12 sent them to a socket that only listened, one `server` line each.
//
// Law: bytes of the real program, unchanged, in hexadecimal; the ports are the kernel's choice.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace jumpgate {

inline std::vector<uint8_t> from_hex(std::string_view hex) {
    const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    std::vector<uint8_t> bytes;
    for (size_t i = 0; i + 1 < hex.size(); i += 2)
        bytes.push_back(static_cast<uint8_t>(digit(hex[i]) << 4 | digit(hex[i + 1])));
    return bytes;
}

struct ProxySample {
    std::string_view option;  // of the server
    std::string_view hex;
    std::string_view ip;
    uint16_t source_port;
    uint16_t destination_port;
};

// PROXY TCP4 127.0.0.1 127.0.0.1 45858 33875, and the same for ::1
inline constexpr ProxySample kHaproxyV1 = {
    "send-proxy",
    "50524f58592054435034203132372e302e302e31203132372e302e302e3120343538353820333338373"
    "50d0a",
    "127.0.0.1", 45'858, 33'875};
inline constexpr ProxySample kHaproxyV1OverIpv6 = {
    "send-proxy", "50524f58592054435036203a3a31203a3a312034323939382034303032370d0a", "::1", 42'998,
    40'027};
inline constexpr ProxySample kHaproxyV2 = {
    "send-proxy-v2", "0d0a0d0a000d0a515549540a2111000c7f0000017f000001cabe9a51", "127.0.0.1",
    51'902, 39'505};
inline constexpr ProxySample kHaproxyV2OverIpv6 = {
    "send-proxy-v2",
    "0d0a0d0a000d0a515549540a21210024000000000000000000000000000000010000000000000000000000000000"
    "0001ed2ca861",
    "::1", 60'716, 43'105};
inline constexpr ProxySample kHaproxyChecksum = {
    "proxy-v2-options crc32c",
    "0d0a0d0a000d0a515549540a211100137f0000017f00000194509225030004b783d0c1", "127.0.0.1", 37'968,
    37'413};
inline constexpr ProxySample kHaproxyTls = {
    "send-proxy-v2-ssl-cn",
    "0d0a0d0a000d0a515549540a211100277f0000017f000001ace2b4f52000180700000000210007544c5376312e33"
    "220006636c69656e74",
    "127.0.0.1", 44'258, 46'325};
// A client certificate of CN "client", SNI broker.example.org, unique id jumpgate-42.
inline constexpr ProxySample kHaproxyTlsAndMore = {
    "proxy-v2-options ssl,cert-cn,ssl-cipher,authority,unique-id",
    "0d0a0d0a000d0a515549540a211100637f0000017f0000018f9e82ad02001262726f6b65722e6578616d706c652e"
    "6f726705000b6a756d70676174652d34322000310700000000210007544c5376312e33220006636c69656e742300"
    "16544c535f4145535f3235365f47434d5f534841333834",
    "127.0.0.1", 36'766, 33'453};
// The same from a client without a certificate.
inline constexpr ProxySample kHaproxyNoCertificate = {
    "proxy-v2-options ssl,cert-cn,ssl-cipher,authority,unique-id",
    "0d0a0d0a000d0a515549540a2111005a7f0000017f000001c0548b7302001262726f6b65722e6578616d706c652e"
    "6f726705000b6a756d70676174652d34322000280100000000210007544c5376312e33230016544c535f4145535f"
    "3235365f47434d5f534841333834",
    "127.0.0.1", 49'236, 35'699};
// Everything that 2.6 can say, checksum first.
inline constexpr ProxySample kHaproxyAll = {
    "proxy-v2-options ssl,cert-cn,authority,unique-id,crc32c,ssl-cipher,cert-key,cert-sig",
    "0d0a0d0a000d0a515549540a211100867f0000017f000001d9c688e703000438995afb02001262726f6b65722e65"
    "78616d706c652e6f726705000b6a756d70676174652d343220004d0700000000210007544c5376312e3322000663"
    "6c69656e74250005454332353624001165636473612d776974682d534841323536230016544c535f4145535f3235"
    "365f47434d5f534841333834",
    "127.0.0.1", 55'750, 35'047};

inline constexpr ProxySample kHaproxySamples[] = {
    kHaproxyV1,         kHaproxyV1OverIpv6,    kHaproxyV2,
    kHaproxyV2OverIpv6, kHaproxyChecksum,      kHaproxyTls,
    kHaproxyTlsAndMore, kHaproxyNoCertificate, kHaproxyAll};

}  // namespace jumpgate
