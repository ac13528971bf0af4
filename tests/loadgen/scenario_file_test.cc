#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <map>

#include "loadgen/scenario.h"

namespace jumpgate::load {
namespace {

class ScenarioFile : public testing::Test {
  protected:
    ScenarioFile() : path_(testing::TempDir() + "scenario-" + std::to_string(getpid()) + ".yaml") {}
    ~ScenarioFile() override { std::remove(path_.c_str()); }

    Parsed<Scenario> read(const std::string& text) {
        std::ofstream(path_) << text;
        return find_scenario(path_);
    }
    const std::string path_;
};

TEST_F(ScenarioFile, GivesValuesToFlags) {
    const auto read_it = read(
        "about: at night\nmode: p2p\ncount: 20\nclean: false\nfail-if: [p99>20ms, lost>0]\n"
        "interval_of_msg: 0.50\n");
    ASSERT_TRUE(std::holds_alternative<Scenario>(read_it)) << std::get<Problem>(read_it).text;
    const Scenario& scenario = std::get<Scenario>(read_it);
    EXPECT_EQ(scenario.mode, "p2p");
    EXPECT_EQ(scenario.about, "at night");
    ASSERT_EQ(scenario.flags.size(), 4U);
    EXPECT_EQ(scenario.flags[0].where, path_ + ":3:1");
    EXPECT_EQ(scenario.flags[1].values, std::vector<std::string>{"false"});
    EXPECT_EQ(scenario.flags[2].values, (std::vector<std::string>{"p99>20ms", "lost>0"}));
    EXPECT_EQ(scenario.flags[3].values, std::vector<std::string>{"0.5"});
}

TEST_F(ScenarioFile, ComplaintsSayWhere) {
    const std::map<std::string, std::string> all = {
        {"count: 1\n", ":1:1: mode: is missing"},
        {"mode: p2p\ncount: {a: 1}\n", ":2:8: count: is no value"},
        {"mode: p2p\ncount:\n", ": count: is no value"},
        {"mode: [p2p, conn]\n", ":1:7: mode: is a list"},
        {"- mode\n", ":1:1: is no mapping"},
        {"mode: p2p\nmode: conn\n", ":2:1:"},
        {"mode: 'p2p\n", path_},
    };
    for (const auto& [text, said] : all) {
        const auto read_it = read(text);
        ASSERT_TRUE(std::holds_alternative<Problem>(read_it)) << text;
        EXPECT_NE(std::get<Problem>(read_it).text.find(said), std::string::npos)
            << std::get<Problem>(read_it).text;
    }
    EXPECT_TRUE(std::holds_alternative<Problem>(find_scenario("/no/such.yaml")));
    EXPECT_NE(std::get<Problem>(find_scenario("nosuch")).text.find("--list-scenarios"),
              std::string::npos);
}

}  // namespace
}  // namespace jumpgate::load
