// TopicOptions: which topics publishers use, what subscribers ask for, and the flags for both.
//
// Law: a subscriber's filters cover the topics of the publishers that it hears by the plan, and no
// others, unless --filter says something else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/flags.h"
#include "loadgen/plan.h"
#include "loadgen/template.h"

namespace jumpgate::load {

struct TopicOptions {
    Template topic;     // `jumpload sub`: the filter
    Template heard;     // the filter that covers a publisher's topic, in the publisher's values
    Template filter;    // what subscribers ask for instead, in their own values; may be empty
    std::string share;  // "$share/NAME/" before each filter, or empty
    // All publishers that a subscriber hears give `heard` the same values.
    bool heard_is_one = false;
};

struct TopicGiven {
    std::string topic;
    std::string filter;
};

void add_topic_flags(FlagTable& table, Mode mode, TopicGiven& given);

// `group`: the name of the shared subscription. What is wrong, in one sentence.
std::optional<std::string> settle_topics(Mode mode, const Plan& plan, uint32_t tenants,
                                         const std::string& group, TopicGiven given,
                                         TopicOptions& options);

}  // namespace jumpgate::load
