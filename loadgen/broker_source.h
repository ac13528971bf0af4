// BrokerSource: where a client learns which of a fleet's brokers serves it, and the flag for it.
//
// Law: a name is short printable text, for it goes to terminals; what is none counts as no name.
// Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/flags.h"
#include "core/base/parsed.h"
#include "mqtt/bytes.h"

namespace jumpgate::load {

struct BrokerSource {
    // Each client subscribes to it, and no message that it covers is one of the load; empty: the
    // user property "broker" of the CONNACK (MQTT 5) tells.
    std::string filter;

    bool is_topic() const { return !filter.empty(); }
    bool covers(std::string_view topic) const;
    // REQUIRES covers(topic). Empty: the message tells none.
    std::string_view name_in(std::string_view topic, mqtt::Bytes payload) const;
};

// "connack", or "topic:FILTER".
Parsed<BrokerSource> parse_broker_source(std::string_view text);

// What brokers call themselves: at most 128 bytes of it, without white space around; empty where it
// holds what no name does.
std::string_view broker_name(std::string_view text);

void add_broker_source_flag(FlagTable& table, BrokerSource& source);

}  // namespace jumpgate::load
