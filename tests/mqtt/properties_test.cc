#include "mqtt/properties.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <vector>

#include "tests/mqtt/connect_corpus.h"
#include "tests/mqtt/exact.h"

namespace jumpgate::mqtt {
namespace {

using Id = PropertyId;

std::optional<Invalid> check(const PacketBuilder& block, PropertyPlace at) {
    return check_properties(Bytes(block.body()), at);
}
std::optional<Invalid> check(const PacketBuilder& block, PacketType type) {
    return check(block, place(type));
}

// Each identifier once, with a value that is valid everywhere.
PacketBuilder one_of(Id id) {
    PacketBuilder block;
    block.u8(static_cast<unsigned>(id));
    switch (property_type(id)) {
        case PropertyType::Byte:
            return block.u8(1);
        case PropertyType::Two:
            return block.u16(1);
        case PropertyType::Four:
            return block.u32(1);
        case PropertyType::Varint:
            return block.u8(1);
        case PropertyType::Binary:
        case PropertyType::String:
            return block.str("text");
        case PropertyType::StringPair:
            return block.str("key").str("value");
        case PropertyType::None:
            break;
    }
    return block;
}

TEST(PropertyReader, AllowsWhatTable24Lists) {
    // MQTT 5, table 2-4: W is the will; the others are first letters of packets, see `places`.
    const std::pair<Id, const char*> table[] = {
        {Id::PayloadFormatIndicator, "PW"},
        {Id::MessageExpiryInterval, "PW"},
        {Id::ContentType, "PW"},
        {Id::ResponseTopic, "PW"},
        {Id::CorrelationData, "PW"},
        {Id::SubscriptionIdentifier, "PS"},
        {Id::SessionExpiryInterval, "CcD"},
        {Id::AssignedClientIdentifier, "c"},
        {Id::ServerKeepAlive, "c"},
        {Id::AuthenticationMethod, "CcA"},
        {Id::AuthenticationData, "CcA"},
        {Id::RequestProblemInformation, "C"},
        {Id::WillDelayInterval, "W"},
        {Id::RequestResponseInformation, "C"},
        {Id::ResponseInformation, "c"},
        {Id::ServerReference, "cD"},
        {Id::ReasonString, "c1234suDA"},
        {Id::ReceiveMaximum, "Cc"},
        {Id::TopicAliasMaximum, "Cc"},
        {Id::TopicAlias, "P"},
        {Id::MaximumQos, "c"},
        {Id::RetainAvailable, "c"},
        {Id::UserProperty, "CcPW1234SsUuDA"},
        {Id::MaximumPacketSize, "Cc"},
        {Id::WildcardSubscriptionAvailable, "c"},
        {Id::SubscriptionIdentifierAvailable, "c"},
        {Id::SharedSubscriptionAvailable, "c"},
    };
    ASSERT_EQ(std::size(table), 27u);
    const std::pair<char, PropertyPlace> places[] = {
        {'W', PropertyPlace::Will},
        {'C', place(PacketType::Connect)},
        {'c', place(PacketType::Connack)},
        {'P', place(PacketType::Publish)},
        {'1', place(PacketType::Puback)},
        {'2', place(PacketType::Pubrec)},
        {'3', place(PacketType::Pubrel)},
        {'4', place(PacketType::Pubcomp)},
        {'S', place(PacketType::Subscribe)},
        {'s', place(PacketType::Suback)},
        {'U', place(PacketType::Unsubscribe)},
        {'u', place(PacketType::Unsuback)},
        {'D', place(PacketType::Disconnect)},
        {'A', place(PacketType::Auth)},
        {'-', place(PacketType::Pingreq)},
    };
    for (const auto& [id, letters] : table) {
        for (const auto& [letter, at] : places) {
            SCOPED_TRACE(std::to_string(static_cast<int>(id)) + " in " + letter);
            const bool is_allowed =
                std::string_view(letters).find(letter) != std::string_view::npos;
            EXPECT_EQ(!check(one_of(id), at).has_value(), is_allowed);
            if (!is_allowed) continue;
            PacketBuilder twice = one_of(id);
            const Octets again = one_of(id).body();
            twice.raw(std::string(again.begin(), again.end()));
            const bool may_repeat =
                id == Id::UserProperty || (id == Id::SubscriptionIdentifier && letter == 'P');
            EXPECT_EQ(!check(twice, at).has_value(), may_repeat);
            if (may_repeat) continue;
            EXPECT_EQ(check(twice, at)->reason, ReasonCode::ProtocolError);
        }
    }
}

TEST(PropertyReader, RefusesEveryUnknownIdentifier) {
    int known = 0;
    for (unsigned id = 0; id < 128; ++id) {
        PacketBuilder block;
        block.u8(id).u32(0).u32(0);
        if (property_type(static_cast<Id>(id)) != PropertyType::None) {
            ++known;
            continue;
        }
        const auto fault = check(block, PacketType::Connect);
        ASSERT_TRUE(fault.has_value()) << id;
        EXPECT_EQ(fault->reason, ReasonCode::MalformedPacket);
    }
    EXPECT_EQ(known, 27);
    EXPECT_TRUE(check(PacketBuilder().u8(0x80), PacketType::Connect).has_value());
    EXPECT_TRUE(check(PacketBuilder().u8(0xFF).u8(0x01), PacketType::Connect).has_value());
}

TEST(PropertyReader, RefusesEveryTruncation) {
    for (unsigned id = 1; id < 0x2B; ++id) {
        const auto type = property_type(static_cast<Id>(id));
        if (type == PropertyType::None) continue;
        const Octets whole = one_of(static_cast<Id>(id)).body();
        // Find a place that takes the whole.
        for (uint8_t at = 0; at < 16; ++at) {
            const auto where = static_cast<PropertyPlace>(at);
            if (check_properties(Bytes(whole), where)) continue;
            for (size_t size = 1; size < whole.size(); ++size) {
                const Octets cut(whole.begin(), whole.begin() + static_cast<long>(size));
                EXPECT_TRUE(check_properties(Bytes(cut), where).has_value()) << id << " " << size;
            }
        }
    }
}

TEST(PropertyReader, ChecksRanges) {
    const auto refuses = [](const PacketBuilder& block, PacketType type) {
        const auto fault = check(block, type);
        return fault && fault->reason == ReasonCode::ProtocolError;
    };
    EXPECT_TRUE(refuses(PacketBuilder().u8(0x01).u8(2), PacketType::Publish));
    EXPECT_TRUE(refuses(PacketBuilder().u8(0x0B).u8(0), PacketType::Subscribe));
    EXPECT_TRUE(refuses(PacketBuilder().u8(0x21).u16(0), PacketType::Connack));
    EXPECT_TRUE(refuses(PacketBuilder().u8(0x23).u16(0), PacketType::Publish));
    EXPECT_TRUE(refuses(PacketBuilder().u8(0x24).u8(2), PacketType::Connack));
    EXPECT_TRUE(refuses(PacketBuilder().u8(0x27).u32(0), PacketType::Connack));
    EXPECT_TRUE(refuses(PacketBuilder().u8(0x08).str("a/+"), PacketType::Publish));
}

TEST(PropertyReader, GivesValuesInOrder) {
    const PacketBuilder block =
        PacketBuilder().u8(0x26).str("k").str("v").u8(0x0B).u8(0xFF).u8(0x7F).u8(0x09).str("bin");
    PropertyReader reader(Bytes(block.body()), place(PacketType::Publish));
    auto property = reader.next();
    ASSERT_TRUE(property);
    EXPECT_EQ(property->key, "k");
    EXPECT_EQ(text(property->value), "v");
    property = reader.next();
    ASSERT_TRUE(property);
    EXPECT_EQ(property->number, 16'383u);
    property = reader.next();
    ASSERT_TRUE(property);
    EXPECT_EQ(text(property->value), "bin");
    EXPECT_FALSE(reader.next());
    EXPECT_FALSE(reader.fault());
}

TEST(PropertyReader, CapsUserProperties) {
    PacketBuilder block;
    for (int i = 0; i < kUserPropertiesMax; ++i) block.u8(0x26).str("").str("");
    EXPECT_FALSE(check(block, PacketType::Connect).has_value());
    block.u8(0x26).str("").str("");
    const auto fault = check(block, PacketType::Connect);
    ASSERT_TRUE(fault.has_value());
    EXPECT_EQ(fault->reason, ReasonCode::QuotaExceeded);
}

TEST(PropertyReader, StaysAtItsFault) {
    const Octets block{0x7E, 0x26, 0, 0, 0, 0};
    PropertyReader reader(Bytes(block), place(PacketType::Connect));
    EXPECT_FALSE(reader.next());
    EXPECT_FALSE(reader.next());
    EXPECT_TRUE(reader.fault().has_value());
}

TEST(PropertyReader, SurvivesRandomBytes) {
    std::mt19937 engine(7);
    for (int round = 0; round < 50'000; ++round) {
        Octets block(engine() % 24);
        for (uint8_t& octet : block)
            octet = static_cast<uint8_t>(engine() % 3 == 0 ? engine() : engine() % 48);
        const Exact exact{Bytes(block)};
        PropertyReader reader(exact.view(), static_cast<PropertyPlace>(engine() % 16));
        size_t yielded = 0;
        while (reader.next()) ++yielded;
        ASSERT_LE(yielded * 2, block.size());
    }
}

TEST(PropertyWriter, WritesWhatTheReaderReads) {
    std::array<uint8_t, 128> memory{};
    PropertyWriter writer(memory);
    writer.add(Id::TopicAlias, 9);
    writer.add(Id::PayloadFormatIndicator, 1);
    writer.add(Id::MessageExpiryInterval, 3600);
    writer.add(Id::SubscriptionIdentifier, 300);
    writer.add(Id::ContentType, "text/plain");
    writer.add_user("k", "v");
    ASSERT_TRUE(writer.ok());
    EXPECT_FALSE(check_properties(writer.block(), place(PacketType::Publish)).has_value());
    std::array<uint8_t, 128> copy{};
    PropertyWriter copier(copy);
    PropertyReader reader(writer.block(), place(PacketType::Publish));
    while (const auto property = reader.next()) copier.add(*property);
    EXPECT_EQ(text(copier.block()), text(writer.block()));
}

TEST(PropertyWriter, LeavesOutWhatDoesNotFit) {
    std::array<uint8_t, 4> memory{};
    PropertyWriter writer(memory);
    writer.add(Id::TopicAlias, 9);
    writer.add(Id::TopicAlias, 9);
    EXPECT_FALSE(writer.ok());
    EXPECT_EQ(writer.block().size(), 3u);
}

}  // namespace
}  // namespace jumpgate::mqtt
