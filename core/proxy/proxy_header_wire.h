// The numbers of the PROXY protocol's v2 (proxy-protocol.txt 2.2), for its reader and its writer.
//
// Law: names as in the specification, without its prefix PP2_.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace jumpgate::proxy_wire {

inline constexpr std::array<uint8_t, 12> kSignature = {'\r', '\n', '\r', '\n', 0x00, '\r',
                                                       '\n', 'Q',  'U',  'I',  'T',  '\n'};
inline constexpr size_t kFixedBytes = 16;  // signature, version and command, family, u16 length
inline constexpr uint8_t kVersion2 = 0x20;
inline constexpr uint8_t kLocal = 0;
inline constexpr uint8_t kProxy = 1;

inline constexpr uint8_t kUnspec = 0x00;  // address family and transport in one byte
inline constexpr uint8_t kTcp4 = 0x11;
inline constexpr uint8_t kTcp6 = 0x21;
inline constexpr uint8_t kUnixStream = 0x31;
inline constexpr size_t kUnixBytes = 216;  // two paths of 108

inline constexpr uint8_t kTypeAuthority = 0x02;
inline constexpr uint8_t kTypeCrc32c = 0x03;
inline constexpr uint8_t kTypeUniqueId = 0x05;
inline constexpr uint8_t kTypeSsl = 0x20;
inline constexpr uint8_t kSubtypeSslVersion = 0x21;
inline constexpr uint8_t kSubtypeSslCn = 0x22;
inline constexpr uint8_t kSubtypeSslCipher = 0x23;
inline constexpr uint8_t kClientSsl = 0x01;
inline constexpr uint8_t kClientCertConn = 0x02;
inline constexpr uint8_t kClientCertSess = 0x04;

}  // namespace jumpgate::proxy_wire
