#include "loadgen/message_options.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "mqtt/properties.h"
#include "mqtt/topic.h"

namespace jumpgate::load {

namespace {

constexpr size_t kPayloadBytesMax = 16'777'216;
constexpr size_t kPropertyBytesMax = 65'536;
constexpr uint16_t kAlias = 1;

using Refusal = std::optional<std::string>;

Parsed<std::string> take_property(std::string_view text) {
    const size_t equals = text.find('=');
    if (equals == 0 || equals == text.npos) return Problem{"is not NAME=VALUE"};
    return std::string(text);
}

Refusal read_file(std::string_view flag, const std::string& path, std::string& text) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                               &std::fclose);
    if (!file) return fmt::format("--{}: {}: {}", flag, path, std::strerror(errno));
    text.resize(kPayloadBytesMax + 1);
    text.resize(std::fread(text.data(), 1, text.size(), file.get()));
    if (std::ferror(file.get()) != 0) {
        return fmt::format("--{}: {}: {}", flag, path, std::strerror(errno));
    }
    if (text.empty()) return fmt::format("--{}: {} is empty; leave it away", flag, path);
    if (text.size() <= kPayloadBytesMax) return std::nullopt;
    return fmt::format("--{}: {} is too large; allowed: up to {} bytes", flag, path,
                       kPayloadBytesMax);
}

Refusal settle_payload(const MessageGiven& given, MessageOptions& options) {
    if (!given.payload_file.empty() && !given.payload_template.empty()) {
        return "--payload-file: --payload-template is given too; give one of them";
    }
    std::string text;
    if (!given.payload_file.empty()) {
        Refusal refusal = read_file("payload-file", given.payload_file, text);
        if (!refusal) options.payload = PayloadTemplate::literal(std::move(text));
        return refusal;
    }
    if (given.payload_template.empty()) return std::nullopt;
    Refusal refusal = read_file("payload-template", given.payload_template, text);
    if (refusal) return refusal;
    Parsed<PayloadTemplate> parsed = PayloadTemplate::parse(text);
    if (const Problem* problem = std::get_if<Problem>(&parsed)) {
        return fmt::format("--payload-template: {} {}", given.payload_template, problem->text);
    }
    options.payload = std::move(std::get<PayloadTemplate>(parsed));
    return std::nullopt;
}

bool make_properties(const MessageGiven& given, bool alias, std::vector<uint8_t>& block) {
    block.resize(kPropertyBytesMax);
    mqtt::PropertyWriter writer(block);
    if (alias) writer.add(mqtt::PropertyId::TopicAlias, kAlias);
    for (const std::string& property : given.user_properties) {
        const std::string_view text = property;
        const size_t equals = text.find('=');
        writer.add_user(text.substr(0, equals), text.substr(equals + 1));
    }
    const bool fits = writer.ok();
    block.resize(writer.block().size());
    block.shrink_to_fit();
    const auto place = mqtt::place(mqtt::PacketType::Publish);
    return fits && !mqtt::check_properties(block, place);
}

Refusal settle_will(const MessageGiven& given, WillOptions& will) {
    if (given.will_topic.empty()) {
        if (will.payload.empty() && will.qos == 0 && !will.retain) return std::nullopt;
        return "--will-topic: is missing, which the other --will-... flags need";
    }
    if (!mqtt::is_topic_name(given.will_topic)) {
        return fmt::format("--will-topic: {} is not a valid topic name (MQTT 4.7)",
                           shown(given.will_topic));
    }
    if (will.payload.size() > 65'535) {
        return "--will-payload: is too large; allowed: up to 65535 bytes";
    }
    return settle_template("will-topic", given.will_topic, "citu", will.topic);
}

}  // namespace

void add_message_flags(FlagTable& table, MessageOptions& options, MessageGiven& given) {
    table.toggle("retain", options.retain, "Brokers keep the last message of each topic.").letter =
        'r';
    table.toggle("topic-alias", options.topic_alias,
                 "MQTT 5: each connection names its topic once, and then by an alias, where the "
                 "broker takes one.");
    table.list<std::string>("user-property", given.user_properties, take_property, "NAME=VALUE",
                            "NAME=VALUE", "MQTT 5: a user property of each message.");
    table.text("payload-file", given.payload_file, "FILE",
               "The payload, behind the 16 bytes, instead of --size.");
    table.text("payload-template", given.payload_template, "FILE",
               "The payload with places: %SEQ%, %TIMESTAMP_NS% (monotonic), %PUBLISHER%, %CLIENT%, "
               "%RANDOM%, and %% for a percent sign. With the first three in it, it is sent as it "
               "is and read back from there; else behind the 16 bytes. Give it to `sub` as well.");
}

void add_will_flags(FlagTable& table, WillOptions& options, MessageGiven& given) {
    table.text("will-topic", given.will_topic, "TOPIC",
               "Each client leaves a will for this topic; %i, %c, %u, %t as elsewhere.");
    table.text("will-payload", options.payload, "TEXT", "What the will says.");
    table.number("will-qos", options.qos, 0, 2, "", "Its quality of service.");
    table.toggle("will-retain", options.retain, "Brokers keep it.");
}

std::optional<std::string> settle_message(uint8_t version, const Template& topic,
                                          const MessageGiven& given, MessageOptions& options) {
    if (options.topic_alias && version != 5) {
        return "--topic-alias: needs MQTT 5; add -V 5";
    }
    if (options.topic_alias && topic.has('s')) {
        return "--topic-alias: the topic holds %s and is another for each message; leave one away";
    }
    if (!given.user_properties.empty() && version != 5) {
        return "--user-property: needs MQTT 5; add -V 5";
    }
    if (!make_properties(given, false, options.properties) ||
        !make_properties(given, true, options.properties_with_alias)) {
        return fmt::format(
            "--user-property: cannot be sent; allowed: up to {} of them, {} bytes "
            "in all, UTF-8 without NUL",
            mqtt::kUserPropertiesMax, kPropertyBytesMax);
    }
    Refusal refusal = settle_payload(given, options);
    if (!refusal) refusal = settle_will(given, options.will);
    return refusal;
}

}  // namespace jumpgate::load
