#include "loadgen/behaviour_options.h"

#include <gtest/gtest.h>

#include "loadgen/options.h"
#include "loadgen/results.h"

namespace jumpgate::load {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;

TEST(ParseStorm, TakesItsPartsInAnyOrder) {
    const auto once = std::get<StormPlan>(parse_storm("at=10s,drop=50%"));
    EXPECT_EQ(once.at_ns, 10 * kSecond);
    EXPECT_EQ(once.every_ns, 0U);
    EXPECT_DOUBLE_EQ(once.share, 0.5);
    const auto often = std::get<StormPlan>(parse_storm("every=30s,drop=1%,at=0"));
    EXPECT_EQ(often.at_ns, 0U);
    EXPECT_EQ(often.every_ns, 30 * kSecond);
    EXPECT_DOUBLE_EQ(often.share, 0.01);
}

TEST(ParseStorm, SaysWhatIsWrong) {
    const std::pair<std::string_view, std::string_view> kCases[] = {
        {"", "at=TIME"},
        {"at=10s", "at=TIME"},
        {"drop=50%", "at=TIME"},
        {"at=10s,drop=50%,who=me", "at=TIME"},
        {"at=ten,drop=50%", "of at that is no duration"},
        {"at=10s,drop=500%", "of drop that is out of range"},
        {"at=10s,drop=5%,drop=6%", "gives drop twice"},
        {"at=10s,drop=5%,every=0s", "every 0 s"},
    };
    for (const auto& [text, says] : kCases) {
        const auto parsed = parse_storm(text);
        const Problem* problem = std::get_if<Problem>(&parsed);
        ASSERT_NE(problem, nullptr) << text;
        EXPECT_NE(problem->text.find(says), std::string::npos) << problem->text;
    }
}

TEST(BehaviourOptions, WhoIsBrokenOnPurposeComesBack) {
    const std::vector<std::vector<const char*>> kCases = {
        {"--storm", "at=1s,drop=10%"}, {"--churn", "20%/s"}, {"--takeover", "5%/s"}};
    for (const std::vector<const char*>& arguments : kCases) {
        const auto options = std::get<Options>(parse_options(Mode::Conn, arguments, 1'000));
        EXPECT_TRUE(options.behaviour.come_back());
        EXPECT_TRUE(options.reconnect);
    }
    EXPECT_FALSE(std::get<Options>(parse_options(Mode::Conn, {}, 1'000)).reconnect);
}

TEST(BehaviourOptions, RefuseWhatIsNoShare) {
    const char* const wrong[] = {"--churn", "20%"};
    const auto refused = parse_options(Mode::Conn, wrong, 1'000);
    ASSERT_TRUE(std::holds_alternative<FlagsExit>(refused));
    EXPECT_NE(std::get<FlagsExit>(refused).text.find("20%/s"), std::string::npos);
}

std::string refusal(Mode mode, const std::vector<const char*>& arguments) {
    const auto parsed = parse_options(mode, arguments, 1'000);
    const FlagsExit* exit = std::get_if<FlagsExit>(&parsed);
    return exit == nullptr ? "" : exit->text;
}

TEST(BehaviourOptions, AStormThatWouldNeverComeIsRefused) {
    EXPECT_EQ(refusal(Mode::Conn, {"--storm", "at=9s,drop=1%", "--duration", "10"}), "");
    EXPECT_EQ(refusal(Mode::Conn, {"--storm", "at=9s,drop=1%"}), "");
    const std::string said = refusal(Mode::Conn, {"--storm", "at=10s,drop=1%", "--duration", "10"});
    EXPECT_NE(said.find("--storm: comes 10 s into the run"), std::string::npos) << said;
}

TEST(BehaviourOptions, AClosedLoopHasNoPlanOfItsOwn) {
    const auto options =
        std::get<Options>(parse_options(Mode::P2p, std::vector{"--think-time", "250ms"}, 1'000));
    EXPECT_EQ(options.behaviour.think_time_ns, kSecond / 4);
    const RunPlan plan = RunPlan::of(options);
    EXPECT_TRUE(plan.closed_loop);
    EXPECT_EQ(plan.think_time_ns, kSecond / 4);
    EXPECT_EQ(plan.interval_ns, 0U);
    const std::vector<std::vector<const char*>> kPlans = {
        {"--rate", "5"},          {"-I", "5"},     {"--profile", "0:1k"}, {"--ramp", "1s"},
        {"--arrival", "poisson"}, {"--drop-late"}, {"--inflight", "3"}};
    for (const std::vector<const char*>& given : kPlans) {
        std::vector<const char*> arguments = {"--think-time", "0"};
        arguments.insert(arguments.end(), given.begin(), given.end());
        const std::string said = refusal(Mode::P2p, arguments);
        EXPECT_NE(said.find("--think-time"), std::string::npos) << said;
        const std::string_view flag =
            given[0] == std::string("-I") ? "--interval_of_msg" : given[0];
        EXPECT_NE(said.find(flag), std::string::npos) << said;
    }
    for (const Mode mode : {Mode::Conn, Mode::Sub}) {  // nobody sends
        const std::vector<const char*> arguments = {"-t", "t", "--think-time", "1s"};
        EXPECT_NE(refusal(mode, arguments), "");
    }
}

}  // namespace
}  // namespace jumpgate::load
