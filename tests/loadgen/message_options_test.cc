#include "loadgen/message_options.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "mqtt/properties.h"

namespace jumpgate::load {
namespace {

struct Settled {
    MessageOptions options;
    std::string refusal;
};

Settled settle(std::vector<const char*> arguments, uint8_t version = 5,
               std::string_view topic = "t/%i") {
    Settled settled;
    MessageGiven given;
    FlagTable table("test", "", "");
    table.group("Messages");
    add_message_flags(table, settled.options, given);
    add_will_flags(table, settled.options.will, given);
    if (const auto exit = table.parse(arguments)) {
        settled.refusal = exit->text;
        return settled;
    }
    const Template parsed = std::get<Template>(Template::parse(topic, "is"));
    settled.refusal = settle_message(version, parsed, given, settled.options).value_or("");
    return settled;
}

std::string file_with(const std::string& text) {
    std::string path = testing::TempDir() + "payload-" + std::to_string(getpid());
    std::FILE* file = std::fopen(path.c_str(), "wb");
    std::fwrite(text.data(), 1, text.size(), file);
    std::fclose(file);
    return path;
}

TEST(MessageOptions, MakeTheBlocksOfProperties) {
    const Settled settled = settle({"--user-property", "a=1", "--user-property", "b==x"});
    EXPECT_EQ(settled.refusal, "");
    mqtt::PropertyReader reader(settled.options.properties_with_alias,
                                mqtt::place(mqtt::PacketType::Publish));
    EXPECT_EQ(reader.next()->id, mqtt::PropertyId::TopicAlias);
    EXPECT_EQ(reader.next()->key, "a");
    const auto second = reader.next();
    EXPECT_EQ(second->key, "b");
    EXPECT_EQ(std::string(second->value.begin(), second->value.end()), "=x");
    EXPECT_FALSE(reader.next());
    EXPECT_EQ(settled.options.properties.size() + 3, settled.options.properties_with_alias.size());
    EXPECT_TRUE(settle({}, 4).options.properties.empty());
}

TEST(MessageOptions, ReadPayloadsFromFiles) {
    const std::string plain = file_with("20 %");
    const Settled literal = settle({"--payload-file", plain.c_str()});
    EXPECT_EQ(literal.refusal, "");
    EXPECT_EQ(literal.options.payload.typical_bytes(), 20U);
    EXPECT_NE(settle({"--payload-template", plain.c_str()}).refusal.find("%%"), std::string::npos);
    const std::string places = file_with("%SEQ%,%PUBLISHER%,%TIMESTAMP_NS%");
    EXPECT_TRUE(settle({"--payload-template", places.c_str()}).options.payload.is_read_back());
    std::remove(plain.c_str());
}

TEST(MessageOptions, TakeAWill) {
    const Settled settled = settle(
        {"--will-topic", "gone/%c", "--will-payload", "bye", "--will-qos", "1", "--will-retain"});
    EXPECT_EQ(settled.refusal, "");
    EXPECT_EQ(settled.options.will.topic.text(), "gone/%c");
    EXPECT_EQ(settled.options.will.payload, "bye");
    EXPECT_EQ(settled.options.will.qos, 1);
    EXPECT_TRUE(settled.options.will.retain);
}

TEST(MessageOptions, RefuseWhatCannotBeSent) {
    EXPECT_NE(settle({"--topic-alias"}, 4).refusal.find("MQTT 5"), std::string::npos);
    EXPECT_NE(settle({"--topic-alias"}, 5, "t/%s").refusal.find("%s"), std::string::npos);
    EXPECT_NE(settle({"--user-property", "a=1"}, 4).refusal.find("MQTT 5"), std::string::npos);
    EXPECT_NE(settle({"--user-property", "=1"}).refusal.find("NAME=VALUE"), std::string::npos);
    const std::string long_value = "a=" + std::string(65'536, 'x');
    EXPECT_NE(settle({"--user-property", long_value.c_str()}).refusal.find("cannot be sent"),
              std::string::npos);
    EXPECT_NE(settle({"--payload-file", "/nonexistent"}).refusal.find("No such file"),
              std::string::npos);
    EXPECT_NE(settle({"--payload-file", "/dev/null"}).refusal.find("empty"), std::string::npos);
    EXPECT_NE(settle({"--payload-file", "a", "--payload-template", "b"}).refusal.find("one of"),
              std::string::npos);
    EXPECT_NE(settle({"--will-qos", "1"}).refusal.find("--will-topic"), std::string::npos);
    EXPECT_NE(settle({"--will-topic", "a/#"}).refusal.find("valid topic"), std::string::npos);
}

}  // namespace
}  // namespace jumpgate::load
