// Identity: who client number `index` of the fleet is: ids, topics, filters.
//
// Law: a pure function of the options and the index, so nothing of it is stored per client.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "loadgen/options.h"

namespace jumpgate::load {

// What templates other than %c, %u and %s stand for.
TemplateValues values_of(const Options& options, uint32_t index);

struct Identity {
    std::string client_id;
    std::string username;
    std::string password;
    std::string topic;
};

// All but the topic. Writes into `out`, whose strings keep their memory from call to call.
void identify(const Options& options, uint32_t index, Identity& out);
// The topic alone, of a publisher's message number `message`.
void identify_topic(const Options& options, uint32_t publisher, uint32_t message, Identity& out);
// The topic of the client's will.
void identify_will(const Options& options, uint32_t index, Identity& out);

// What a subscriber asks for.
std::vector<std::string> filters_of(const Options& options, uint32_t subscriber);

}  // namespace jumpgate::load
