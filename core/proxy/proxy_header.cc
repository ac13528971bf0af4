#include "core/proxy/proxy_header.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <system_error>

#include "core/base/crc32c.h"
#include "core/proxy/proxy_header_wire.h"

namespace jumpgate {
namespace {

using namespace proxy_wire;

using ByteView = std::span<const uint8_t>;
using Invalid = ProxyHeaderInvalid;

constexpr size_t kLineBytesMax = 107;  // with its CRLF (proxy-protocol.txt 2.1)
constexpr std::string_view kLineStart = "PROXY ";

size_t u16(ByteView bytes, size_t at) {
    return static_cast<size_t>(bytes[at] << 8 | bytes[at + 1]);
}

// ---- Version 1: one line of text

std::string_view take_word(std::string_view& line) {
    const std::string_view word = line.substr(0, line.find(' '));
    line.remove_prefix(std::min(word.size() + 1, line.size()));
    return word;
}

std::optional<uint16_t> parse_port(std::string_view text) {
    uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.begin(), text.end(), port);
    const bool canonical = text == "0" || !text.starts_with('0');
    if (error != std::errc() || end != text.end() || !canonical) return std::nullopt;
    return port;
}

ProxyHeaderRead parse_line(std::string_view line, size_t header_bytes) {
    ProxyHeader header{.version = 1, .header_bytes = header_bytes};
    line.remove_prefix(kLineStart.size());
    const std::string_view protocol = take_word(line);
    if (protocol == "UNKNOWN") return header;  // the rest is to be ignored
    if (protocol != "TCP4" && protocol != "TCP6") return Invalid{"names no protocol of version 1"};

    const std::string_view source = take_word(line);
    const std::string_view destination = take_word(line);
    const std::optional<uint16_t> source_port = parse_port(take_word(line));
    const std::optional<uint16_t> destination_port = parse_port(line);  // nothing behind it
    if (!source_port || !destination_port) return Invalid{"has a malformed port"};
    const std::optional<Address> from = Address::parse(source, *source_port);
    const std::optional<Address> to = Address::parse(destination, *destination_port);
    const sa_family_t family = protocol == "TCP4" ? AF_INET : AF_INET6;
    if (!from || !to || from->any.sa_family != family || to->any.sa_family != family)
        return Invalid{"has a malformed address"};
    header.source = *from;
    header.destination = *to;
    return header;
}

ProxyHeaderRead parse_v1(ByteView bytes) {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()),
                                std::min(bytes.size(), kLineBytesMax));
    if (!kLineStart.starts_with(text.substr(0, kLineStart.size())))
        return Invalid{"is neither of version 1 nor of version 2"};
    const size_t end = text.find_first_of("\r\n");
    // Neither CR nor LF may stand alone.
    if (end < text.size() && text[end] == '\n') return Invalid{"does not end with CR LF"};
    if (end < text.size() - 1 && text[end + 1] != '\n') return Invalid{"does not end with CR LF"};
    if (end >= text.size() - 1)  // CR LF is not there yet
        return text.size() == kLineBytesMax
                   ? ProxyHeaderRead(Invalid{"is a line of over 107 bytes"})
                   : ProxyHeaderNeedsMore{};
    return parse_line(text.substr(0, end), end + 2);
}

// ---- Version 2: binary

Address read_v4(ByteView ip, ByteView port) {
    Address address;
    address.v4 = {};
    address.v4.sin_family = AF_INET;
    std::memcpy(&address.v4.sin_addr, ip.data(), 4);
    std::memcpy(&address.v4.sin_port, port.data(), 2);  // in network order on both sides
    address.length = sizeof(sockaddr_in);
    return address;
}

Address read_v6(ByteView ip, ByteView port) {
    Address address;
    address.v6.sin6_family = AF_INET6;
    std::memcpy(&address.v6.sin6_addr, ip.data(), 16);
    std::memcpy(&address.v6.sin6_port, port.data(), 2);
    address.length = sizeof(sockaddr_in6);
    return address;
}

// Bytes of the two addresses and ports; nothing for a family that is not accepted.
std::optional<size_t> addresses_size(uint8_t family) {
    switch (family) {
        case kUnspec:
            return 0;
        case kTcp4:
            return 2 * (4 + 2);
        case kTcp6:
            return 2 * (16 + 2);
        case kUnixStream:
            return kUnixBytes;
        default:
            return std::nullopt;  // datagrams, and what is not assigned
    }
}

void read_addresses(uint8_t family, ByteView at, ProxyHeader& header) {
    if (family == kTcp4) {
        header.source = read_v4(at, at.subspan(8));
        header.destination = read_v4(at.subspan(4), at.subspan(10));
    } else if (family == kTcp6) {
        header.source = read_v6(at, at.subspan(32));
        header.destination = read_v6(at.subspan(16), at.subspan(34));
    }
}

// The checksum is made over the whole header with zeros in its own place (2.2.3).
bool crc_holds(ByteView header, size_t at) {
    constexpr uint8_t kZeros[4] = {};
    uint32_t crc = crc32c(header.first(at));
    crc = crc32c(kZeros, crc);
    crc = crc32c(header.subspan(at + 4), crc);
    return crc == (u16(header, at) << 16 | u16(header, at + 2));
}

// Null where all TLVs from `at` to the end are well formed.
const char* judge_tlvs(ByteView header, size_t at) {
    bool has_crc = false;
    while (at < header.size()) {
        if (header.size() - at < 3) return "has a malformed TLV";
        const uint8_t type = header[at];
        const size_t length = u16(header, at + 1);
        at += 3;
        if (length > header.size() - at) return "has a malformed TLV";
        if (type == kTypeUniqueId && length > kProxyUniqueIdBytesMax)
            return "has a unique id of over 128 bytes";
        if (type == kTypeCrc32c) {
            if (length != 4 || has_crc) return "has a malformed checksum";
            has_crc = true;
            if (!crc_holds(header, at)) return "has a wrong checksum";
        }
        at += length;
    }
    return nullptr;
}

ProxyHeaderRead parse_v2(ByteView bytes) {
    const size_t compared = std::min(bytes.size(), kSignature.size());
    if (!std::equal(kSignature.begin(), kSignature.begin() + compared, bytes.begin()))
        return Invalid{"is neither of version 1 nor of version 2"};
    if (bytes.size() <= 12) return ProxyHeaderNeedsMore{};
    const uint8_t command = bytes[12] & 0x0f;
    if ((bytes[12] & 0xf0) != kVersion2) return Invalid{"is of a version above 2"};
    if (command != kLocal && command != kProxy) return Invalid{"has an unknown command"};
    if (bytes.size() <= 13) return ProxyHeaderNeedsMore{};
    // With LOCAL neither family nor what follows means anything.
    const uint8_t family = command == kLocal ? kUnspec : bytes[13];
    const std::optional<size_t> size = addresses_size(family);
    if (!size) return Invalid{"is not of TCP over IPv4 or IPv6, or of a Unix stream"};
    if (bytes.size() < kFixedBytes) return ProxyHeaderNeedsMore{};
    const size_t header_bytes = kFixedBytes + u16(bytes, 14);
    if (header_bytes > kProxyHeaderBytesMax) return Invalid{"is longer than 4096 bytes"};
    if (header_bytes < kFixedBytes + *size) return Invalid{"is too short for its addresses"};
    if (bytes.size() < header_bytes) return ProxyHeaderNeedsMore{};

    ProxyHeader header{.version = 2, .local = command == kLocal, .header_bytes = header_bytes};
    if (header.local) return header;
    read_addresses(family, bytes.subspan(kFixedBytes), header);
    const char* fault = judge_tlvs(bytes.first(header_bytes), kFixedBytes + *size);
    if (fault != nullptr) return Invalid{fault};
    return header;
}

}  // namespace

ProxyHeaderRead parse_proxy_header(ByteView bytes) {
    if (bytes.empty()) return ProxyHeaderNeedsMore{};
    return bytes[0] == kSignature[0] ? parse_v2(bytes) : parse_v1(bytes);
}

}  // namespace jumpgate
