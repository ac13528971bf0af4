#include "loadgen/broker_fanout.h"

#include <gtest/gtest.h>

#include "mqtt/verdict.h"

namespace jumpgate::broker {
namespace {

TEST(Fanout, CopiesEqualWhatIsEncodedAlone) {
    MessageView view;
    view.topic = "some/topic";
    view.payload = mqtt::bytes("payload");
    Fanout many(view, 0, 100);
    for (int round = 0; round < 2; ++round) {
        for (const uint8_t level : {mqtt::kLevelV31, mqtt::kLevelV311, mqtt::kLevelV5}) {
            for (uint8_t qos = 0; qos <= 2; ++qos) {
                for (const uint32_t subscription_id : {0u, 9u}) {
                    Copy copy;
                    copy.qos = qos;
                    copy.packet_id = qos == 0 ? uint16_t{0} : uint16_t{0xABCD};
                    copy.retain = round == 1;
                    copy.subscription_id = subscription_id;
                    std::string expected = "x";
                    append_publish(expected, view, copy, level, 0);
                    std::string actual = "x";
                    many.append(actual, copy, level);
                    EXPECT_EQ(actual, expected);
                }
            }
        }
    }
}

TEST(Fanout, MakesAMessageOnlyWhenOneMustBeKept) {
    MessageView view;
    view.topic = "t";
    Fanout fanout(view, 0, 2);
    std::string out;
    fanout.append(out, {}, mqtt::kLevelV311);
    EXPECT_EQ(Message::live(), 0u);
    const MessageRef one = fanout.keep();
    const MessageRef two = fanout.keep();
    EXPECT_EQ(Message::live(), 1u);
}

}  // namespace
}  // namespace jumpgate::broker
