#include "loadgen/broker_source.h"

#include <algorithm>

#include "core/base/cut_text.h"
#include "mqtt/topic.h"
#include "mqtt/utf8.h"

namespace jumpgate::load {

static constexpr size_t kNameBytesMax = 128;
static constexpr std::string_view kTopicWord = "topic:";

// The levels of `text` from number `skipped` on.
static std::string_view levels_from(std::string_view text, size_t skipped) {
    for (; skipped > 0; --skipped)
        text.remove_prefix(std::min(text.find('/'), text.size() - 1) + 1);
    return text;
}

bool BrokerSource::covers(std::string_view topic) const {
    return mqtt::topic_matches(filter, topic);
}

std::string_view BrokerSource::name_in(std::string_view topic, mqtt::Bytes payload) const {
    const size_t plus = filter.find('+');
    if (plus == filter.npos) return broker_name(mqtt::text(payload));
    const auto before =
        std::count(filter.begin(), filter.begin() + static_cast<ptrdiff_t>(plus), '/');
    const std::string_view level = levels_from(topic, static_cast<size_t>(before));
    return broker_name(level.substr(0, level.find('/')));
}

std::string_view broker_name(std::string_view text) {
    constexpr std::string_view kSpace = " \t\r\n";
    const size_t first = std::min(text.find_first_not_of(kSpace), text.size());
    text.remove_prefix(first);
    text = text.substr(0, text.find_last_not_of(kSpace) + 1);
    if (!mqtt::is_mqtt_string(text)) return {};
    for (size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        // U+0080 to U+009F are 0xC2 and the byte that they end in.
        const bool control = byte < 0x20 || byte == 0x7F;
        if (control || (byte == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0)) return {};
    }
    return cut_text(text, kNameBytesMax);
}

Parsed<BrokerSource> parse_broker_source(std::string_view text) {
    if (text == "connack") return BrokerSource{};
    if (!text.starts_with(kTopicWord)) return Problem{"is no place that tells a broker's name"};
    const std::string_view filter = text.substr(kTopicWord.size());
    if (!mqtt::is_mqtt_string(filter) || !mqtt::is_topic_filter(filter)) {
        return Problem{"has no valid topic filter (MQTT 4.7)"};
    }
    if (filter.starts_with("$share/")) return Problem{"is shared: only one client would hear it"};
    if (filter.find('#') != filter.npos) return Problem{"holds #, which is too much for a name"};
    return BrokerSource{std::string(filter)};
}

void add_broker_source_flag(FlagTable& table, BrokerSource& source) {
    table
        .value(
            "broker-from", parse_broker_source,
            [&source](BrokerSource given) { source = std::move(given); }, "WHERE",
            "connack, or topic:FILTER with a filter without # and not shared",
            "How a client learns which broker serves it. connack: from the user property broker of "
            "the CONNACK, which jumpload broker sends to MQTT 5 clients. topic:FILTER: each client "
            "subscribes to it, and the first message there names the broker, best a retained one: "
            "by the level of the topic where the filter has its first +, else by the payload.")
        .default_text = "connack";
}

}  // namespace jumpgate::load
