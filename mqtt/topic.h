// Topic names and topic filters (3.1.1 and 5: 4.7), and shared subscriptions (5: 4.8).
//
// Law: pure functions over UTF-8 text that is_mqtt_string has already accepted; no allocation.
#pragma once

#include <optional>
#include <string_view>

namespace jumpgate::mqtt {

// A name to publish to: not empty, no wildcard (MQTT-4.7.1-1, MQTT-4.7.3-1).
bool is_topic_name(std::string_view topic);

// A filter to subscribe with: not empty, `+` alone in its level, `#` alone in the last
// (MQTT-4.7.1-2, -3); where it starts with "$share/" its share name is valid (MQTT-4.8.2-1, -2).
bool is_topic_filter(std::string_view filter);

// Whether a valid filter, not a shared one, covers a valid name. A wildcard in the first level does
// not cover names that start with `$` (MQTT-4.7.2-1).
bool topic_matches(std::string_view filter, std::string_view topic);

struct SharedFilter {
    std::string_view group;
    std::string_view filter;
};
// The parts of "$share/group/filter"; empty where the filter is not shared, or its group is wrong.
std::optional<SharedFilter> split_shared(std::string_view filter);

}  // namespace jumpgate::mqtt
