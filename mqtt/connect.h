// parse_connect: the CONNECT packet of MQTT 3.1, 3.1.1 and 5, and nothing else of them.
//
// Law: pure; no allocation; reads nothing outside the input; every view points into it. Each prefix
// of a valid CONNECT is NeedMore. What is provably wrong is Invalid as early as its bytes show it:
// the first byte, the length, the protocol name and level are judged before the rest has come.
// Strict by the standard, so that the proxy and the broker behind it cannot read two client ids
// from the same bytes. Not here: whether a well-formed client may connect.
#pragma once

#include <variant>

#include "mqtt/bytes.h"
#include "mqtt/verdict.h"

namespace jumpgate::mqtt {

// The first byte of every CONNECT: its type, and four flags that are 0 (MQTT-3.1.0-1,
// MQTT-2.2.2-2).
inline constexpr uint8_t kConnectFirstByte = 0x10;
constexpr bool could_be_connect(uint8_t first_byte) { return first_byte == kConnectFirstByte; }

struct Will {
    bool present = false;
    bool retain = false;
    uint8_t qos = 0;
    std::string_view topic{};
    Bytes payload{};
    uint32_t delay_interval_s = 0;  // MQTT 5; decoded from `properties`
    Bytes properties{};             // MQTT 5: the checked block, to publish the will with

    bool operator==(const Will& other) const;
};

// MQTT 5; what the standard assumes where a property is absent.
struct ConnectProperties {
    uint32_t session_expiry_interval_s = 0;  // 0xFFFFFFFF: never
    uint16_t receive_maximum = 65'535;
    uint16_t topic_alias_maximum = 0;
    uint32_t maximum_packet_size = 0;  // 0: no limit
    bool request_response_information = false;
    bool request_problem_information = true;
    bool has_authentication_data = false;
    std::string_view authentication_method{};  // empty: none
    Bytes authentication_data{};

    bool operator==(const ConnectProperties& other) const;
};

struct ConnectView {
    std::string_view client_id{};  // may be empty: the broker then makes one (MQTT-3.1.3-6)
    std::string_view username{};
    Bytes password{};
    Will will{};
    ConnectProperties properties{};
    uint16_t keep_alive_s = 0;   // 0: off
    uint8_t level = kLevelV311;  // 3, 4, 5; without the bridge bit
    bool bridge = false;         // bit 7 of the level: a broker that calls as a bridge
    bool clean_start = false;    // 3.1 and 3.1.1 call it clean session
    bool has_username = false;
    bool has_password = false;
    size_t packet_length = 0;  // bytes of the input that are the CONNECT; what follows is not

    // Equal but for packet_length: what was said, not how it was encoded.
    bool operator==(const ConnectView& other) const;
};

using ConnectResult = std::variant<NeedMore, Invalid, ConnectView>;

// The CONNECT at the start of `in`, which may hold more than it. Cheap to call again with more
// bytes: nothing behind the level is looked at before the packet is complete. A caller with a limit
// compares NeedMore::total with it and refuses before it buffers anything.
ConnectResult parse_connect(Bytes in);

}  // namespace jumpgate::mqtt
