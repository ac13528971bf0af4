#include "loadgen/scenario.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "loadgen/commands.h"

namespace jumpgate::load {
namespace {

using Flags = std::map<std::string, std::string>;

Flags flags_of(const Scenario& scenario) {
    Flags flags;
    for (const ScenarioFlag& flag : scenario.flags) flags[flag.name] = flag.values.front();
    return flags;
}

TEST(Scenario, ReadsTheNamesOfTheSuiteByTheirGrammar) {
    const Scenario conn = named_scenario("conn-tcp-10K-100").value();
    EXPECT_EQ(conn.mode, "conn");
    EXPECT_EQ(flags_of(conn)["count"], "10000");
    EXPECT_EQ(flags_of(conn)["connrate"], "100");
    EXPECT_TRUE(flags_of(named_scenario("conn-tls-1M-5K").value()).contains("ssl"));

    // 5 publishers, 1,000 subscribers, 250,000 deliveries: 50 a second from each publisher.
    const Scenario fanout = named_scenario("fanout-5-1000-5-250K").value();
    EXPECT_EQ(fanout.mode, "fanout");
    EXPECT_EQ(flags_of(fanout)["rate"], "250");
    EXPECT_EQ(flags_of(fanout)["subscribers"], "1000");

    const Scenario pairs = named_scenario("p2p-50K-50K-50K-50K").value();
    EXPECT_EQ(flags_of(pairs)["count"], "100000");
    EXPECT_EQ(flags_of(pairs)["rate"], "50000");
    EXPECT_EQ(flags_of(pairs)["size"], "16");
    EXPECT_EQ(flags_of(pairs)["qos"], "1");

    EXPECT_EQ(flags_of(named_scenario("sharedsub-50K-500-50K-50K").value())["subscribers"], "500");
    EXPECT_EQ(flags_of(named_scenario("p2p-7-7-30-30").value())["rate"], "30");
}

TEST(Scenario, KnowsNoOtherNames) {
    for (const char* name :
         {"", "-", "conn", "conn-tcp", "conn-udp-1K-1", "conn-tcp-0-1", "conn-tcp-1K-1-1",
          "p2p-1K-1K-1K", "p2p-1K-2K-1K-1K", "p2p-1K-1K-1K-2K", "p2p-1k-1k-1k-1k", "fanout-1-x-1-1",
          "nosuch-1-1-1-1", "p2p--1-1-1-1", "Churn"})
        EXPECT_FALSE(named_scenario(name)) << name;
}

TEST(Scenario, PresetsHaveNamesOfTheirOwnAndFlagsThatTheirModeHas) {
    std::set<std::string> names;
    for (const Scenario& scenario : preset_scenarios()) {
        EXPECT_TRUE(names.insert(scenario.name).second) << scenario.name;
        EXPECT_FALSE(scenario.about.empty()) << scenario.name;
        EXPECT_EQ(named_scenario(scenario.name).value().about, scenario.about);
        const std::string mode = scenario.mode == "compare" ? "p2p" : scenario.mode;
        const auto command = std::ranges::find(commands(), mode, &Command::name);
        ASSERT_NE(command, commands().end()) << scenario.name << ": " << mode;
        const FlagSheet sheet = command->flags();
        for (const ScenarioFlag& flag : scenario.flags)
            EXPECT_NE(std::ranges::find(sheet.rows, flag.name, &Flag::name), sheet.rows.end())
                << scenario.name << ": --" << flag.name;
    }
    EXPECT_GE(names.size(), 20U);
}

}  // namespace
}  // namespace jumpgate::load
