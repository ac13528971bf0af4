#include "core/config/rules_control.h"

#include <gtest/gtest.h>

namespace jumpgate {
namespace {

Config sound() {
    Config config;
    config.admin = "127.0.0.1:9180";
    return config;
}

TEST(BrokenControlRule, PassesWhatOnlyThisHostCanReach) {
    EXPECT_EQ(broken_control_rule(Config{}), std::nullopt);
    for (const char* address :
         {"127.0.0.1:9180", "127.9.9.9:1", "[::1]:9180", "unix:/run/a.sock"}) {
        Config config;
        config.admin = address;
        EXPECT_EQ(broken_control_rule(config), std::nullopt) << address;
    }
}

TEST(BrokenControlRule, WantsNetworksForAnAddressThatOthersReach) {
    for (const char* address : {":9180", "0.0.0.0:9180", "[::]:9180", "192.0.2.1:9180"}) {
        Config config;
        config.admin = address;
        const std::optional<std::string> rule = broken_control_rule(config);
        ASSERT_TRUE(rule) << address;
        EXPECT_TRUE(rule->starts_with("--admin: " + std::string(address) + " can be reached"));
        config.admin_allow = {"192.0.2.0/24"};
        EXPECT_EQ(broken_control_rule(config), std::nullopt) << address;
    }
}

TEST(BrokenControlRule, NamesTheFlagAndWhatToDo) {
    struct Case {
        void (*spoil)(Config&);
        const char* line;
    };
    const Case cases[] = {
        {[](Config& c) { c.dns_servers.assign(9, "192.0.2.1:53"); },
         "--dns-servers: 9 addresses; allowed: up to 8"},
        {[](Config& c) { c.admin_allow.assign(257, "192.0.2.1"); },
         "--admin-allow: 257 networks; allowed: up to 256"},
        {[](Config& c) { c.admin.clear(), c.admin_key_file = "k"; },
         "--admin-key-file: there is no Admin API; give --admin ADDR:PORT as well, or leave it "
         "away"},
        {[](Config& c) { c.admin.clear(), c.admin_viewer_key_file = "k"; },
         "--admin-viewer-key-file: there is no Admin API; give --admin ADDR:PORT as well, or leave "
         "it away"},
        {[](Config& c) { c.admin.clear(), c.admin_allow = {"::1"}; },
         "--admin-allow: there is no Admin API; give --admin ADDR:PORT as well, or leave it away"},
        {[](Config& c) { c.admin_key_file = c.admin_viewer_key_file = "k"; },
         "--admin-viewer-key-file: is the file of --admin-key-file too; allowed: another key"},
        {[](Config& c) {
             c.admin = "unix:/run/a.sock";
             c.admin_allow = {"::1"};
         },
         "--admin-allow: a unix socket has no addresses; its permissions say who may use it"},
    };
    for (const Case& c : cases) {
        Config config = sound();
        c.spoil(config);
        EXPECT_EQ(broken_control_rule(config).value_or("none"), c.line);
    }
}

}  // namespace
}  // namespace jumpgate
