#include "loadgen/tls_options.h"

#include <gtest/gtest.h>

#include <vector>

#include "loadgen/options.h"

namespace jumpgate::load {
namespace {

std::variant<Options, FlagsExit> parse(std::vector<const char*> arguments) {
    return parse_options(Mode::Conn, arguments, 20'000);
}
Options good(std::vector<const char*> arguments) {
    auto parsed = parse(std::move(arguments));
    if (const FlagsExit* exit = std::get_if<FlagsExit>(&parsed)) {
        ADD_FAILURE() << exit->text;
        return {};
    }
    return std::get<Options>(parsed);
}

TEST(TlsOptions, AreOffAndVerifyWhereNothingElseIsSaid) {
    const Options plain = good({});
    EXPECT_FALSE(plain.tls.on);
    EXPECT_EQ(plain.port, 1883);
    const Options secure = good({"-S"});
    EXPECT_TRUE(secure.tls.on);
    EXPECT_TRUE(secure.tls.verify);
    EXPECT_EQ(secure.tls.versions, TlsVersions::Both);
    EXPECT_EQ(secure.tls.resume_percent, 0U);
    EXPECT_TRUE(secure.tls.server_name.empty());
    EXPECT_TRUE(secure.tls.certificate_path.empty());
    EXPECT_TRUE(secure.notes.empty());
}

TEST(TlsOptions, HaveThePortOfTheirOwnUnlessOneIsGiven) {
    EXPECT_EQ(good({"-S"}).port, 8883);
    EXPECT_EQ(good({"--ssl", "-p", "1883"}).port, 1883);
}

TEST(TlsOptions, TakeAllThatIsGiven) {
    const TlsOptions tls =
        good({"-S", "--cacertfile", "ca.pem", "--certfile", "c/%i.pem", "--keyfile", "k/%i.pem",
              "--tls-version", "1.2", "--sni", "b.example", "--tls-resume", "25"})
            .tls;
    EXPECT_EQ(tls.ca_path, "ca.pem");
    EXPECT_TRUE(tls.certificate_path.has('i'));
    EXPECT_EQ(tls.key_path.text(), "k/%i.pem");
    EXPECT_EQ(tls.versions, TlsVersions::Only12);
    EXPECT_EQ(tls.server_name, "b.example");
    EXPECT_EQ(tls.resume_percent, 25U);
    EXPECT_EQ(good({"-S", "--tls-version", "1.3"}).tls.versions, TlsVersions::Only13);
}

TEST(TlsOptions, SayWhatNoVerifyMeans) {
    const Options options = good({"-S", "--no-verify", "-P", "secret"});
    EXPECT_FALSE(options.tls.verify);
    ASSERT_EQ(options.notes.size(), 1U);
    EXPECT_NE(options.notes[0].find("passwords"), std::string::npos);
    EXPECT_EQ(options.notes[0].find("secret"), std::string::npos);
    EXPECT_EQ(good({"-S", "--no-verify"}).notes.size(), 1U);
}

TEST(TlsOptions, RefuseInOneLineThatNamesTheFlag) {
    struct Case {
        std::vector<const char*> arguments;
        const char* says;
    };
    const std::vector<Case> cases = {
        {{"--cacertfile", "ca"}, "--cacertfile: needs TLS; add -S"},
        {{"--certfile", "c", "--keyfile", "k"}, "--certfile: needs TLS"},
        {{"--tls-version", "1.3"}, "--tls-version: needs TLS"},
        {{"--sni", "x"}, "--sni: needs TLS"},
        {{"--no-verify"}, "--no-verify: needs TLS"},
        {{"--tls-resume", "5"}, "--tls-resume: needs TLS"},
        {{"-S", "--certfile", "c"}, "--certfile: needs its private key"},
        {{"-S", "--keyfile", "k"}, "--keyfile: needs its certificate"},
        {{"-S", "--certfile", "%c", "--keyfile", "k"}, "--certfile: \"%c\" has an unknown"},
        {{"-S", "--certfile", "c", "--keyfile", "%u"}, "--keyfile: \"%u\" has an unknown"},
        {{"-S", "--no-verify", "--cacertfile", "ca"}, "--cacertfile: is for verification"},
        {{"-S", "--tls-version", "1.1"}, "allowed: one of 1.2, 1.3"},
        {{"-S", "--tls-resume", "101"}, "allowed: 0 to 100"},
    };
    for (const Case& each : cases) {
        auto parsed = parse(each.arguments);
        ASSERT_TRUE(std::holds_alternative<FlagsExit>(parsed)) << each.says;
        const FlagsExit& exit = std::get<FlagsExit>(parsed);
        EXPECT_EQ(exit.exit_code, 2);
        EXPECT_EQ(std::count(exit.text.begin(), exit.text.end(), '\n'), 1) << exit.text;
        EXPECT_NE(exit.text.find(each.says), std::string::npos) << each.says << ": " << exit.text;
    }
}

}  // namespace
}  // namespace jumpgate::load
