#include "loadgen/broker_command.h"

#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <utility>
#include <vector>

namespace jumpgate {
namespace {

struct Outcome {
    int code = 0;
    std::string out;
    std::string err;
};

Outcome run(const std::vector<std::string>& words) {
    std::vector<const char*> arguments;
    for (const std::string& word : words) arguments.push_back(word.c_str());
    sigset_t before;
    pthread_sigmask(SIG_SETMASK, nullptr, &before);
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    Outcome outcome;
    outcome.code = broker_command(arguments);
    outcome.out = testing::internal::GetCapturedStdout();
    outcome.err = testing::internal::GetCapturedStderr();
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return outcome;
}

TEST(BrokerCommand, RefusesAWrongCommandLineInOneLineThatNamesTheFlag) {
    const std::vector<std::vector<std::string>> cases = {
        {},
        {"--listen"},
        {"--listen", "example.org:1883"},
        {"--listen", "127.0.0.1:70000"},
        {"--listen", "127.0.0.1:1883", "--listen", "127.0.0.1:1883"},
    };
    for (const std::vector<std::string>& words : cases) {
        const Outcome outcome = run(words);
        EXPECT_EQ(outcome.code, 2);
        EXPECT_EQ(outcome.out, "");
        EXPECT_NE(outcome.err.find("--listen"), std::string::npos) << outcome.err;
        EXPECT_EQ(outcome.err.find('\n'), outcome.err.size() - 1) << outcome.err;
    }
    EXPECT_EQ(run({"--listen", "127.0.0.1:0", "--inflight-max", "0"}).code, 2);
}

TEST(BrokerCommand, RefusesHalfOfWhatTlsNeeds) {
    const std::vector<std::string> tls = {"--tls-listen", "127.0.0.1:0"};
    const std::vector<std::string> pair = {"--cert", "a.crt", "--key", "a.key"};
    const auto joined = [](std::vector<std::string> words, const std::vector<std::string>& more) {
        words.insert(words.end(), more.begin(), more.end());
        return words;
    };
    const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
        {tls, "--cert FILE"},
        {joined(tls, {"--cert", "a.crt"}), "--key FILE"},
        {joined(tls, {"--key", "a.key"}), "--cert FILE"},
        {joined({"--listen", "127.0.0.1:0"}, pair), "--tls-listen ADDR:PORT"},
        {{"--listen", "127.0.0.1:0", "--client-ca", "ca.crt"}, "--tls-listen ADDR:PORT"},
        {{"--listen", "127.0.0.1:0", "--client-auth", "required"}, "--tls-listen ADDR:PORT"},
        {{"--listen", "127.0.0.1:0", "--tls-version", "1.3"}, "--tls-listen ADDR:PORT"},
        {joined(joined(tls, pair), {"--client-auth", "optional"}), "--client-ca FILE"},
        {joined(joined(tls, pair), {"--tls-version", "1.1"}), "any, 1.2, 1.3"},
    };
    for (const auto& [words, wanted] : cases) {
        const Outcome outcome = run(words);
        EXPECT_EQ(outcome.code, 2);
        EXPECT_NE(outcome.err.find(wanted), std::string::npos) << outcome.err;
        EXPECT_EQ(outcome.err.find('\n'), outcome.err.size() - 1) << outcome.err;
    }
}

TEST(BrokerCommand, EndsWith1WhereACertificateCannotBeRead) {
    const Outcome outcome =
        run({"--tls-listen", "127.0.0.1:0", "--cert", "/nowhere/a.crt", "--key", "/nowhere/a.key"});
    EXPECT_EQ(outcome.code, 1);
    EXPECT_EQ(outcome.out, "");
    EXPECT_NE(outcome.err.find("/nowhere/a.crt"), std::string::npos) << outcome.err;
}

TEST(BrokerCommand, WantsANameForEachBrokerOrForNone) {
    const std::vector<std::string> two = {"--listen", "127.0.0.1:0", "--listen", "127.0.0.1:0"};
    for (const std::vector<std::string>& names :
         {std::vector<std::string>{"--name", "one"},
          {"--name", "one", "--name", "two", "--name", "three"},
          {"--name", "one", "--name", "with \"quotes\""},
          {"--name", "one", "--name", ""}}) {
        std::vector<std::string> words = two;
        words.insert(words.end(), names.begin(), names.end());
        const Outcome outcome = run(words);
        EXPECT_EQ(outcome.code, 2);
        EXPECT_NE(outcome.err.find("--name"), std::string::npos) << outcome.err;
    }
}

TEST(BrokerCommand, RefusesFaultsThatContradictEachOther) {
    const Outcome outcome = run({"--listen", "127.0.0.1:0", "--refuse-code", "0x89"});
    EXPECT_EQ(outcome.code, 2);
    EXPECT_NE(outcome.err.find("--refuse N%"), std::string::npos) << outcome.err;
}

TEST(BrokerCommand, SaysInItsHelpWhatItIsFor) {
    const Outcome outcome = run({"--help"});
    EXPECT_EQ(outcome.code, 0);
    EXPECT_NE(outcome.out.find("not for\nproduction"), std::string::npos);
}

TEST(BrokerCommand, EndsWith1WhereItCannotListenAndStopsWhatItHasStarted) {
    // 192.0.2.0/24 is nobody's (RFC 5737).
    const Outcome outcome =
        run({"--connections-max", "16", "--listen", "127.0.0.1:0", "--listen", "192.0.2.1:1883"});
    EXPECT_EQ(outcome.code, 1);
    EXPECT_TRUE(outcome.out.starts_with("broker 1 listening on 127.0.0.1:")) << outcome.out;
    EXPECT_NE(outcome.err.find("192.0.2.1:1883"), std::string::npos) << outcome.err;
}

}  // namespace
}  // namespace jumpgate
