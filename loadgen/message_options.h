// MessageOptions: what a message holds beside its topic, the will, and the flags for both.
//
// Law: checked whole before anything starts; files of payloads are read here, once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/flags.h"
#include "loadgen/payload_template.h"
#include "loadgen/template.h"

namespace jumpgate::load {

struct WillOptions {
    Template topic;  // empty: no will
    std::string payload;
    uint8_t qos = 0;
    bool retain = false;
};

struct MessageOptions {
    bool retain = false;
    bool topic_alias = false;
    // MQTT 5 property blocks of PUBLISH: with user properties, and those behind topic alias 1.
    std::vector<uint8_t> properties;
    std::vector<uint8_t> properties_with_alias;
    PayloadTemplate payload;  // empty: --size bytes, zeros behind the header
    WillOptions will;
};

struct MessageGiven {
    std::string payload_file;
    std::string payload_template;
    std::vector<std::string> user_properties;
    std::string will_topic;
};

void add_message_flags(FlagTable& table, MessageOptions& options, MessageGiven& given);
void add_will_flags(FlagTable& table, WillOptions& options, MessageGiven& given);

// `version`: of MQTT; `topic`: what publishers use. What is wrong, in one sentence.
std::optional<std::string> settle_message(uint8_t version, const Template& topic,
                                          const MessageGiven& given, MessageOptions& options);

}  // namespace jumpgate::load
