// Identity: who client number `index` of the fleet is: role, number, ids, topic, target.
//
// Law: a pure function of the options and the index, so nothing of it is stored per client.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "loadgen/options.h"

namespace jumpgate::load {

enum class Role : uint8_t { Idle, Publisher, Subscriber };

// p2p: clients 2i (subscriber, connects first) and 2i + 1 (publisher) are pair i.
Role role_of(const Options& options, uint32_t index);
// The i of the pair or client, from 0: the publisher's number in messages and in the schedule.
uint32_t pair_of(const Options& options, uint32_t index);

// What templates other than %c and %u stand for.
TemplateValues values_of(const Options& options, uint32_t index);

struct Identity {
    std::string client_id;
    std::string username;
    std::string password;
    std::string topic;
};

// Writes into `out`, whose strings keep their memory from call to call.
void identify(const Options& options, uint32_t index, Identity& out);
// The topic alone, for each message.
void identify_topic(const Options& options, uint32_t index, Identity& out);

}  // namespace jumpgate::load
