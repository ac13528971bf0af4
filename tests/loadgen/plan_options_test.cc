#include "loadgen/plan_options.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace jumpgate::load {
namespace {

struct Settled {
    Plan plan;
    std::string group;
    std::string refusal;
};

Settled settle(Mode mode, std::vector<const char*> arguments) {
    PlanGiven given;
    FlagTable table("test", "", "");
    table.group("Clients");
    add_plan_flags(table, mode, given);
    Settled settled;
    if (const auto exit = table.parse(arguments)) {
        settled.refusal = exit->text;
    } else {
        settled.refusal = settle_plan(mode, given, settled.plan, settled.group).value_or("");
    }
    return settled;
}

TEST(PlanOptions, MakeThePlanOfEachMode) {
    struct Case {
        Mode mode;
        std::vector<const char*> arguments;
        uint32_t publishers, subscribers, idle, cells;
    };
    const std::vector<Case> cases = {
        {Mode::Conn, {"-c", "7"}, 0, 0, 7, 1},
        {Mode::Pub, {"-c", "7", "--idle", "2"}, 7, 0, 2, 1},
        {Mode::Sub, {}, 0, 200, 0, 1},
        {Mode::P2p, {"-c", "8", "--idle", "1"}, 4, 4, 1, 4},
        {Mode::P2p, {"--publishers", "3"}, 3, 3, 0, 3},
        {Mode::Fanout, {"-c", "8"}, 1, 7, 0, 1},
        {Mode::Fanout, {"--publishers", "5", "--subscribers", "1000"}, 5, 1000, 0, 1},
        {Mode::Fanout, {"-c", "8", "--publishers", "3"}, 3, 5, 0, 1},
        {Mode::Fanout, {"-c", "8", "--subscribers", "3"}, 5, 3, 0, 1},
        {Mode::Fanin, {"-c", "8"}, 7, 1, 0, 1},
        {Mode::Fanin, {"-c", "8", "--subscribers", "3"}, 5, 3, 0, 3},
        {Mode::Fanin, {"-c", "8", "--subscribers", "3", "--group", "g"}, 5, 3, 0, 1},
        {Mode::Sharedsub, {"-c", "8", "--subscribers", "3", "--groups", "3"}, 5, 3, 0, 3},
        {Mode::Sharedsub, {"-c", "8", "--publishers", "3"}, 3, 5, 0, 1},
        {Mode::Pubsub, {"-c", "8", "--idle", "1"}, 8, 8, 1, 8},
    };
    for (const Case& each : cases) {
        const Settled settled = settle(each.mode, each.arguments);
        EXPECT_EQ(settled.refusal, "");
        EXPECT_EQ(settled.plan.publishers, each.publishers) << word(each.mode);
        EXPECT_EQ(settled.plan.subscribers, each.subscribers) << word(each.mode);
        EXPECT_EQ(settled.plan.idle, each.idle) << word(each.mode);
        EXPECT_EQ(settled.plan.cells, each.cells) << word(each.mode);
    }
}

TEST(PlanOptions, ShareWhereAGroupIsNamedOrMeant) {
    EXPECT_EQ(settle(Mode::Sharedsub, {}).group, "benchmark");
    EXPECT_TRUE(settle(Mode::Sharedsub, {}).plan.shared);
    EXPECT_EQ(settle(Mode::Fanin, {"--group", "g"}).group, "g");
    EXPECT_TRUE(settle(Mode::Fanin, {"--group", "g"}).plan.shared);
    EXPECT_FALSE(settle(Mode::Fanin, {}).plan.shared);
    EXPECT_EQ(settle(Mode::Fanout, {}).group, "");
}

TEST(PlanOptions, RefuseWhatCannotBePlayed) {
    struct Case {
        Mode mode;
        std::vector<const char*> arguments;
        const char* says;
    };
    const std::vector<Case> cases = {
        {Mode::P2p, {"-c", "3"}, "odd"},
        {Mode::P2p, {"--publishers", "3", "--subscribers", "4"}, "pairs"},
        {Mode::P2p, {"-c", "4", "--publishers", "3"}, "twice"},
        {Mode::Fanout, {"-c", "1"}, "other side"},
        {Mode::Fanin, {"-c", "5", "--subscribers", "5"}, "other side"},
        {Mode::Fanout, {"-c", "5", "--publishers", "2", "--subscribers", "2"}, "together"},
        {Mode::Fanout, {"--publishers", "0"}, "1 to"},
        {Mode::Fanin, {"--groups", "2"}, "--group"},
        {Mode::Sharedsub, {"-c", "5", "--groups", "2"}, "1 to 1"},
        {Mode::Sharedsub, {"--group", "a/b"}, "MQTT 4.8.2"},
        {Mode::Fanout, {"--publishers", "3000", "--subscribers", "3000"}, "9000000"},
        {Mode::Pubsub, {"-c", "9000000", "--idle", "9000000"}, "10000000"},
        {Mode::Conn, {"--idle", "1"}, "--idle"},
        {Mode::Pub, {"--publishers", "1"}, "--publishers"},
    };
    for (const Case& each : cases) {
        const std::string refusal = settle(each.mode, each.arguments).refusal;
        EXPECT_NE(refusal.find(each.says), refusal.npos) << refusal;
    }
}

}  // namespace
}  // namespace jumpgate::load
