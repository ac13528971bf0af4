// Credentials: all files are good, or the one that is not is named.
#include "core/proxy/credentials.h"

#include <sys/prctl.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/proxy/secured_peer.h"

namespace jumpgate {
namespace {

Config listening() {
    Config config = with_tls();
    config.listen.push_back({"127.0.0.1", 0, true});
    return config;
}

Parsed<Credentials> load(const Config& config) {
    return load_credentials(config, objects_of(config), tls::TicketKeys::random());
}

std::string problem_of(const Config& config) {
    Parsed<Credentials> loaded = load(config);
    const Problem* problem = std::get_if<Problem>(&loaded);
    return problem == nullptr ? "" : problem->text;
}

// A file of this test alone.
std::string own_file(std::string_view name, std::string_view text, mode_t mode = 0600) {
    const std::string path = testing::TempDir() + "credentials_test_" + std::string(name);
    std::ofstream(path) << text;
    chmod(path.c_str(), mode);
    return path;
}

TEST(LoadCredentials, MakesWhatTheConfigurationUsesAndNothingElse) {
    Config config = listening();
    Parsed<Credentials> loaded = load(config);
    ASSERT_TRUE(std::holds_alternative<Credentials>(loaded)) << problem_of(config);
    EXPECT_NE(std::get<Credentials>(loaded).server, nullptr);
    EXPECT_EQ(std::get<Credentials>(loaded).upstreams, std::vector<tls::ClientContextRef>(1));
    loaded = load(Config());
    EXPECT_EQ(std::get<Credentials>(loaded).server, nullptr);
    EXPECT_TRUE(uses_tls(config, {}));
    EXPECT_FALSE(uses_tls({}, {}));
}

TEST(LoadCredentials, NamesTheFlagTheFileAndTheProblem) {
    const std::string nowhere = "/nonexistent/file.pem";
    const std::string garbage = own_file("garbage", "this is no PEM");
    const std::string empty = own_file("empty", "");
    struct Case {
        const char* what;
        void (*change)(Config&, const std::string& path);
        std::string path;
        std::string flag;
    };
    const auto cert = [](Config& c, const std::string& p) {
        c.tls.certificates[0].certificate = p;
    };
    const auto key = [](Config& c, const std::string& p) { c.tls.certificates[0].key = p; };
    const auto ca = [](Config& c, const std::string& p) {
        c.tls.client_auth = ClientAuth::Required;
        c.tls.client_ca_file = p;
    };
    const auto tickets = [](Config& c, const std::string& p) { c.tls.ticket_keys_file = p; };
    const auto upstream = [](Config& c, const std::string& p) {
        c.brokers.push_back({"localhost", 8883, 1, true});
        c.upstream_tls.ca_file = p;
    };
    const std::vector<Case> cases = {
        {"missing", cert, nowhere, "--tls-cert"},
        {"missing", key, nowhere, "--tls-key"},
        {"missing", ca, nowhere, "--tls-client-ca"},
        {"missing", tickets, nowhere, "--tls-ticket-keys"},
        {"missing", upstream, nowhere, "--upstream-ca"},
        {"garbage", cert, garbage, "--tls-cert"},
        {"garbage", key, garbage, "--tls-key"},
        {"garbage", ca, garbage, "--tls-client-ca"},
        {"garbage", tickets, garbage, "--tls-ticket-keys"},
        {"garbage", upstream, garbage, "--upstream-ca"},
        {"empty", cert, empty, "--tls-cert"},
        {"mismatch", key, pki_path("mismatch.key"), "--tls-key"},
    };
    for (const Case& one : cases) {
        Config config = listening();
        one.change(config, one.path);
        const std::string problem = problem_of(config);
        EXPECT_NE(problem.find(one.flag + " " + one.path), std::string::npos)
            << one.what << " " << one.flag << ": " << problem;
    }
}

TEST(LoadCredentials, NamesTheFlagOfAListThatCannotBeUsed) {
    Config config = listening();
    config.tls.ciphers = "TLS_AES_128_GCM_SHA256:NO-SUCH";
    EXPECT_TRUE(problem_of(config).starts_with("--tls-ciphers: \"NO-SUCH\"")) << problem_of(config);
    config.tls.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256";
    EXPECT_EQ(problem_of(config), "");
    config.tls.min_version = TlsVersion::Tls13;
    EXPECT_TRUE(problem_of(config).starts_with("--tls-ciphers: no suite of TLS 1.3"));
    config = listening();
    config.tls.curves = "P-192";
    EXPECT_TRUE(problem_of(config).starts_with("--tls-curves: \"P-192\"")) << problem_of(config);
}

TEST(LoadCredentials, WarnsOfAKeyThatEverybodyMayRead) {
    std::ifstream key(pki_path("server.key"));
    std::stringstream text;
    text << key.rdbuf();
    Config config = listening();
    config.tls.certificates[0].key = own_file("open.key", text.str(), 0644);
    Parsed<Credentials> loaded = load(config);
    ASSERT_TRUE(std::holds_alternative<Credentials>(loaded));
    const std::vector<std::string>& warnings = std::get<Credentials>(loaded).warnings;
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_NE(warnings[0].find("mode 0644"), std::string::npos) << warnings[0];
    chmod(config.tls.certificates[0].key.c_str(), 0600);
    loaded = load(config);
    EXPECT_TRUE(std::get<Credentials>(loaded).warnings.empty());
}

TEST(LoadCredentials, WarnsWhereCurvesDoNotBindEveryClient) {
    Config config = listening();
    config.tls.curves = "P-384";
    Parsed<Credentials> loaded = load(config);
    ASSERT_TRUE(std::holds_alternative<Credentials>(loaded));
    ASSERT_EQ(std::get<Credentials>(loaded).warnings.size(), 1U);
    EXPECT_TRUE(std::get<Credentials>(loaded).warnings[0].starts_with("--tls-curves: "));
    config.tls.min_version = TlsVersion::Tls13;
    loaded = load(config);
    EXPECT_TRUE(std::get<Credentials>(loaded).warnings.empty());
}

TEST(LoadCredentials, WarnsEachTimeOfBrokersThatAreNotVerified) {
    Config config;
    config.brokers.push_back({"localhost", 8883, 1, true});
    config.upstream_tls.verify = UpstreamVerify::None;
    for (int i = 0; i < 2; ++i) {
        Parsed<Credentials> loaded = load(config);
        ASSERT_TRUE(std::holds_alternative<Credentials>(loaded));
        EXPECT_EQ(std::get<Credentials>(loaded).warnings.size(), 1U);
    }
}

TEST(LoadCredentials, NeverShowsWhatIsInAKeyFile) {
    Config config = listening();
    config.tls.certificates[0].key = own_file("secret.key", "-----BEGIN hunter2-----");
    EXPECT_EQ(problem_of(config).find("hunter2"), std::string::npos);
    config = listening();
    config.tls.ticket_keys_file = own_file("secret.tickets", "hunter2hunter2");
    EXPECT_EQ(problem_of(config).find("hunter2"), std::string::npos);
}

TEST(ForbidCoreDumps, MakesTheProcessNonDumpable) {
    const int before = prctl(PR_GET_DUMPABLE);
    forbid_core_dumps();
    EXPECT_EQ(prctl(PR_GET_DUMPABLE), 0);
    prctl(PR_SET_DUMPABLE, before);
}

}  // namespace
}  // namespace jumpgate
