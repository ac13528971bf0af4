#include "loadgen/broker_names.h"

#include <gtest/gtest.h>

namespace jumpgate::load {
namespace {

TEST(BrokerNames, NumbersNamesFromOneOn) {
    BrokerNames names;
    EXPECT_EQ(names.number_of(""), 0);
    EXPECT_EQ(names.number_of("a"), 1);
    EXPECT_EQ(names.number_of("b"), 2);
    EXPECT_EQ(names.number_of("a"), 1);
    EXPECT_EQ(names.name(2), "b");
}

TEST(BrokerNames, TellsTheFirstApartWhereThereAreTooMany) {
    BrokerNames names;
    for (size_t i = 0; i < BrokerNames::kNamesMax; ++i) {
        EXPECT_EQ(names.number_of("broker-" + std::to_string(i)), i + 1);
    }
    EXPECT_EQ(names.number_of("one more"), BrokerNames::kOthers);
    EXPECT_EQ(names.number_of("and another"), BrokerNames::kOthers);
    EXPECT_EQ(names.number_of("broker-253"), 254);
    EXPECT_EQ(names.name(BrokerNames::kOthers), "(others)");
}

TEST(BrokerNames, CountsWhomEachServesNow) {
    BrokerNames names;
    const uint8_t a = names.number_of("a");
    const uint8_t b = names.number_of("b");
    names.arrived(a);
    names.arrived(a);
    names.arrived(b);
    names.left(b);
    names.arrived(BrokerNames::kOthers);
    BrokerClients sum = {{"a", 10}, {"c", 1}};  // of another thread
    names.add_to(sum);
    EXPECT_EQ(sum, (BrokerClients{{"(others)", 1}, {"a", 12}, {"b", 0}, {"c", 1}}));
}

}  // namespace
}  // namespace jumpgate::load
