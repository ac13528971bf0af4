// Groups of certificates: the name that a client sends settles what it must show.
#include "tls/contexts.h"

#include <gtest/gtest.h>

#include "tests/tls/duo.h"

namespace jumpgate::tls {
namespace {

constexpr Version kBoth[] = {Version::Tls12, Version::Tls13};

ServerGroup group_of(const std::string& label, const std::string& pair,
                     std::vector<std::string> names) {
    ServerGroup group;
    group.label = label;
    group.pairs.push_back(pki_pair(pair));
    group.names = std::move(names);
    return group;
}

ServerGroup asking(ServerGroup group, const std::string& ca, ClientAuth auth) {
    group.client_auth = auth;
    group.client_ca = pki_file(ca);
    return group;
}

// The default asks for nothing; mine and theirs for a certificate of one CA each.
ServerOptions fleet() {
    ServerOptions options = server_options();
    options.others.push_back(
        asking(group_of("mine", "server-b", {"mine.test"}), "ca.crt", ClientAuth::Required));
    options.others.push_back(asking(group_of("theirs", "server-chain", {"*.theirs.test"}),
                                    "other-ca.crt", ClientAuth::Required));
    options.others.push_back(
        asking(group_of("maybe", "server", {"maybe.test"}), "ca.crt", ClientAuth::Optional));
    return options;
}

// How it goes for a client with the identity (empty: none): its common name, "anonymous", or why
// it is refused.
std::string outcome(const ServerContextRef& server, const std::string& name, Version version,
                    const std::string& identity) {
    ClientOptions options = identity.empty() ? client_options() : client_options(identity);
    options.verify = Verify::Ca;  // names beyond those in the certificates
    options.min_version = options.max_version = version;
    Duo duo(server, made(options), name);
    if (!duo.shakes() || !duo.talks()) return std::string(text(duo.server.engine->failure()));
    const Identity* who = duo.server.engine->identity();
    return who == nullptr ? "anonymous" : who->common_name;
}

TEST(Groups, AskTheirOwnClientsForTheirOwnCertificates) {
    struct Case {
        std::string name;
        std::string identity;
        std::string outcome;
    };
    const Case cases[] = {
        {"localhost", "", "anonymous"},
        {"localhost", "client", "anonymous"},  // is not asked
        {"mine.test", "client", "client"},
        {"mine.test", "other-client", "unknown_ca"},
        {"mine.test", "", "no_certificate"},
        {"MINE.test", "", "no_certificate"},
        {"mine.test.", "", "no_certificate"},
        {"a.theirs.test", "other-client", "other-client"},
        {"a.theirs.test", "client", "unknown_ca"},
        {"b.theirs.test", "", "no_certificate"},
        {"a.b.theirs.test", "", "no_certificate"},
        {"theirs.test", "", "anonymous"},
        {"maybe.test", "", "anonymous"},
        {"maybe.test", "client", "client"},
        {"maybe.test", "other-client", "unknown_ca"},
        {"nobody.test", "", "anonymous"},
        {"127.0.0.1", "", "anonymous"},  // no SNI
    };
    const auto server = made(fleet());
    for (const Version version : kBoth) {
        for (const Case& c : cases) {
            EXPECT_EQ(outcome(server, c.name, version, c.identity), c.outcome)
                << c.name << " " << c.identity << (version == Version::Tls12 ? " 1.2" : " 1.3");
        }
    }
}

TEST(Groups, DefaultToTheFirstWhateverItAsks) {
    ServerOptions options = mutual_options();
    options.others.push_back(group_of("open", "server-b", {"open.test"}));
    const auto server = made(options);
    for (const Version version : kBoth) {
        EXPECT_EQ(outcome(server, "open.test", version, ""), "anonymous");
        EXPECT_EQ(outcome(server, "127.0.0.1", version, ""), "no_certificate");
        EXPECT_EQ(outcome(server, "127.0.0.1", version, "client"), "client");
        EXPECT_EQ(outcome(server, "nobody.test", version, ""), "no_certificate");
    }
    options.strict_sni = true;
    EXPECT_EQ(outcome(made(options), "127.0.0.1", Version::Tls13, "client"), "unknown_server_name");
}

TEST(Groups, HaveTheirOwnRevocationLists) {
    ServerOptions options = fleet();
    options.others[0].client_crl = pki_file("crl.pem");
    const auto server = made(options);
    for (const Version version : kBoth) {
        EXPECT_EQ(outcome(server, "mine.test", version, "revoked-client"), "revoked");
        EXPECT_EQ(outcome(server, "mine.test", version, "client"), "client");
        EXPECT_EQ(outcome(server, "maybe.test", version, "revoked-client"), "revoked-client");
    }
}

TEST(Groups, HaveTheirOwnDepth) {
    struct Case {
        uint32_t depth;
        std::string identity;
        std::string outcome;
    };
    const Case cases[] = {
        {0, "client", "client"},
        {0, "client-chain", "chain_too_long"},
        {0, "deep-client", "chain_too_long"},
        {1, "client-chain", "client-chain"},
        {1, "deep-client", "chain_too_long"},
        {2, "client", "client"},
        {2, "deep-client", "deep-client"},
    };
    ServerOptions options = fleet();
    for (const Case& c : cases) {
        options.others[0].client_depth = c.depth;
        const auto server = made(options);
        for (const Version version : kBoth) {
            EXPECT_EQ(outcome(server, "maybe.test", version, "deep-client"), "deep-client");
            EXPECT_EQ(outcome(server, "mine.test", version, c.identity), c.outcome) << c.depth;
        }
    }
}

TEST(Groups, HaveTheirOwnVersions) {
    ServerOptions options = server_options();
    options.others.push_back(group_of("new", "server", {"new.test"}));
    options.others.back().min_version = Version::Tls13;
    options.others.push_back(group_of("old", "server", {"old.test"}));
    options.others.back().max_version = Version::Tls12;
    const auto server = made(options);
    const auto version_at = [&](const std::string& name, Version low, Version high) {
        ClientOptions client = client_options();
        client.verify = Verify::Ca;
        client.min_version = low;
        client.max_version = high;
        Duo duo(server, made(client), name);
        return duo.shakes() ? std::string(duo.server.engine->version())
                            : std::string(text(duo.server.engine->failure()));
    };
    EXPECT_EQ(version_at("new.test", Version::Tls12, Version::Tls13), "TLSv1.3");
    EXPECT_EQ(version_at("new.test", Version::Tls12, Version::Tls12), "unsupported_version");
    EXPECT_EQ(version_at("old.test", Version::Tls12, Version::Tls13), "TLSv1.2");
    EXPECT_NE(version_at("old.test", Version::Tls13, Version::Tls13), "TLSv1.3");
    EXPECT_EQ(version_at("localhost", Version::Tls12, Version::Tls12), "TLSv1.2");
    EXPECT_EQ(version_at("localhost", Version::Tls12, Version::Tls13), "TLSv1.3");
}

// ---- Which certificate

ClientHello hello_to(const std::string& name, KeyTypes checks = {true, true, true}) {
    ClientHello hello;
    hello.server_name = name;
    hello.checks = checks;
    return hello;
}

TEST(Choose, TakesExactNamesBeforeWildcardsBeforeAny) {
    ServerOptions options = server_options();
    options.others.push_back(group_of("any", "server", {"*"}));
    options.others.push_back(group_of("wild", "server", {"*.x.test", "*.y.test"}));
    options.others.push_back(group_of("exact", "server", {"a.x.test", "Z.test."}));
    const auto server = made(options);
    const auto title = [&](const std::string& name) {
        return server->choose(hello_to(name))->title;
    };
    EXPECT_EQ(title("a.x.test"), "exact");
    EXPECT_EQ(title("z.test"), "exact");
    EXPECT_EQ(title("b.x.test"), "wild");
    EXPECT_EQ(title("a.y.test"), "wild");
    EXPECT_EQ(title("a.b.x.test"), "wild");
    EXPECT_EQ(title("b.a.x.test"), "wild");
    EXPECT_EQ(title("x.test"), "any");
    EXPECT_EQ(title("test"), "any");
    EXPECT_EQ(title("localhost"), "server.crt");
    EXPECT_EQ(title(""), "server.crt");
}

TEST(Choose, TakesTheLongestWildcard) {
    ServerOptions options = server_options();
    options.others.push_back(group_of("short", "server", {"*.test"}));
    options.others.push_back(group_of("long", "server", {"*.x.test"}));
    options.others.push_back(group_of("certified", "server-wildcard", {}));  // *.wild.example.test
    const auto server = made(options);
    const auto title = [&](const std::string& name) {
        return server->choose(hello_to(name))->title;
    };
    EXPECT_EQ(title("a.test"), "short");
    EXPECT_EQ(title("x.test"), "short");
    EXPECT_EQ(title("a.y.test"), "short");
    EXPECT_EQ(title("a.x.test"), "long");
    EXPECT_EQ(title("a.b.x.test"), "long");
    EXPECT_EQ(title("a.wild.example.test"), "certified");
    EXPECT_EQ(title("a.b.wild.example.test"), "short");  // one label alone is certified
}

TEST(Choose, TakesTheFirstOfAGroupWhoseKeyTheClientCanCheck) {
    ServerOptions options;
    options.pairs = {pki_pair("server"), pki_pair("server-rsa")};
    options.names = {"any.test"};
    const auto server = made(options);
    const auto title = [&](KeyTypes checks) {
        const std::string named = server->choose(hello_to("any.test", checks))->title;
        EXPECT_EQ(server->choose(hello_to("", checks))->title, named);
        return named;
    };
    EXPECT_EQ(title({true, true, true}), "server.crt");
    EXPECT_EQ(title({false, true, false}), "server.crt");
    EXPECT_EQ(title({true, false, true}), "server-rsa.crt");
    EXPECT_EQ(title({false, false, false}), "server.crt");
    for (const auto& [ciphers, expected] :
         {std::pair("ECDHE-RSA-AES128-GCM-SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
          std::pair("ECDHE-ECDSA-AES128-GCM-SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256")}) {
        ClientOptions client = client_options();
        client.ciphers = ciphers;
        Duo duo(server, made(client));
        EXPECT_TRUE(duo.shakes()) << duo.server.engine->detail();
        EXPECT_EQ(duo.server.engine->cipher(), expected);
    }
}

TEST(Choose, PrefersACertificateThatCertifiesTheName) {
    ServerOptions options;
    options.pairs = {pki_pair("server"), pki_pair("server-b"), pki_pair("server-wildcard")};
    options.names = {"localhost", "b.example.test", "*.wild.example.test", "other.test"};
    const auto server = made(options);
    EXPECT_EQ(server->choose(hello_to("localhost"))->title, "server.crt");
    EXPECT_EQ(server->choose(hello_to("b.example.test"))->title, "server-b.crt");
    EXPECT_EQ(server->choose(hello_to("a.wild.example.test"))->title, "server-wildcard.crt");
    EXPECT_EQ(server->choose(hello_to("other.test"))->title, "server.crt");
}

// ---- What cannot be a context

std::string problem_of(const ServerOptions& options) {
    const auto made = make_server_context(options);
    const auto* problem = std::get_if<Problem>(&made);
    return problem == nullptr ? "" : problem->text;
}

TEST(Groups, MayNotShareAName) {
    struct Case {
        std::vector<std::string> first;
        std::vector<std::string> second;
        std::string problem;
    };
    const std::string end = "; a name (SNI) can choose one of them only";
    const Case cases[] = {
        {{"a.test"}, {"b.test"}, ""},
        {{"a.test", "a.test"}, {"b.test"}, ""},  // twice in one is once too often, no more
        {{"a.test"}, {"c.test", "A.test."}, "two: the name a.test is also one of one" + end},
        {{"*.a.test"}, {"*.a.test"}, "two: the name *.a.test is also one of one" + end},
        {{"*.a.test"}, {"x.a.test"}, ""},
        {{"a.test"}, {"localhost"}, "two: the name localhost is also one of server.crt" + end},
        {{"a.test"}, {"127.0.0.1"}, ""},
        {{"a.test"}, {}, "two: the name localhost is also one of server.crt" + end},
    };
    for (const Case& c : cases) {
        ServerOptions options = server_options();
        options.others.push_back(group_of("one", "server-b", c.first));
        options.others.push_back(group_of("two", "server-rsa", c.second));
        EXPECT_EQ(problem_of(options), c.problem);
    }
}

TEST(Groups, AreNamedInProblems) {
    const auto problem_with = [](auto change) {
        ServerOptions options = fleet();
        change(options.others[1]);
        return problem_of(options);
    };
    EXPECT_EQ(problem_with([](ServerGroup& g) { g.pairs.clear(); }),
              "theirs: a TLS server needs a certificate and its key");
    EXPECT_EQ(problem_with([](ServerGroup& g) { g.client_ca = {}; }),
              "theirs: client certificates can only be checked with a CA file");
    EXPECT_EQ(problem_with([](ServerGroup& g) { g.pairs[0].key = pki_file("mismatch.key"); }),
              "theirs: mismatch.key: is not the key of server-chain.crt");
    EXPECT_EQ(problem_with([](ServerGroup& g) {
                  g.min_version = Version::Tls13;
                  g.max_version = Version::Tls12;
              }),
              "theirs: the lowest TLS version is above the highest");
}

TEST(ExpiryS, IsThatOfTheFirstCertificate) {
    const Pem forever = pki_file("server.crt");
    const Pem soon = pki_file("soon-server.crt");
    EXPECT_GT(expiry_s(soon), 0U);
    EXPECT_LT(expiry_s(soon), expiry_s(forever));
    EXPECT_EQ(expiry_s({"both", soon.text + forever.text}), expiry_s(soon));
    EXPECT_EQ(expiry_s({"none", "no PEM"}), 0U);
}

}  // namespace
}  // namespace jumpgate::tls
