#include "core/config/rules.h"

#include <gtest/gtest.h>

namespace jumpgate {
namespace {

Config sound() {
    Config config;
    config.listen = {{"", 1883}};
    config.brokers = {{"b1", 1883, 1}, {"b2", 1883, 0}};
    return config;
}

// The first line, where any.
std::optional<std::string> broken_rule(const Config& config) {
    const std::vector<std::string> broken = broken_rules(config);
    return broken.empty() ? std::nullopt : std::optional(broken.front());
}

TEST(BrokenRule, PassesASoundConfig) { EXPECT_EQ(broken_rule(sound()), std::nullopt); }

TEST(BrokenRule, NamesTheFlagAndWhatIsAllowed) {
    struct Case {
        void (*spoil)(Config&);
        const char* line;
    };
    const Case cases[] = {
        {[](Config& c) { c.listen.clear(); },
         "--listen: missing; give at least one ADDR:PORT where clients connect, or --tls-listen"},
        {[](Config& c) {
             c.listen.assign(65, {"", 0});
         },
         "--listen and --tls-listen: given 65 times; allowed: 1 to 64"},
        {[](Config& c) {
             c.listen.assign(2, {"::1", 1883});
         },
         "--listen: [::1]:1883 is given twice; allowed: each once"},
        {[](Config& c) {
             c.listen.assign(2, {"::1", 8883, true});
         },
         "--tls-listen: [::1]:8883 is given twice; allowed: each once"},
        {[](Config& c) { c.brokers.clear(); },
         "--broker: missing; give at least one HOST:PORT, or --config FILE with upstreams"},
        {[](Config& c) {
             c.brokers.assign(4'097, {"b1", 1883, 1});
         },
         "--broker: given 4097 times; allowed: 1 to 4096"},
        {[](Config& c) { c.brokers[1].host = "b1"; },
         "--broker: b1:1883 is given twice; allowed: each once"},
        {[](Config& c) { c.brokers[0].weight = 0; },
         "--broker: weight 0 everywhere leaves no broker; allowed: at least one of 1 to 1000"},
        {[](Config& c) { c.source_addresses.assign(257, "::1"); },
         "--source-address: given 257 times; allowed: 1 to 256"},
        {[](Config& c) { c.source_addresses.assign(2, "::1"); },
         "--source-address: ::1 is given twice; allowed: each once"},
        {[](Config& c) { c.buffers = 4'095; },
         "--buffers: 4095 is not a power of two; allowed: 16, 32, ... 32768"},
        {[](Config& c) { c.relay_budget_bytes = 4'095; },
         "--relay-budget-bytes: 4095 is less than one buffer; allowed: 16384 (--buffer-bytes) to "
         "16777216"},
        {[](Config& c) { c.socket_receive_bytes = 4'095; },
         "--socket-receive-bytes: 4095 is out of range; allowed: 0, or 4096 to 1073741824"},
        {[](Config& c) { c.socket_send_bytes = 1; },
         "--socket-send-bytes: 1 is out of range; allowed: 0, or 4096 to 1073741824"},
        {[](Config& c) { c.splice = SpliceMode::Always, c.pipes_max = 0; },
         "--pipes-max: 0 leaves no pipe for --splice always; allowed: 1 to 16384"},
    };
    for (const Case& c : cases) {
        Config config = sound();
        c.spoil(config);
        EXPECT_EQ(broken_rule(config).value_or("passes"), c.line);
    }
}

// One port with TLS and without: every pair of addresses that overlap, in both orders.
TEST(BrokenRule, RefusesOnePortForTwoDoors) {
    struct Case {
        const char* plain;
        const char* secure;
        bool overlap;
    };
    const Case cases[] = {
        {"", "", true},           {"127.0.0.1", "127.0.0.1", true},  {"", "127.0.0.1", true},
        {"", "::1", true},        {"0.0.0.0", "127.0.0.1", true},    {"::", "::1", true},
        {"", "0.0.0.0", true},    {"0.0.0.0", "::1", false},         {"::", "127.0.0.1", false},
        {"::", "0.0.0.0", false}, {"127.0.0.1", "127.0.0.2", false}, {"127.0.0.1", "::1", false},
    };
    for (const Case& c : cases) {
        for (const bool swapped : {false, true}) {
            const std::string plain = swapped ? c.secure : c.plain;
            const std::string secure = swapped ? c.plain : c.secure;
            Config config = sound();
            config.tls.certificates = {{"a.crt", "a.key"}};
            config.listen = {{plain, 8883}, {secure, 8883, true}};
            const std::string line = "--tls-listen: " + text(HostPort{secure, 8883}) +
                                     " is the port of --listen " + text(HostPort{plain, 8883}) +
                                     " too; allowed: each port once, with TLS or without";
            EXPECT_EQ(broken_rule(config).value_or("passes"), c.overlap ? line : "passes");
            config.listen[0].port = 1883;
            EXPECT_EQ(broken_rule(config), std::nullopt);
            config.listen[0].port = config.listen[1].port = 0;
            EXPECT_EQ(broken_rule(config), std::nullopt);
        }
    }
}

TEST(BrokenRule, AllowsWhatOnlyLooksLikeATwin) {
    Config config = sound();
    config.listen = {{"", 0}, {"", 0}, {"127.0.0.1", 1883}, {"::1", 1883}};  // 0: any free port
    config.brokers = {{"b1", 1883, 1}, {"b1", 1884, 1}};
    config.pipes_max = 0;
    EXPECT_EQ(broken_rule(config), std::nullopt);
}

TEST(MemoryPlan, AddsUpWhatTheLimitsImply) {
    Config config = sound();
    config.threads = 2;
    EXPECT_EQ(memory_plan(config),
              "256 MiB in 2 workers: buffers 64 MiB each (4096 x 16 KiB), pipes up to 64 MiB "
              "each (64 x 1 MiB, in the kernel); 512 B per idle connection (as many clients as "
              "descriptors allow); up to 64 KiB per CONNECT being read");
    config.connections_max = 100'000;
    config.splice = SpliceMode::Never;
    EXPECT_EQ(memory_plan(config),
              "128 MiB in 2 workers: buffers 64 MiB each (4096 x 16 KiB), no pipes; 512 B per "
              "idle connection (48.8 MiB for 100000 clients); up to 64 KiB per CONNECT being read");
    config.listen.push_back({"", 8883, true});
    EXPECT_NE(memory_plan(config).find("; 6 KiB per idle connection"), std::string::npos);
    config.brokers.push_back(config.brokers[0]);
    config.brokers.back().tls = true;
    EXPECT_NE(memory_plan(config).find("; 11.5 KiB per idle connection"), std::string::npos);
}

TEST(MemoryPlan, DoesNotOverflowAtTheLargestLimits) {
    Config config = sound();
    config.threads = 256;
    config.buffers = 32'768;
    config.buffer_bytes = 65'536;
    config.pipes_max = 16'384;
    EXPECT_TRUE(memory_plan(config).starts_with("4608 GiB in 256 workers")) << memory_plan(config);
}

}  // namespace
}  // namespace jumpgate
