// RouteMatch: which clients a stream route is for.
//
// Law: pure choice by what is known at CONNECT; a condition that is not given is always met.
// Names of servers (sni) are compared without regard to case (RFC 6066 section 3), all else
// exactly.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/cidr.h"
#include "core/route/text_match.h"

namespace jumpgate {

enum class Protocol : uint8_t { Mqtt, Http };

// What is known of a client when its route is chosen. Views; they live as long as the choice.
struct RouteQuery {
    std::string_view client_id{};
    std::string_view username{};
    std::string_view cert_cn{};
    std::string_view sni{};                  // empty: plain, or a client that named no server
    uint8_t level = 0;                       // 3, 4, 5
    std::span<const uint8_t> remote_addr{};  // 4 or 16 bytes, network order
    std::span<const uint8_t> server_addr{};
    uint16_t server_port = 0;
    Protocol protocol = Protocol::Mqtt;
};

struct RouteMatch {
    // "*.example.com" for every name below it, of any depth, as APISIX has it; empty: any client,
    // with a name or without; "*": any with a name.
    std::vector<std::string> snis;
    TextMatch client_id;
    TextMatch username;
    TextMatch cert_cn;
    std::optional<Cidr> remote_addr;
    std::optional<Cidr> server_addr;
    uint16_t server_port = 0;     // 0: any
    std::vector<uint8_t> levels;  // 3, 4, 5; empty: any
    Protocol protocol = Protocol::Mqtt;

    bool matches(const RouteQuery& query) const;
    // The same but for the level: tells a client of the wrong version from one with no route.
    bool matches_but_level(const RouteQuery& query) const;
    // Greater is tried first: sni, client id, username, cert_cn, remote_addr, server_addr,
    // server_port, level, in this order. An exact sni is above any wildcard, a longer wildcard
    // above a shorter; of several the most specific counts (RouteTable makes a route of each).
    std::vector<uint32_t> specificity() const;
    // One line, the same for equal conditions and different for others: for fingerprints and for
    // people. "any" where there is none: 'client_id=prefix:"meter-" level=4|5'.
    std::string text() const;
};

}  // namespace jumpgate
