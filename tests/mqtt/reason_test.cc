#include "mqtt/reason.h"

#include <gtest/gtest.h>

namespace jumpgate::mqtt {
namespace {

TEST(ReasonCodes, HaveTheStandardsWords) {
    EXPECT_EQ(text(ReasonCode::Success), "Success");
    EXPECT_EQ(text(ReasonCode::MalformedPacket), "Malformed Packet");
    EXPECT_EQ(text(ReasonCode::ClientIdNotValid), "Client Identifier not valid");
    EXPECT_EQ(text(ReasonCode::WildcardSubscriptionsNotSupported),
              "Wildcard Subscriptions not supported");
    EXPECT_EQ(text(ReturnCode::IdentifierRejected), "identifier rejected");
}

TEST(ReasonCodes, Are43) {
    int known = 0;
    for (int code = 0; code < 256; ++code)
        if (text(static_cast<ReasonCode>(code)) != "unknown") ++known;
    EXPECT_EQ(known, 43);  // table 2-6 has 43 values
    EXPECT_EQ(text(static_cast<ReasonCode>(0x03)), "unknown");
    EXPECT_EQ(text(static_cast<ReasonCode>(0xFF)), "unknown");
}

int codes_of(PacketType type) {
    int count = 0;
    for (int code = 0; code < 256; ++code) count += is_reason_for(type, static_cast<uint8_t>(code));
    return count;
}

TEST(ReasonCodes, StandInThePacketsThatMayCarryThem) {
    // The sizes of the lists
    // in 3.2.2.2, 3.4.2.1, 3.5.2.1, 3.6.2.1, 3.7.2.1, 3.9.3, 3.11.3, 3.14.2.1, 3.15.2.1.
    EXPECT_EQ(codes_of(PacketType::Connack), 22);
    EXPECT_EQ(codes_of(PacketType::Puback), 9);
    EXPECT_EQ(codes_of(PacketType::Pubrec), 9);
    EXPECT_EQ(codes_of(PacketType::Pubrel), 2);
    EXPECT_EQ(codes_of(PacketType::Pubcomp), 2);
    EXPECT_EQ(codes_of(PacketType::Suback), 12);
    EXPECT_EQ(codes_of(PacketType::Unsuback), 7);
    // 3.14.2.1 lists 29; table 2-6 adds 0x8C to them.
    EXPECT_EQ(codes_of(PacketType::Disconnect), 30);
    EXPECT_EQ(codes_of(PacketType::Auth), 3);
    EXPECT_EQ(codes_of(PacketType::Publish), 0);
    EXPECT_TRUE(is_reason_for(PacketType::Unsuback, 0x11));
    EXPECT_FALSE(is_reason_for(PacketType::Suback, 0x11));
}

TEST(ReasonCodes, MapReturnCodesThereAndBack) {
    for (uint8_t code = 0; code <= 5; ++code) {
        const auto return_code = static_cast<ReturnCode>(code);
        EXPECT_EQ(to_return_code(to_reason_code(return_code)), return_code);
    }
    EXPECT_EQ(to_reason_code(static_cast<ReturnCode>(6)), ReasonCode::UnspecifiedError);
}

TEST(ReasonCodes, TellOlderClientsTheNearest) {
    using enum ReasonCode;
    for (const ReasonCode reason :
         {ServerUnavailable, ServerBusy, QuotaExceeded, ConnectionRateExceeded})
        EXPECT_EQ(to_return_code(reason), ReturnCode::ServerUnavailable);
    EXPECT_EQ(to_return_code(Banned), ReturnCode::NotAuthorized);
    for (const ReasonCode reason :
         {MalformedPacket, ProtocolError, PacketTooLarge, TopicNameInvalid})
        EXPECT_EQ(to_return_code(reason), std::nullopt);
}

}  // namespace
}  // namespace jumpgate::mqtt
