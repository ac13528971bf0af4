#include "core/config/print_config.h"

#include <gtest/gtest.h>

#include "tests/config/file_read.h"
#include "tests/config/refusal.h"

namespace jumpgate {
namespace {

std::string printed(std::vector<std::string> arguments, std::vector<std::string> variables = {}) {
    arguments.emplace_back("--print-config");
    const Parse parsed = parse(std::move(arguments), std::move(variables));
    const FlagsExit& exit = std::get<FlagsExit>(parsed);
    EXPECT_EQ(exit.exit_code, 0) << exit.text;
    EXPECT_FALSE(exit.to_stderr);
    return exit.text;
}

bool has(const std::string& text, const std::string& line) {
    return text.find("\n" + line + "\n") != text.npos;
}

TEST(PrintConfig, ShowsEachValueWithItsOrigin) {
    const Folder folder;
    const std::string file = folder.write("a.yaml",
                                          "jumpgate:\n  fail_max: 5\n  log_level: debug\n"
                                          "listeners: [1883, \"[::1]:1884\"]\n");
    const std::string text = printed({"--config", file, "--broker=b1:1883,weight=2", "--pin-cpus"},
                                     {"JUMPGATE_DIAL_TIMEOUT_MS=5000"});
    EXPECT_TRUE(has(text, "  fail_max: 5  # file " + file + ":2:13")) << text;
    EXPECT_TRUE(has(text, "  log_level: \"debug\"  # file " + file + ":3:14"));
    EXPECT_TRUE(
        has(text, "  listen:  # file " + file + ":4:13\n    - \"1883\"\n    - \"[::1]:1884\""));
    EXPECT_TRUE(has(text, "  broker:  # flag --broker\n    - \"b1:1883,weight=2\""));
    EXPECT_TRUE(has(text, "  pin_cpus: true  # flag --pin-cpus"));
    EXPECT_TRUE(has(text, "  dial_timeout_ms: 5000  # environment JUMPGATE_DIAL_TIMEOUT_MS"));
    EXPECT_TRUE(has(text, "  pipes_max: 64  # default"));
    EXPECT_TRUE(has(text, "  # tls_ticket_keys: default, a random key"));
    EXPECT_EQ(text.find("print_config"), text.npos);
}

// The text without comments, which name another origin when they are read back.
std::string values_of(std::string text) {
    std::string values;
    for (size_t start = 0; start < text.size();) {
        const size_t end = text.find('\n', start);
        const std::string line = text.substr(start, end - start);
        const std::string value = line.substr(0, line.find("  #"));
        if (!value.empty() && !value.starts_with('#')) values += value + "\n";
        start = end + 1;
    }
    return values;
}

TEST(PrintConfig, ReadsBackToTheSame) {
    const Folder folder;
    const std::string file = folder.write(
        "a.yaml",
        "stream_routes: [{id: 1, upstream_id: 1, desc: \"a # \\\"b\\\": c\"}]\n"
        "upstreams: [{id: 1, type: chash, key: mqtt_client_id, nodes: {\"b1:1883\": 1}}]\n");
    const std::string first =
        printed({"--config", file, "--listen=1883", "--threads=3", "--hash-key-prefix-until=#",
                 "--pin-cpus", "--source-address=::1", "--source-address=::2"});
    const std::string second = printed({"--config", folder.write("b.yaml", first)});
    EXPECT_EQ(values_of(second), values_of(first));
    EXPECT_TRUE(values_of(first).find("hash_key_prefix_until: \"#\"") != first.npos);
    EXPECT_NE(first, second);
}

TEST(PrintConfig, HidesPrivateKeysAndPasswords) {
    FlagTable table("prog", "", "");
    std::variant<Value, Complaint> value = read_yaml(
        "ssls:\n"
        "  - {id: 1, cert: c, key: \"-----BEGIN EC PRIVATE KEY-----\\nc2VjcmV0\"}\n"
        "upstreams:\n"
        "  - {id: 2, key: mqtt_client_id, checks: {active: {password: secret, username: u}}}\n"
        "  - {id: 3, keys: [\"-----BEGIN PRIVATE KEY-----\\nc2VjcmV0\"]}\n",
        "a.yaml");
    ASSERT_TRUE(std::holds_alternative<Value>(value));
    const std::string text = print_config(table, {{"a.yaml", std::get<Value>(value)}});
    EXPECT_EQ(text.find("c2VjcmV0"), text.npos) << text;
    EXPECT_EQ(text.find("secret,"), text.npos) << text;
    EXPECT_EQ(text.find("\"secret\""), text.npos) << text;
    EXPECT_NE(text.find("\"key\":\"mqtt_client_id\""), text.npos) << text;
    EXPECT_TRUE(has(text,
                    "  # secrets of the next one are (not printed)\n"
                    "  - {\"id\":1,\"cert\":\"c\",\"key\":\"(not printed)\"}  # file a.yaml:2:5"))
        << text;
}

// ${{PW}} with PW=8675309 is a number, and one of true is a switch.
TEST(PrintConfig, HidesPasswordsOfAnyKind) {
    const Folder folder;
    const std::string file =
        folder.write("a.yaml",
                     "stream_routes: [{id: 1, upstream_id: 1}]\nlisteners: [1]\nupstreams:\n"
                     "- {id: 1, nodes: {\"b1:1883\": 1}, checks: {active: {username: u, password: "
                     "\"${{PW}}\"}}}\n");
    for (const char* secret : {"8675309", "86.75309", "true", "null"}) {
        const std::string text = printed({"--config", file}, {std::string("PW=") + secret});
        EXPECT_NE(text.find("\"password\":\"(not printed)\""), text.npos) << text;
        EXPECT_EQ(text.find(std::string("\"password\":") + secret), text.npos) << text;
    }
}

}  // namespace
}  // namespace jumpgate
