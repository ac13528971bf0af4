#include "core/config/load.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/config/file_read.h"
#include "tests/config/refusal.h"

namespace jumpgate {
namespace {

constexpr const char* kRoute =
    "stream_routes: [{id: 1, upstream_id: 1}]\n"
    "upstreams: [{id: 1, type: chash, key: mqtt_client_id, nodes: {\"b1:1883\": 1}}]\n";

// One setting of each kind, as each source writes it; `third` is the file's.
struct Setting {
    const char* flag;
    const char* variable;
    const char* file;
    std::string (*value)(const Config&);
    std::string by_flag, by_variable, by_file, by_default;
};

const Setting kSettings[] = {
    {"--dial-timeout-ms=11", "JUMPGATE_DIAL_TIMEOUT_MS=12", "dial_timeout_ms: 13",
     [](const Config& c) { return std::to_string(c.dial_timeout_ms); }, "11", "12", "13", "3000"},
    {"--no-pin-cpus", "JUMPGATE_PIN_CPUS=true", "pin_cpus: true",
     [](const Config& c) { return std::string(c.pin_cpus ? "on" : "off"); }, "off", "on", "on",
     "off"},
    {"--send-proxy=v1", "JUMPGATE_SEND_PROXY=v2", "send_proxy: v1",
     [](const Config& c) { return std::to_string(static_cast<int>(c.proxy_protocol.send)); }, "1",
     "2", "1", "0"},
    {"--state-dir=f", "JUMPGATE_STATE_DIR=e", "state_dir: y",
     [](const Config& c) { return c.state_dir; }, "f", "e", "y", ""},
    {"--source-address=::1", "JUMPGATE_SOURCE_ADDRESS=::2 ::3",
     "source_address: [\"::4\", \"::5\"]",
     [](const Config& c) {
         std::string all;
         for (const std::string& address : c.source_addresses) all += address;
         return all;
     },
     "::1", "::2::3", "::4::5", ""},
};

TEST(Load, FlagOverEnvironmentOverFileOverDefault) {
    const Folder folder;
    for (const Setting& setting : kSettings) {
        const std::string file =
            folder.write("a.yaml", std::string(kRoute) + "jumpgate: {" + setting.file + "}\n");
        const std::string bare = folder.write("b.yaml", kRoute);
        for (unsigned sources = 0; sources < 8; ++sources) {
            std::vector<std::string> arguments{"--listen=1", "--config", sources & 1 ? file : bare};
            std::vector<std::string> variables;
            if (sources & 2) variables.emplace_back(setting.variable);
            if (sources & 4) arguments.emplace_back(setting.flag);
            const Parse parsed = parse(arguments, variables);
            ASSERT_EQ(refusal(parsed), "accepted") << setting.flag << sources;
            const std::string& expected = sources & 4   ? setting.by_flag
                                          : sources & 2 ? setting.by_variable
                                          : sources & 1 ? setting.by_file
                                                        : setting.by_default;
            EXPECT_EQ(setting.value(accepted(parsed)), expected) << setting.flag << sources;
        }
    }
}

TEST(Load, ListenersOfAHigherSourceReplaceAll) {
    const Folder folder;
    const std::string file =
        folder.write("a.yaml", std::string(kRoute) + "listeners: [1, {listen: 2, tls: true}]\n");
    const Parse parsed = parse({"--config", file, "--listen=3"});
    ASSERT_EQ(refusal(parsed), "accepted");
    EXPECT_EQ(accepted(parsed).listen, (std::vector<ListenAddress>{{"", 3}}));
}

TEST(Load, FilesMayBeNamedByTheEnvironment) {
    const Folder folder;
    const std::string a = folder.write("a.yaml", "listeners: [1]\n");
    const std::string b = folder.write("b.yaml", kRoute);
    const Parse parsed = parse({}, {"JUMPGATE_CONFIG=" + a + "\n" + b});
    ASSERT_EQ(refusal(parsed), "accepted");
    EXPECT_EQ(accepted(parsed).config_files, (Lines{a, b}));
    EXPECT_EQ(std::get<Loaded>(parsed).objects.stream_routes.size(), 1u);
}

TEST(Load, BrokersOfFlagsBecomeObjects) {
    const Parse parsed = parse_with_door({});
    const Objects& objects = std::get<Loaded>(parsed).objects;
    ASSERT_EQ(objects.upstreams.size(), 1u);
    EXPECT_EQ(objects.upstreams[0].id, "default");
    EXPECT_EQ(objects.stream_routes.size(), 1u);
}

TEST(Load, RefusesBrokersOfFlagsBesideObjectsOfFiles) {
    const Folder folder;
    const std::string file = folder.write("a.yaml", kRoute);
    EXPECT_EQ(refusal(parse_with_door({"--config", file})),
              file +
                  ":2:13: upstream 1: stands beside --broker; use one: brokers by flags, or "
                  "objects in files");
    const std::string own = folder.write("b.yaml", "jumpgate: {threads: 2}\n");
    EXPECT_EQ(refusal(parse_with_door({"--config", own})), "accepted");
}

TEST(Load, NeedsSomewhereToSendClients) {
    const Folder folder;
    const std::string file = folder.write("a.yaml", "listeners: [1]\n");
    EXPECT_EQ(refusal(parse({"--config", file})),
              "jumpgate: stream_routes: there is none; write one into a --config file, or give "
              "--broker HOST:PORT, or --admin ADDR:PORT");
    EXPECT_EQ(refusal(parse({"--config", file, "--admin=127.0.0.1:0"})), "accepted");
    EXPECT_EQ(refusal(parse({"--config", file, "--state-dir=s"})), "accepted");
    EXPECT_EQ(refusal(parse({"--listen=1", "--admin=unix:/s"})), "accepted");
}

TEST(Load, NeedsACertificateForTlsListeners) {
    const Folder folder;
    const std::string file =
        folder.write("a.yaml", std::string(kRoute) + "listeners: [{listen: 1, tls: true}]\n");
    EXPECT_EQ(refusal(parse({"--config", file})),
              "jumpgate: --tls-listen: there is no certificate to show; write ssls into a --config "
              "file, or give --tls-cert FILE and --tls-key FILE");
    EXPECT_EQ(refusal(parse({"--config", file, "--admin=127.0.0.1:0"})), "accepted");
}

TEST(Load, NamesThePlaceOfAValueThatBreaksARule) {
    const Folder folder;
    const std::string file = folder.write(
        "a.yaml",
        std::string(kRoute) + "jumpgate:\n  buffers: 17\n  admin: 0.0.0.0:1\nlisteners: [1, 1]\n");
    const Parse parsed = parse({"--config", file}, {"JUMPGATE_SOURCE_ADDRESS=::1 ::1"});
    const FlagsExit& exit = std::get<FlagsExit>(parsed);
    EXPECT_EQ(exit.exit_code, 2);
    EXPECT_EQ(exit.text,
              file + ":6:13: listeners: :1 is given twice; allowed: each once\n" +
                  "environment: JUMPGATE_SOURCE_ADDRESS: ::1 is given twice; allowed: each once\n" +
                  file +
                  ":5:10: jumpgate.admin: 0.0.0.0:1 can be reached from elsewhere; give "
                  "--admin-allow CIDR, or a loopback address such as 127.0.0.1:9180\n" +
                  file +
                  ":4:12: jumpgate.buffers: 17 is not a power of two; allowed: 16, 32, ... "
                  "32768\n");
}

TEST(Load, SaysWhatIsWrongInAllSourcesAtOnceEvenWhereItIsOverruled) {
    const Folder folder;
    const std::string a = folder.write("a.yaml", "jumpgate: {threads: 0}\n");
    const std::string b = folder.write("b.yaml", "listeners: [x]\n");
    const Parse parsed =
        parse({"--config", a, "--config", b, "--config", "/no/such", "--threads=4"},
              {"JUMPGATE_BUFFERS=x", "JUMPGATE_BUFERS=1"});
    const std::string& text = std::get<FlagsExit>(parsed).text;
    for (const std::string& line :
         {std::string("environment: JUMPGATE_BUFFERS: \"x\" is not a whole number; allowed: 16 to "
                      "32768, a power of two\n"),
          std::string("/no/such: No such file or directory\n"),
          a + ":1:21: jumpgate.threads: 0 is out of range; allowed: 1 to 256\n",
          b + ":1:13: listeners[0]: \"x\" has no port",
          std::string("warning: environment: JUMPGATE_BUFERS: is no setting; did you mean "
                      "JUMPGATE_BUFFERS?\n")})
        EXPECT_NE(text.find(line), text.npos) << line << "in\n" << text;
}

Checked refuse_port_7(const Config& config, const Objects&) {
    Checked found;
    if (config.listen.at(0).port == 7)
        found.errors.push_back({"", {}, "--listen", "7 is not verified", ""});
    return found;
}

Checked refuse_log_at_port_7(const Config& config, const Objects&) {
    Checked found;
    found.warnings.push_back({"", {}, "", "ports are scarce", ""});
    if (config.listen.at(0).port == 7)
        found.errors.push_back({"jumpgate", {}, "--access-log", "there is no port 7", ""});
    return found;
}

// The text of a configuration with that in it, one complaint or warning per line, FILE for its
// name.
std::string complaints_of(const std::string& yaml, Verify verify = nullptr) {
    const Folder folder;
    const std::string file = folder.write("a.yaml", yaml);
    const Parse parsed = load({{"--check", "--config", file}, {}}, "", verify);
    std::string text = std::get<FlagsExit>(parsed).text;
    for (size_t at = 0; (at = text.find(file)) != text.npos;) text.replace(at, file.size(), "FILE");
    return text;
}

TEST(Load, SaysWhatIsWrongBetweenObjectsBesideWhatIsWrongInThem) {
    EXPECT_EQ(complaints_of("listeners: [7]\n"
                            "stream_routes:\n"
                            "- {id: 1, upstream_id: none}\n"
                            "- {id: 1, upstream_id: 2, server_port: 0}\n"
                            "upstreams:\n"
                            "- {id: 2, nodes: {b1: 1}, type: chsh}\n"
                            "- {id: 2, nodes: {b1: -1}}\n",
                            refuse_port_7),
              "FILE:4:40: stream_routes[1].server_port: 0 is out of range; allowed: 1 to 65535\n"
              "FILE:6:33: upstreams[0].type: \"chsh\" is unknown; allowed: one of chash, "
              "roundrobin, least_conn\n"
              "FILE:7:23: upstreams[1].nodes.b1: -1 is out of range; allowed: 0 to 1000\n"
              "FILE:7:3: upstreams[2]: the id 2 is taken by FILE:6; allowed: each id once among "
              "upstreams\n"
              "FILE:4:3: stream_routes[1]: the id 1 is taken by FILE:3; allowed: each id once "
              "among stream_routes\n"
              "FILE:3:3: stream_routes[1]: upstream_id: there is no upstream \"none\"; allowed: "
              "the id of one of upstreams\n"
              "--listen: 7 is not verified\n");
}

TEST(Load, WarnsOfRoutesThatNoListenerServes) {
    const std::string objects =
        "stream_routes: [{id: 1, upstream_id: 1, server_port: 1999}]\n"
        "upstreams: [{id: 1, nodes: {b1: 1}}]\n";
    EXPECT_EQ(complaints_of("listeners: [1883]\n" + objects),
              "warning: FILE:2:17: stream_routes[1]: can never be chosen: server_port: no listener "
              "has the port 1999\n"
              "configuration is valid: 1 stream route, 1 upstream, 0 ssls\n");
    EXPECT_EQ(complaints_of("listeners: [1999]\n" + objects),
              "configuration is valid: 1 stream route, 1 upstream, 0 ssls\n");
}

TEST(Load, BlamesNothingForWhatCouldNotBeRead) {
    // Which upstream is meant is not known while the id of one is wrong.
    EXPECT_EQ(complaints_of("listeners: [1]\n"
                            "stream_routes: [{id: 1, upstream_id: b.1}]\n"
                            "upstreams: [{id: b/1, nodes: {b1: 1}}]\n"),
              "FILE:3:18: upstreams[0].id: \"b/1\" is no id; allowed: 1 to 64 of A-Z, a-z, 0-9, "
              "'-', '_', '.', or a whole number from 1\n");
    EXPECT_EQ(complaints_of("listeners: [1]\nstream_routes: {}\n"),
              "FILE:2:16: stream_routes: is a map; allowed: a list\n");
    EXPECT_EQ(
        complaints_of("listeners: [1]\n"
                      "stream_routes: [{id: 1, upstream: {nodes: {b1: \"${{NO_SUCH}}\"}}}]\n"),
        "FILE:2:48: stream_routes[0].upstream.nodes.b1: the environment variable NO_SUCH is "
        "not set; allowed: set it, or write ${{NO_SUCH:=default}}\n");
    const Folder folder;
    const std::string routes =
        folder.write("routes.yaml", "listeners: [1]\nstream_routes: [{id: 1, upstream_id: 1}]\n");
    const std::string gone = folder.path("gone.yaml");
    EXPECT_EQ(refusal(parse({"--config", routes, "--config", gone})),
              gone + ": No such file or directory");
}

TEST(Load, CheckSaysValidOrAllThatIsWrong) {
    const std::vector<std::string> sound{"-t", "--broker=b1:1883", "--listen=1"};  // as nginx -t
    const Parse valid = load({sound, {"JUMPGATE_XQZW=1"}}, "", refuse_port_7);
    EXPECT_EQ(std::get<FlagsExit>(valid).exit_code, 0);
    EXPECT_FALSE(std::get<FlagsExit>(valid).to_stderr);
    EXPECT_EQ(std::get<FlagsExit>(valid).text,
              "warning: environment: JUMPGATE_XQZW: is no setting; ignored\n"
              "configuration is valid: 1 stream route, 1 upstream, 0 ssls\n");
    EXPECT_EQ(refusal(load({{"--check", "--broker=b1:1883", "--listen=7"}, {}}, "", refuse_port_7)),
              "--listen: 7 is not verified");
}

// Where --check refuses, the start does, in the same words and with the same exit code.
TEST(Load, WhatIsVerifiedKeepsFromStartingAndIsSaidOfItsPlace) {
    const Folder folder;
    const std::string file = folder.write(
        "a.yaml", std::string(kRoute) + "jumpgate:\n  access_log: log\nlisteners: [7]\n");
    const auto said = [](std::vector<std::string> arguments, std::vector<std::string> variables) {
        const Parse parsed =
            load({std::move(arguments), std::move(variables)}, "", refuse_log_at_port_7);
        const auto* exit = std::get_if<FlagsExit>(&parsed);
        return exit == nullptr ? "started" : fmt::format("{} {}", exit->exit_code, exit->text);
    };
    const std::string why = "there is no port 7\n";
    EXPECT_EQ(said({"--broker=b1:1883", "--listen=7"}, {}), "2 jumpgate: --access-log: " + why);
    EXPECT_EQ(said({"--broker=b1:1883", "--listen=7"}, {"JUMPGATE_ACCESS_LOG=l"}),
              "2 environment: JUMPGATE_ACCESS_LOG: " + why);
    EXPECT_EQ(said({"--config", file}, {}), "2 " + file + ":4:15: jumpgate.access_log: " + why);
    EXPECT_EQ(said({"--config", file, "--check"}, {}),
              "2 warning: ports are scarce\n" + file + ":4:15: jumpgate.access_log: " + why);
    EXPECT_EQ(said({"--config", file, "--listen=1"}, {}), "started");
    EXPECT_EQ(said({"--config", file, "--print-config"}, {}).substr(0, 2), "0 ");
}

TEST(Reload, ReadsObjectsAgainAndSaysWhatNeedsARestart) {
    const Folder folder;
    const std::string file = folder.write(
        "a.yaml", std::string(kRoute) + "jumpgate: {threads: 2, fail_max: 5}\nlisteners: [1]\n");
    const Parse parsed = parse({"--config", file, "--fail-max=7"});
    ASSERT_EQ(refusal(parsed), "accepted");
    const Loaded& running = std::get<Loaded>(parsed);
    {
        const auto again = reload(running);
        ASSERT_TRUE(std::holds_alternative<Reloaded>(again));
        EXPECT_EQ(std::get<Reloaded>(again).restart_needed, Lines());
        EXPECT_EQ(std::get<Reloaded>(again).objects.stream_routes.size(), 1u);
    }
    folder.write(
        "a.yaml",
        "stream_routes: [{id: 1, upstream_id: 1}, {id: 2, server_port: 9, upstream_id: 1}]\n"
        "upstreams: [{id: 1, type: chash, key: mqtt_client_id, nodes: {\"b1:1883\": 1}}]\n"
        "jumpgate: {threads: 4, fail_max: 6, state_dir: s}\nlisteners: [1, 2]\n");
    const auto again = reload(running);
    ASSERT_TRUE(std::holds_alternative<Reloaded>(again));
    EXPECT_EQ(std::get<Reloaded>(again).objects.stream_routes.size(), 2u);
    EXPECT_EQ(std::get<Reloaded>(again).restart_needed,  // --fail-max wins over the file's
              (Lines{"jumpgate.listen: 1 -> 1 2", "jumpgate.threads: 2 -> 4",
                     "jumpgate.state_dir: none -> s"}));
}

TEST(Reload, ChangesNothingWhereAnythingIsWrong) {
    const Folder folder;
    const std::string file = folder.write("a.yaml", std::string(kRoute) + "listeners: [1]\n");
    const Parse parsed = parse({"--config", file});
    ASSERT_EQ(refusal(parsed), "accepted");
    folder.write("a.yaml", std::string(kRoute) + "listeners: [1]\njumpgate: {threads: 0}\n");
    const auto again = reload(std::get<Loaded>(parsed));
    ASSERT_TRUE(std::holds_alternative<std::vector<Complaint>>(again));
    const std::vector<Complaint>& complaints = std::get<std::vector<Complaint>>(again);
    ASSERT_EQ(complaints.size(), 1u);
    EXPECT_EQ(text(complaints[0]),
              file + ":4:21: jumpgate.threads: 0 is out of range; allowed: 1 to 256");
}

TEST(InvocationOf, TakesArgumentsAndVariables) {
    const char* argv[] = {"jumpgate", "--check", "a b"};
    const char* variables[] = {"A=1", "B=", nullptr};
    const Invocation invocation = invocation_of(3, argv, variables);
    EXPECT_EQ(invocation.arguments, (Lines{"--check", "a b"}));
    EXPECT_EQ(invocation.variables, (Lines{"A=1", "B="}));
}

}  // namespace
}  // namespace jumpgate
