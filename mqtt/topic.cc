// Level by level: a topic is never split into pieces, only walked.
#include "mqtt/topic.h"

namespace jumpgate::mqtt {
namespace {

constexpr std::string_view kSharePrefix = "$share/";

// Removes the first level and its separator from `rest`; gives the level.
// `more` says whether a separator stood behind it, for "a/" has two levels, the second empty.
std::string_view take_level(std::string_view& rest, bool& more) {
    const size_t slash = rest.find('/');
    more = slash != std::string_view::npos;
    const std::string_view level = rest.substr(0, slash);
    rest = more ? rest.substr(slash + 1) : std::string_view{};
    return level;
}

bool has_valid_wildcards(std::string_view filter) {
    if (filter.empty()) return false;
    for (bool more = true; more;) {
        const std::string_view level = take_level(filter, more);
        if (level.find_first_of("+#") == std::string_view::npos) continue;
        if (level.size() != 1) return false;
        if (level == "#" && more) return false;
    }
    return true;
}

}  // namespace

bool is_topic_name(std::string_view topic) {
    return !topic.empty() && topic.find_first_of("+#") == std::string_view::npos;
}

bool is_topic_filter(std::string_view filter) {
    if (!filter.starts_with(kSharePrefix)) return has_valid_wildcards(filter);
    return split_shared(filter).has_value();
}

bool topic_matches(std::string_view filter, std::string_view topic) {
    if (topic.starts_with('$') && (filter.starts_with('+') || filter.starts_with('#')))
        return false;
    bool filter_more = true;
    bool topic_more = true;
    while (filter_more && topic_more) {
        const std::string_view wanted = take_level(filter, filter_more);
        if (wanted == "#") return true;
        const std::string_view level = take_level(topic, topic_more);
        if (wanted != "+" && wanted != level) return false;
    }
    // "a/#" covers "a" itself: the number sign stands for the parent too (4.7.1.2).
    return !topic_more && (!filter_more || filter == "#");
}

std::optional<SharedFilter> split_shared(std::string_view filter) {
    if (!filter.starts_with(kSharePrefix)) return std::nullopt;
    filter.remove_prefix(kSharePrefix.size());
    const size_t slash = filter.find('/');
    if (slash == 0 || slash == std::string_view::npos) return std::nullopt;
    const SharedFilter parts{filter.substr(0, slash), filter.substr(slash + 1)};
    if (parts.group.find_first_of("+#") != std::string_view::npos) return std::nullopt;
    if (!has_valid_wildcards(parts.filter)) return std::nullopt;
    return parts;
}

}  // namespace jumpgate::mqtt
