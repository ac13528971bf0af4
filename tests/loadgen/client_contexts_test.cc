#include "loadgen/client_contexts.h"

#include <gtest/gtest.h>

#include "tests/loadgen/tls_pki.h"

namespace jumpgate::load {
namespace {

Options options_of(Mode mode, std::vector<std::string> arguments) {
    std::vector<const char*> pointers;
    for (const std::string& argument : arguments) pointers.push_back(argument.c_str());
    auto parsed = parse_options(mode, pointers, 20'000);
    if (const FlagsExit* exit = std::get_if<FlagsExit>(&parsed)) {
        ADD_FAILURE() << exit->text;
        return {};
    }
    return std::get<Options>(parsed);
}
std::variant<ClientContexts, tls::Problem> make(Mode mode, const std::string& certificate,
                                                const std::string& key, const char* count) {
    return ClientContexts::make(
        options_of(mode, {"-S", "-c", count, "--cacertfile", pki_path("ca.crt"), "--certfile",
                          pki_path(certificate), "--keyfile", pki_path(key)}));
}
ClientContexts made(std::variant<ClientContexts, tls::Problem> result) {
    if (const tls::Problem* problem = std::get_if<tls::Problem>(&result)) {
        ADD_FAILURE() << problem->text;
        return {};
    }
    return std::get<ClientContexts>(std::move(result));
}

TEST(ClientContexts, AreOneForAllWithoutAPlaceholder) {
    const ClientContexts contexts = made(make(Mode::Conn, "client.crt", "client.key", "1000"));
    EXPECT_EQ(contexts.size(), 1U);
    EXPECT_EQ(contexts.of(0), contexts.of(999));
    EXPECT_NE(contexts.of(0), nullptr);
}

TEST(ClientContexts, AreOneForEachCertificate) {
    const ClientContexts contexts = made(make(Mode::Conn, "clients/%i.crt", "clients/%i.key", "4"));
    EXPECT_EQ(contexts.size(), 4U);
    EXPECT_NE(contexts.of(0), contexts.of(3));
}

TEST(ClientContexts, AreSharedByTheEndsOfAPair) {
    const ClientContexts contexts = made(make(Mode::P2p, "clients/%i.crt", "clients/%i.key", "8"));
    EXPECT_EQ(contexts.size(), 4U);
    EXPECT_EQ(contexts.of(6), contexts.of(7));
    EXPECT_NE(contexts.of(5), contexts.of(6));
}

TEST(ClientContexts, NameTheFileThatIsWrong) {
    struct Case {
        const char* certificate;
        const char* key;
        const char* says;
    };
    const std::vector<Case> cases = {
        {"nothing.crt", "client.key", "nothing.crt"},
        {"client.crt", "nothing.key", "nothing.key"},
        {"client.crt", "mismatch.key", "mismatch.key"},
        {"client.key", "client.key", "client.key"},
        {"clients", "client.key", "clients"},                // a folder
        {"clients/%i.crt", "clients/%i.key", "clients/4."},  // there are 0 to 3
    };
    for (const Case& each : cases) {
        const auto result = make(Mode::Conn, each.certificate, each.key, "5");
        const tls::Problem* problem = std::get_if<tls::Problem>(&result);
        ASSERT_NE(problem, nullptr) << each.says;
        EXPECT_NE(problem->text.find(each.says), std::string::npos) << problem->text;
        EXPECT_EQ(problem->text.find("PRIVATE"), std::string::npos) << problem->text;
    }
}

TEST(ClientContexts, NameAnAuthorityThatIsMissing) {
    const auto result =
        ClientContexts::make(options_of(Mode::Conn, {"-S", "--cacertfile", "no-such-ca.pem"}));
    const tls::Problem* problem = std::get_if<tls::Problem>(&result);
    ASSERT_NE(problem, nullptr);
    EXPECT_NE(problem->text.find("--cacertfile: no-such-ca.pem: No such file"), std::string::npos)
        << problem->text;
}

}  // namespace
}  // namespace jumpgate::load
