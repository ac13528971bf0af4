// Refusal: the vocabulary, and the CONNACK in each version of MQTT.
#include "core/proxy/refusal.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace jumpgate {
namespace {

using mqtt::ReasonCode;

std::vector<uint8_t> answer(ReasonCode reason, uint8_t level) {
    std::array<uint8_t, 8> out{};
    const std::span<const uint8_t> bytes = connack(reason, level, out);
    return {bytes.begin(), bytes.end()};
}

TEST(Refusal, HasADistinctWordForEachReason) {
    std::set<std::string_view> words;
    for (size_t i = 0; i < kRefusals; ++i) words.insert(text(static_cast<Refusal>(i)));
    EXPECT_EQ(words.size(), kRefusals);
    EXPECT_EQ(words.count("unknown"), 0U);
}

TEST(Connack, SpeaksTheClientsVersion) {
    struct Case {
        ReasonCode reason;
        uint8_t level;
        std::vector<uint8_t> bytes;
    };
    const std::vector<Case> cases = {
        {ReasonCode::UnsupportedProtocolVersion, 4, {0x20, 2, 0, 1}},
        {ReasonCode::ClientIdNotValid, 3, {0x20, 2, 0, 2}},
        {ReasonCode::ServerUnavailable, 4, {0x20, 2, 0, 3}},
        {ReasonCode::QuotaExceeded, 4, {0x20, 2, 0, 3}},
        {ReasonCode::NotAuthorized, 4, {0x20, 2, 0, 5}},
        {ReasonCode::MalformedPacket, 5, {0x20, 3, 0, 0x81, 0}},
        {ReasonCode::PacketTooLarge, 5, {0x20, 3, 0, 0x95, 0}},
        {ReasonCode::QuotaExceeded, 5, {0x20, 3, 0, 0x97, 0}},
        {ReasonCode::ServerUnavailable, 5, {0x20, 3, 0, 0x88, 0}},
    };
    for (const Case& c : cases) EXPECT_EQ(answer(c.reason, c.level), c.bytes);
}

TEST(Connack, IsSilentWhereTheVersionHasNoWordForIt) {
    EXPECT_TRUE(answer(ReasonCode::MalformedPacket, 4).empty());
    EXPECT_TRUE(answer(ReasonCode::PacketTooLarge, 3).empty());
    EXPECT_TRUE(answer(ReasonCode::ServerUnavailable, 0).empty());
    EXPECT_TRUE(answer(ReasonCode::ServerUnavailable, 9).empty());
}

Refusal classified(const mqtt::Invalid& invalid, std::string_view bytes) {
    return classify(invalid, {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
}

TEST(Classify, TellsOtherProtocolsByTheirFirstBytes) {
    const mqtt::Invalid malformed{ReasonCode::MalformedPacket, "", 0, false};
    EXPECT_EQ(classified(malformed, "\x16"), Refusal::TlsHello);
    for (const char* c : {"G", "P", "H", "D", "O", "C", "T", "PROX"}) {
        EXPECT_EQ(classified(malformed, c), Refusal::HttpRequest) << c;
    }
    EXPECT_EQ(classified(malformed, "PROXY TCP4"), Refusal::ProxyNotTrusted);
    EXPECT_EQ(classified(malformed, {"\r\n\r\n\0\r\nQUIT\n\x21", 13}), Refusal::ProxyNotTrusted);
    EXPECT_EQ(classified(malformed, "\r\n\r\n"), Refusal::NotMqtt);
    EXPECT_EQ(classified(malformed, "\x30"), Refusal::NotMqtt);
    EXPECT_EQ(classified(malformed, {"\0", 1}), Refusal::NotMqtt);
    EXPECT_EQ(classified(malformed, "\x10"), Refusal::Malformed);
    EXPECT_EQ(classified({ReasonCode::UnsupportedProtocolVersion, "", 4, true}, "\x10"),
              Refusal::UnsupportedVersion);
    EXPECT_EQ(classified({ReasonCode::ClientIdNotValid, "", 4, true}, "\x10"),
              Refusal::ClientIdNotValid);
}

TEST(HttpStart, IsToldByTheMethodAndItsSpace) {
    const auto start = [](std::string_view text) {
        return begins_http_request(
            std::span(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
    };
    const std::string_view methods[] = {"GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                                        "CONNECT", "OPTIONS", "TRACE", "PATCH"};
    for (const std::string_view method : methods) {
        const std::string line = std::string(method) + " / HTTP/1.1";
        for (size_t size = 0; size <= line.size(); ++size) {  // as it comes byte by byte
            EXPECT_EQ(start(line.substr(0, size)),
                      size > method.size() ? HttpStart::Yes : HttpStart::Maybe)
                << line.substr(0, size);
        }
    }
    for (const std::string_view other :
         {"get / HTTP/1.1", "GETS / HTTP/1.1", "GET\t/", "PRI * HTTP/2.0", "PROXY TCP4", "BREW /",
          " GET /", "\x10\x0c", "\x16\x03\x01", "PU T", "PATCHED "}) {
        EXPECT_EQ(start(other), HttpStart::No) << other;
    }
    EXPECT_EQ(start(std::string_view("\0", 1)), HttpStart::No);
}

TEST(ReasonOf, GivesOurOwnRefusalsTheStandardsCodes) {
    EXPECT_EQ(reason_of(Refusal::TooLarge), ReasonCode::PacketTooLarge);
    EXPECT_EQ(reason_of(Refusal::NoBroker), ReasonCode::ServerUnavailable);
    EXPECT_EQ(reason_of(Refusal::BrokerTls), ReasonCode::ServerUnavailable);
    EXPECT_EQ(reason_of(Refusal::PlainOnTls), ReasonCode::NotAuthorized);
    EXPECT_EQ(reason_of(Refusal::NotCertified), ReasonCode::NotAuthorized);
    EXPECT_EQ(reason_of(Refusal::ClientIdMismatch), ReasonCode::ClientIdNotValid);
    EXPECT_EQ(reason_of(Refusal::TooManyConnections), ReasonCode::QuotaExceeded);
    EXPECT_EQ(reason_of(Refusal::ServerBusy), ReasonCode::ServerBusy);
    EXPECT_EQ(reason_of(Refusal::ShuttingDown), ReasonCode::ServerBusy);
}

}  // namespace
}  // namespace jumpgate
