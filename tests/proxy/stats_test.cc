// Stats: adding workers up, and the JSON of the statistics line.
#include "core/proxy/stats.h"

#include <gtest/gtest.h>

namespace jumpgate {
namespace {

Stats sample() {
    Stats stats;
    stats.accepted = 3;
    stats.bytes_up = 100;
    stats.refused[static_cast<size_t>(Refusal::TooLarge)] = 2;
    stats.nodes = {{1, 4, 0, false}, {2, 5, 1, true}};
    return stats;
}

TEST(Stats, AddsEveryCounterAndEachBroker) {
    Stats sum;
    sum.add(sample());
    sum.add(sample());
    EXPECT_EQ(sum.accepted, 6U);
    EXPECT_EQ(sum.bytes_up, 200U);
    EXPECT_EQ(sum.refused[static_cast<size_t>(Refusal::TooLarge)], 4U);
    ASSERT_EQ(sum.nodes.size(), 2U);
    EXPECT_EQ(sum.nodes[1].dials, 10U);
    EXPECT_TRUE(sum.nodes[1].down);
    EXPECT_FALSE(sum.nodes[0].down);
}

TEST(Stats, PrintsCountersReasonsAndBrokersAsJson) {
    const std::string json = to_json(sample(), {"a:1", "b:2"});
    EXPECT_EQ(json.front(), '{');
    EXPECT_EQ(json.back(), '}');
    for (const char* part :
         {"\"accepted\":3,", "\"bytes_up\":100,", "\"too_large\":2", "\"not_mqtt\":0,",
          R"({"name":"b:2","down":true,"relays":2,"dials":5,"dial_failures":1})"}) {
        EXPECT_NE(json.find(part), std::string::npos) << part << " in " << json;
    }
}

}  // namespace
}  // namespace jumpgate
