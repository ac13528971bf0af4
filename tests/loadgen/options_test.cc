#include "loadgen/options.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace jumpgate::load {
namespace {

constexpr uint64_t kDescriptors = 20'000;

std::variant<Options, FlagsExit> parse(Mode mode, std::vector<const char*> arguments) {
    return parse_options(mode, arguments, kDescriptors);
}
Options good(Mode mode, std::vector<const char*> arguments) {
    auto parsed = parse(mode, std::move(arguments));
    if (const FlagsExit* exit = std::get_if<FlagsExit>(&parsed)) {
        ADD_FAILURE() << exit->text;
        return {};
    }
    return std::get<Options>(parsed);
}
std::string refused(Mode mode, std::vector<const char*> arguments) {
    auto parsed = parse(mode, std::move(arguments));
    if (std::holds_alternative<Options>(parsed)) return "accepted";
    const FlagsExit& exit = std::get<FlagsExit>(parsed);
    EXPECT_EQ(exit.exit_code, 2);
    EXPECT_TRUE(exit.to_stderr);
    EXPECT_EQ(std::count(exit.text.begin(), exit.text.end(), '\n'), 1) << exit.text;
    return exit.text;
}

TEST(Options, SpeakEmqttBenchsLetters) {
    const Options options = good(Mode::Pub, {"-h", "10.0.0.1,10.0.0.2",
                                             "-p", "1884",
                                             "-c", "10",
                                             "-R", "50",
                                             "-I", "2.5",
                                             "-t", "bench/%i",
                                             "-q", "1",
                                             "-s", "64",
                                             "-V", "4",
                                             "-k", "60",
                                             "-C", "false",
                                             "-u", "u%i",
                                             "-P", "secret",
                                             "-n", "100"});
    EXPECT_EQ(options.hosts, (std::vector<std::string>{"10.0.0.1", "10.0.0.2"}));
    EXPECT_EQ(options.port, 1884);
    EXPECT_EQ(options.count, 10U);
    EXPECT_EQ(options.connrate, 50U);
    EXPECT_EQ(options.interval_ns, 2'500'000U);
    EXPECT_EQ(options.topics.topic.text(), "bench/%i");
    EXPECT_EQ(options.qos, 1);
    EXPECT_EQ(options.size_bytes, 64U);
    EXPECT_EQ(options.version, 4);
    EXPECT_EQ(options.keepalive_s, 60);
    EXPECT_FALSE(options.clean);
    EXPECT_EQ(options.session_expiry_s, 3'600U);
    EXPECT_EQ(options.username.text(), "u%i");
    EXPECT_EQ(options.password.text(), "secret");
    EXPECT_EQ(options.start_number, 100U);
    EXPECT_EQ(options.publishers(), 10U);
}

TEST(Options, NameTenantsSoThatAPairSharesAPrefix) {
    const Options options = good(Mode::P2p, {"-c", "4", "--tenants", "3"});
    EXPECT_EQ(options.client_id.text(), "tenant%t/%r%i");
    EXPECT_EQ(options.topics.topic.text(), "tenant%t/p2p/%i");
    EXPECT_EQ(options.publishers(), 2U);
    EXPECT_EQ(good(Mode::Conn, {}).client_id.text(), "jumpload-%r%i");
    EXPECT_EQ(good(Mode::Conn, {"--prefix", "x%t-"}).client_id.text(), "x%t-%r%i");
}

TEST(Options, RaiseASizeThatCannotCarryTheAccount) {
    const Options options = good(Mode::P2p, {"-c", "2", "-s", "4"});
    EXPECT_EQ(options.size_bytes, 16U);
    ASSERT_EQ(options.notes.size(), 1U);
    EXPECT_EQ(good(Mode::Pub, {"-t", "t", "-s", "4"}).size_bytes, 4U);
}

TEST(Options, ChooseEnoughThreadsForTheDescriptorLimit) {
    EXPECT_EQ(good(Mode::Conn, {"-c", "20000", "--threads", "1"}).threads, 1U);
    EXPECT_GE(good(Mode::Conn, {"-c", "50000"}).threads, 3U);
    EXPECT_EQ(good(Mode::Conn, {"-c", "3", "--threads", "8"}).threads, 3U);
    EXPECT_NE(refused(Mode::Conn, {"-c", "20001", "--threads", "1"}).find("allowed: 2 to 256"),
              std::string::npos);
}

TEST(Options, RefuseInOneLineThatNamesTheFlag) {
    struct Case {
        Mode mode;
        std::vector<const char*> arguments;
        const char* says;
    };
    const std::vector<Case> cases = {
        {Mode::Conn, {"--frobnicate", "1"}, "--frobnicate"},
        {Mode::Conn, {"-q", "1"}, "-q"},  // no messages in conn
        {Mode::Conn, {"-p", "0"}, "--port: 0 is out of range; allowed: 1 to 65535"},
        {Mode::Conn, {"-V", "6"}, "--version: 6 is unknown; allowed: one of 3, 4, 5"},
        {Mode::Conn, {"-c", "2", "--clientid", "same"}, "--clientid: must hold %i"},
        {Mode::Conn, {"--ifaddr", "127.0.0.1,here"}, "--ifaddr"},
        {Mode::Conn, {"-h", "a,,b"}, "--host"},
        {Mode::Conn, {"-h", "broker:1884"}, "--host: \"broker:1884\" holds a port; give it with"},
        {Mode::Conn, {"-x", "30", "-V", "4"}, "--session-expiry: is of MQTT 5"},
        {Mode::Conn, {"-u", "%z"}, "--username"},
        {Mode::Conn, {"--reconnect-min-ms", "9", "--reconnect-max-ms", "8"}, "--reconnect-max-ms"},
        {Mode::Pub, {}, "--topic: is missing"},
        {Mode::Pub, {"-t", "a/#"}, "--topic"},
        {Mode::Sub, {"-t", "a/#/b"}, "--topic"},
        {Mode::Pub, {"-t", "t", "-I", "0"}, "--interval_of_msg: 0 is out of range"},
        {Mode::Pub, {"-t", "t", "-I", "1e3"}, "--interval_of_msg"},
        {Mode::Pub, {"-t", "t", "-I", "nan"}, "--interval_of_msg"},
        {Mode::Pub, {"-t", "t", "-q", "3"}, "--qos: 3 is out of range; allowed: 0 to 2"},
        {Mode::P2p, {"-c", "5"}, "--count: 5 is odd"},
        {Mode::P2p, {"-c", "4", "-t", "same"}, "--topic: must hold %i or %c"},
        {Mode::P2p, {"-c", "4", "--clientid", "x%i"}, "--clientid: must hold %r"},
        {Mode::Conn, {"--broker-from", "topic:a/#"}, "--broker-from: \"topic:a/#\" holds #"},
        {Mode::Pub,
         {"-t", "bench/%i", "--broker-from", "topic:bench/+"},
         "--broker-from: \"bench/+\" covers \"bench/0\", a topic of the load itself"},
    };
    for (const Case& each : cases) {
        EXPECT_NE(refused(each.mode, each.arguments).find(each.says), std::string::npos)
            << each.says << ": " << refused(each.mode, each.arguments);
    }
}

TEST(Options, ExplainEveryFlagWithItsDefault) {
    const auto parsed = parse(Mode::P2p, {"--help"});
    const FlagsExit& exit = std::get<FlagsExit>(parsed);
    EXPECT_EQ(exit.exit_code, 0);
    for (const char* flag : {"-h, --host", "-c, --count", "-R, --connrate", "-I, --interval_of_msg",
                             "--tenants", "--drain-ms", "--json", "--ping-all-at-end"}) {
        EXPECT_NE(exit.text.find(flag), std::string::npos) << flag;
    }
}

}  // namespace
}  // namespace jumpgate::load
