// SrvReply: the SRV records of a DNS reply (RFC 2782).
//
// Law: the bytes come from the network: never reads past them, and one bad record makes the reply
// a bad one. Records are sorted, so that two proxies see the same list whatever the order on the
// wire.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace jumpgate {

struct SrvRecord {
    std::string host;  // lower case, without the last dot
    uint16_t port = 0;
    uint16_t priority = 0;  // lower ones are asked first
    uint16_t weight = 0;
    bool operator==(const SrvRecord&) const = default;
};

struct SrvReply {
    // By the number at the end of the first label (broker-2 before broker-10; names without one
    // last), then by name and port; one of each host and port. A target of "." means that the
    // service is not offered, and is left out.
    std::vector<SrvRecord> records;
    uint32_t ttl_s = 0;  // the lowest of the records, aliases included
};

// Nothing: not a reply by RFC 1035, or a target that is no host name.
std::optional<SrvReply> parse_srv_reply(std::span<const uint8_t> reply);

}  // namespace jumpgate
