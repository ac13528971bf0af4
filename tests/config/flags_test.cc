#include "core/config/flags.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tests/config/refusal.h"

namespace jumpgate {
namespace {

TEST(ParseFlags, KeepsTheDefaultsOfConfig) {
    const Parse parsed = parse_with_door({});
    ASSERT_EQ(refusal(parsed), "accepted");
    const Config& config = accepted(parsed);
    EXPECT_EQ(config.listen, (std::vector<ListenAddress>{{"", 1883}}));
    EXPECT_EQ(config.brokers, (std::vector<BrokerAddress>{{"b1", 1883, 1}}));
    EXPECT_EQ(config.threads, cpus_allowed());
    EXPECT_EQ(config.connect_size_max_bytes, 65'536u);
    EXPECT_EQ(config.setup_timeout_ms, 10'000u);
    EXPECT_EQ(config.hash_key, HashKey::ClientId);
    EXPECT_FALSE(config.hash_key_prefix_until);
}

// Both spellings of a value; every value differs from its default.
const std::vector<std::string> kEveryFlag{"--listen",
                                          "127.0.0.1:1883",
                                          "--listen=[::1]:0",
                                          "--connections-max",
                                          "5000",
                                          "--connect-size-max=128",
                                          "--setup-timeout-ms=101",
                                          "--threads=3",
                                          "--pin-cpus",
                                          "--busy-poll-us=9",
                                          "--io-disable=bind",
                                          "--io-disable=fd_install",
                                          "--broker=B1:1883,weight=7",
                                          "--broker=[::1]:2,weight=0",
                                          "--dial-timeout-ms=11",
                                          "--dial-attempts-max=2",
                                          "--fail-max=0",
                                          "--fail-timeout-ms=102",
                                          "--source-address=127.0.0.2",
                                          "--source-address=::2",
                                          "--hash-key=username",
                                          "--hash-key-prefix-until=/",
                                          "--splice=never",
                                          "--splice-min-bytes=4097",
                                          "--pipe-bytes=4098",
                                          "--pipes-max=5",
                                          "--buffers=32",
                                          "--buffer-bytes=513",
                                          "--relay-budget-bytes=514",
                                          "--socket-receive-bytes=4099",
                                          "--socket-send-bytes=4100",
                                          "--half-close-timeout-s=6",
                                          "--drain-timeout-s=0",
                                          "--stats-interval-s=8",
                                          "--log-level=debug",
                                          "--log-format=json"};

TEST(ParseFlags, SetsEveryMember) {
    const Parse parsed = parse(kEveryFlag);
    ASSERT_EQ(refusal(parsed), "accepted");
    const Config& config = accepted(parsed);
    EXPECT_EQ(config.listen, (std::vector<ListenAddress>{{"127.0.0.1", 1883}, {"::1", 0}}));
    EXPECT_EQ(config.connections_max, 5'000u);
    EXPECT_EQ(config.connect_size_max_bytes, 128u);
    EXPECT_EQ(config.setup_timeout_ms, 101u);
    EXPECT_EQ(config.threads, 3u);
    EXPECT_TRUE(config.pin_cpus);
    EXPECT_EQ(config.busy_poll_us, 9u);
    EXPECT_EQ(config.io_disabled, (std::vector<std::string>{"bind", "fd_install"}));
    EXPECT_EQ(config.brokers, (std::vector<BrokerAddress>{{"b1", 1883, 7}, {"::1", 2, 0}}));
    EXPECT_EQ(config.dial_timeout_ms, 11u);
    EXPECT_EQ(config.dial_attempts_max, 2u);
    EXPECT_EQ(config.fail_max, 0u);
    EXPECT_EQ(config.fail_timeout_ms, 102u);
    EXPECT_EQ(config.source_addresses, (std::vector<std::string>{"127.0.0.2", "::2"}));
    EXPECT_EQ(config.hash_key, HashKey::Username);
    EXPECT_EQ(config.hash_key_prefix_until, '/');
    EXPECT_EQ(config.splice, SpliceMode::Never);
    EXPECT_EQ(config.splice_min_bytes, 4'097u);
    EXPECT_EQ(config.pipe_bytes, 4'098u);
    EXPECT_EQ(config.pipes_max, 5u);
    EXPECT_EQ(config.buffers, 32u);
    EXPECT_EQ(config.buffer_bytes, 513u);
    EXPECT_EQ(config.relay_budget_bytes, 514u);
    EXPECT_EQ(config.socket_receive_bytes, 4'099u);
    EXPECT_EQ(config.socket_send_bytes, 4'100u);
    EXPECT_EQ(config.half_close_timeout_s, 6u);
    EXPECT_EQ(config.drain_timeout_s, 0u);
    EXPECT_EQ(config.stats_interval_s, 8u);
    EXPECT_EQ(config.log_level, LogLevel::Debug);
    EXPECT_EQ(config.log_format, LogFormat::Json);
}

TEST(ParseFlags, RefusesEachNumberOutsideOfItsRange) {
    struct Case {
        const char* flag;
        const char* below;  // nullptr: 0 is the least
        const char* above;
    };
    const Case cases[] = {
        {"--connections-max", nullptr, "10000001"},
        {"--connect-size-max", "127", "268435461"},
        {"--setup-timeout-ms", "99", "600001"},
        {"--threads", "0", "257"},
        {"--busy-poll-us", nullptr, "1000001"},
        {"--dial-timeout-ms", "9", "600001"},
        {"--dial-attempts-max", "0", "17"},
        {"--fail-max", nullptr, "1001"},
        {"--fail-timeout-ms", "99", "3600001"},
        {"--splice-min-bytes", "4095", "16777217"},
        {"--pipe-bytes", "4095", "1048577"},
        {"--pipes-max", nullptr, "16385"},
        {"--buffers", "15", "32769"},
        {"--buffer-bytes", "511", "65537"},
        {"--relay-budget-bytes", "511", "16777217"},
        {"--socket-receive-bytes", "4095", "1073741825"},
        {"--socket-send-bytes", "1", "1073741825"},
        {"--half-close-timeout-s", "0", "86401"},
        {"--drain-timeout-s", nullptr, "86401"},
        {"--stats-interval-s", nullptr, "86401"},
    };
    for (const Case& c : cases) {
        for (const char* value : {c.below, c.above}) {
            if (value == nullptr) continue;
            const std::string start =
                std::string("jumpgate: ") + c.flag + ": " + value + " is out of range; allowed: ";
            EXPECT_EQ(refusal(parse_with_door({c.flag, value})).substr(0, start.size()), start);
        }
    }
}

TEST(ParseFlags, SaysWhatIsWrongWithAnAddress) {
    struct Case {
        const char* flag;
        const char* value;
        const char* problem;
    };
    const Case cases[] = {
        {"--listen", "localhost:1883", "has a host name; an IP address is needed"},
        {"--listen", "127.0.0.1", "has no port from 0 to 65535 at its end"},
        {"--listen", "::1:1883", "needs brackets around its IPv6 address"},
        {"--broker", "b2", "has no port from 1 to 65535 at its end"},
        {"--broker", "b2:0", "has no port from 1 to 65535 at its end"},
        {"--broker", ":1883", "has no host"},
        {"--broker", "b2:1883,weight=1001", "has a weight that is out of range"},
        {"--broker", "b2:1883,weight=", "has a weight that is not a whole number"},
        {"--broker", "b2:1883,weight=1,weight=2", "has weight twice"},
        {"--broker", "b2:1883,", "has an unknown option"},
        {"--broker", "b2:1883,prio=1", "has an unknown option"},
        {"--source-address", "eth0", "is not an IP address"},
        {"--hash-key-prefix-until", "//", "is not one printable ASCII character"},
        {"--hash-key-prefix-until", "", "is not one printable ASCII character"},
        {"--hash-key-prefix-until", "\n", "is not one printable ASCII character"},
        {"--hash-key-prefix-until", "\xc3", "is not one printable ASCII character"},
        {"--hash-key", "clientid",
         "is unknown; allowed: one of client_id, username, remote_addr, cert_cn"},
    };
    for (const Case& c : cases) {
        const std::string line = refusal(parse_with_door({c.flag, c.value}));
        EXPECT_TRUE(line.starts_with(std::string("jumpgate: ") + c.flag + ": ")) << line;
        EXPECT_NE(line.find(shown(c.value) + " " + c.problem), line.npos) << line;
    }
}

TEST(ParseFlags, RefusesWhatCannotStart) {
    EXPECT_EQ(refusal(parse({"--broker", "b1:1883"})),
              "jumpgate: --listen: missing; give at least one ADDR:PORT where clients connect, or "
              "--tls-listen");
    EXPECT_EQ(refusal(parse({"--listen", "1883"})),
              "jumpgate: --broker: missing; give at least one HOST:PORT, or --config FILE with "
              "upstreams");
    EXPECT_EQ(refusal(parse_with_door({"--broker", "B1:1883,weight=3"})),
              "jumpgate: --broker: b1:1883 is given twice; allowed: each once");
    EXPECT_EQ(refusal(parse_with_door({"--thread", "1"})),
              "jumpgate: --thread: unknown flag; did you mean --threads?");
}

TEST(ParseFlags, PrintsTheVersionItIsGiven) {
    const Parse parsed = parse({"--version"});
    EXPECT_EQ(std::get<FlagsExit>(parsed).text, "jumpgate 0\n");
}

TEST(ParseFlags, SurvivesAnEmptyArgumentList) {  // argc 0 is legal for execve(2)
    EXPECT_TRUE(
        std::holds_alternative<FlagsExit>(load(invocation_of(0, nullptr, nullptr), "", nullptr)));
}

TEST(CpusAllowed, IsWithinTheRangeOfThreads) {
    EXPECT_GE(cpus_allowed(), 1u);
    EXPECT_LE(cpus_allowed(), 256u);
}

TEST(DocsFlags, IsWhatHelpMarkdownPrints) {
    std::ifstream file(JUMPGATE_SOURCE_ROOT "/docs/flags.md");
    std::stringstream page;
    page << file.rdbuf();
    const Parse parsed = parse({"--help-markdown"});
    EXPECT_EQ(page.str(), std::get<FlagsExit>(parsed).text)
        << "docs/flags.md is stale: run  build/jumpgate --help-markdown > docs/flags.md";
}

}  // namespace
}  // namespace jumpgate
