#include "loadgen/broker_credentials.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/pki.h"

namespace jumpgate::broker {
namespace {

Credentials credentials(const std::string& cert, const std::string& key) {
    Credentials wanted;
    wanted.cert_file = pki_path(cert);
    wanted.key_file = pki_path(key);
    return wanted;
}

std::string problem_of(const Credentials& wanted) {
    const Parsed<tls::ServerContextRef> loaded = load(wanted);
    const Problem* problem = std::get_if<Problem>(&loaded);
    return problem == nullptr ? "" : problem->text;
}

TEST(Credentials, LoadsACertificateItsKeyAndTheClientsCa) {
    Credentials wanted = credentials("server.crt", "server.key");
    EXPECT_EQ(problem_of(wanted), "");
    wanted.client_auth = tls::ClientAuth::Required;
    wanted.client_ca_file = pki_path("ca.crt");
    EXPECT_EQ(problem_of(wanted), "");
    EXPECT_NE(std::get<tls::ServerContextRef>(load(wanted)), nullptr);
}

TEST(Credentials, NamesTheFileThatIsWrong) {
    Credentials without_ca = credentials("server.crt", "server.key");
    without_ca.client_auth = tls::ClientAuth::Optional;
    without_ca.client_ca_file = pki_path("nowhere.crt");
    const std::vector<std::pair<Credentials, std::string>> cases = {
        {credentials("nowhere.crt", "server.key"), "nowhere.crt"},
        {credentials("server.crt", "nowhere.key"), "nowhere.key"},
        {credentials("server.crt", "mismatch.key"), "mismatch.key"},
        {credentials("server.key", "server.key"), "server.key"},
        {credentials("server.crt", "server.crt"), "server.crt"},
        {without_ca, "nowhere.crt"},
    };
    for (const auto& [wanted, name] : cases) {
        const std::string problem = problem_of(wanted);
        EXPECT_NE(problem.find(name), std::string::npos) << name << ": " << problem;
    }
}

}  // namespace
}  // namespace jumpgate::broker
