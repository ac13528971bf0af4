#include "loadgen/payload_template.h"

#include <gtest/gtest.h>

#include <string>

namespace jumpgate::load {
namespace {

constexpr MessageHeader kHeader{7, 42, 123'456'789'012};

PayloadTemplate good(std::string_view text) {
    auto parsed = PayloadTemplate::parse(text);
    if (const Problem* problem = std::get_if<Problem>(&parsed)) ADD_FAILURE() << problem->text;
    return std::get<PayloadTemplate>(parsed);
}

std::string written(const PayloadTemplate& payload, const MessageHeader& header = kHeader) {
    std::vector<uint8_t> bytes;
    payload.append_to(bytes, header, "dev-7");
    return {bytes.begin(), bytes.end()};
}

std::optional<MessageHeader> read_back(const PayloadTemplate& payload, const std::string& text) {
    return payload.read({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

TEST(PayloadTemplate, FillsItsPlacesAndReadsThemBack) {
    const char* const templates[] = {
        R"({"n":%SEQ%,"t":%TIMESTAMP_NS%,"p":%PUBLISHER%})",
        R"({"id":"%CLIENT%","n":%SEQ%,"p":%PUBLISHER%,"t":%TIMESTAMP_NS%,"r":%RANDOM%,"u":"%%"})",
        "%PUBLISHER% %SEQ% %TIMESTAMP_NS%",
        "%SEQ%/%PUBLISHER%/%TIMESTAMP_NS%/%CLIENT%",
    };
    for (const char* text : templates) {
        const PayloadTemplate payload = good(text);
        ASSERT_TRUE(payload.is_read_back());
        const auto header = read_back(payload, written(payload));
        ASSERT_TRUE(header) << written(payload);
        EXPECT_EQ(header->publisher, 7U);
        EXPECT_EQ(header->sequence, 42U);
        EXPECT_EQ(header->sent_ns, 123'456'789'012U);
    }
    EXPECT_EQ(written(good(templates[0])), R"({"n":42,"t":123456789012,"p":7})");
}

TEST(PayloadTemplate, ReadsNothingFromAnotherPayload) {
    const PayloadTemplate payload = good("a%SEQ%b%PUBLISHER%c%TIMESTAMP_NS%");
    for (const char* text : {"", "a", "ab7c1", "a1b2c", "a1b2c3d", "x1b2c3", "a1b99999999999c3",
                             "a-1b2c3", "a1b2c99999999999999999999"}) {
        EXPECT_FALSE(read_back(payload, text)) << text;
    }
    EXPECT_TRUE(read_back(payload, "a1b2c3"));
}

TEST(PayloadTemplate, PutsTheHeaderBeforeWhatCannotBeReadBack) {
    for (const PayloadTemplate& payload :
         {good("%SEQ% of %CLIENT%"), PayloadTemplate::literal("42 of dev-7")}) {
        EXPECT_FALSE(payload.is_read_back());
        const std::string text = written(payload);
        ASSERT_EQ(text.size(), kMessageHeaderBytes + 11);
        EXPECT_EQ(text.substr(kMessageHeaderBytes), "42 of dev-7");
        const auto header = read_header({reinterpret_cast<const uint8_t*>(text.data()), 16});
        EXPECT_EQ(header.sequence, 42U);
        EXPECT_EQ(header.publisher, 7U);
    }
    EXPECT_EQ(written(PayloadTemplate::literal("%SEQ%")).substr(16), "%SEQ%");
}

TEST(PayloadTemplate, ASecondSendOfAMessageHasTheSameRandomNumber) {
    const PayloadTemplate payload = good("%RANDOM%");
    MessageHeader again = kHeader;
    again.sent_ns += 5;
    MessageHeader next = kHeader;
    ++next.sequence;
    EXPECT_EQ(written(payload).substr(16), written(payload, again).substr(16));
    EXPECT_NE(written(payload).substr(16), written(payload, next).substr(16));
}

TEST(PayloadTemplate, RefusesPlacesThatAreUnknownOrHaveNoEnd) {
    for (const char* text :
         {"100%", "50% off", "%seq%", "%SEQ%%TIMESTAMP_NS% %PUBLISHER%",
          "%SEQ%0 %TIMESTAMP_NS% %PUBLISHER%", "%CLIENT%%SEQ% %TIMESTAMP_NS% %PUBLISHER%"}) {
        EXPECT_TRUE(std::holds_alternative<Problem>(PayloadTemplate::parse(text))) << text;
    }
    EXPECT_EQ(written(good("%SEQ%%SEQ% 100%%")).substr(16), "4242 100%");
}

}  // namespace
}  // namespace jumpgate::load
