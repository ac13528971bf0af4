#include "tls/context.h"

#include <gtest/gtest.h>

#include "tests/tls/duo.h"

namespace jumpgate::tls {
namespace {

std::string problem_of(const ServerOptions& options) {
    const auto made = make_server_context(options);
    const auto* problem = std::get_if<Problem>(&made);
    return problem == nullptr ? "" : problem->text;
}
std::string problem_of(const ClientOptions& options) {
    const auto made = make_client_context(options);
    const auto* problem = std::get_if<Problem>(&made);
    return problem == nullptr ? "" : problem->text;
}

TEST(MakeServerContext, SaysWhichFileIsWrongAndHow) {
    const Pem garbage{"garbage.pem", "no PEM at all"};
    const Pem broken{"broken.pem",
                     "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"};
    const Pair server = pki_pair("server");
    struct Case {
        Pair pair;
        std::string problem;
    };
    const Case cases[] = {
        {{garbage, server.key}, "garbage.pem: holds no certificate in PEM"},
        {{broken, server.key}, "broken.pem: holds a certificate that cannot be read"},
        {{server.certificate, garbage}, "garbage.pem: holds no private key in PEM"},
        {{server.certificate, pki_file("mismatch.key")},
         "mismatch.key: is not the key of server.crt"},
        {{server.certificate, pki_file("client.key")}, "client.key: is not the key of server.crt"},
        {{server.certificate,
          {"locked.key",
           "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"}},
         "locked.key: is encrypted with a pass phrase; take it off: openssl pkey -in FILE"},
    };
    for (const Case& c : cases) {
        ServerOptions options = server_options();
        options.pairs.push_back(c.pair);  // the second is checked like the first
        EXPECT_EQ(problem_of(options), c.problem);
    }
}

TEST(MakeServerContext, ChecksTheClientsCaAndCrl) {
    ServerOptions options = server_options();
    options.client_auth = ClientAuth::Required;
    EXPECT_EQ(problem_of(options), "client certificates can only be checked with a CA file");
    options.client_ca = {"empty.crt", "# nothing\n"};
    EXPECT_EQ(problem_of(options), "empty.crt: holds no CA certificate in PEM");
    options.client_ca = pki_file("client.crt");
    EXPECT_EQ(problem_of(options),
              "client.crt: holds a certificate that is no CA's (CA:TRUE is missing)");
    options.client_ca = pki_file("ca.crt");
    EXPECT_EQ(problem_of(options), "");
    options.client_crl = {"no.pem", "nothing"};
    EXPECT_EQ(problem_of(options), "no.pem: holds no CRL in PEM");
    options.client_crl = pki_file("other-crl.pem");
    EXPECT_EQ(problem_of(options), "other-crl.pem: is of none of the CAs in ca.crt");
    options.client_crl = pki_file("stale-crl.pem");
    EXPECT_EQ(problem_of(options), "stale-crl.pem: is out of date: fetch a new one from the CA");
    options.client_crl = pki_file("crl.pem");
    EXPECT_EQ(problem_of(options), "");
}

TEST(MakeServerContext, TakesSeveralCasAndCrlsInOneFile) {
    ServerOptions options = mutual_options();
    options.client_ca.text += "a comment\n" + pki_file("other-ca.crt").text;
    options.client_crl = {"crls", pki_file("crl.pem").text + pki_file("other-crl.pem").text};
    const auto server = made(options);
    for (const std::string name : {"client", "other-client"}) {
        Duo duo(server, made(client_options(name)));
        EXPECT_TRUE(duo.shakes()) << name << duo.server.engine->detail();
    }
    Duo revoked(server, made(client_options("revoked-client")));
    EXPECT_FALSE(revoked.shakes());
    EXPECT_EQ(revoked.server.engine->failure(), Failure::Revoked);
}

TEST(MakeServerContext, TakesKeyAndCertificateFromOneFile) {
    const std::string both = pki_file("server.key").text + pki_file("server.crt").text;
    ServerOptions options;
    options.pairs.push_back({{"both.pem", both}, {"both.pem", both}});
    EXPECT_EQ(problem_of(options), "");
}

TEST(MakeServerContext, NeedsACertificateAndVersionsInOrder) {
    EXPECT_EQ(problem_of(ServerOptions{}), "a TLS server needs a certificate and its key");
    ServerOptions options = server_options();
    options.min_version = Version::Tls13;
    options.max_version = Version::Tls12;
    EXPECT_EQ(problem_of(options), "the lowest TLS version is above the highest");
}

TEST(MakeServerContext, NamesTheUnknownCipherOrCurve) {
    ServerOptions options = server_options();
    options.ciphers = "TLS_AES_128_GCM_SHA256:RC4-MD5";
    EXPECT_TRUE(problem_of(options).starts_with("\"RC4-MD5\" is no cipher suite"));
    options.ciphers = "TLS_AES_128_GCM_SHA256";
    options.max_version = Version::Tls12;
    EXPECT_EQ(problem_of(options), "no cipher suite of the list belongs to an allowed TLS version");
    options = server_options();
    options.curves = "X25519:P-192";
    EXPECT_TRUE(problem_of(options).starts_with("\"P-192\" is no curve"));
}

TEST(MakeClientContext, ChecksWhatItIsGiven) {
    ClientOptions options = client_options();
    options.identity.certificate = pki_file("client.crt");
    EXPECT_EQ(problem_of(options),
              "a client certificate and its key belong together: one is missing");
    options.identity.key = pki_file("mismatch.key");
    EXPECT_EQ(problem_of(options), "mismatch.key: is not the key of client.crt");
    options = client_options();
    options.crl = pki_file("other-crl.pem");
    EXPECT_EQ(problem_of(options), "other-crl.pem: is of none of the CAs in ca.crt");
    options.ca = {"x.crt", "x"};
    EXPECT_EQ(problem_of(options), "x.crt: holds no CA certificate in PEM");
}

TEST(MakeClientContext, TrustsTheSystemByDefault) {
    Duo duo(made(server_options()), made(ClientOptions{}));
    EXPECT_FALSE(duo.shakes());
    EXPECT_EQ(duo.client.engine->failure(), Failure::UnknownCa);
}

// --- which certificate ---------------------------------------------------------------------------

class Sni : public testing::Test {
  protected:
    static ServerOptions sites() {
        ServerOptions options = server_options();
        options.pairs.push_back(pki_pair("server-wildcard"));
        options.pairs.push_back(pki_pair("server-b"));
        return options;
    }
    // The common name of the certificate that a client of `name` is shown.
    static std::string shown(const ServerContextRef& server, std::string_view name) {
        ClientOptions options = client_options();
        options.verify = Verify::Ca;
        Duo duo(server, made(options), name);
        if (!duo.shakes()) return std::string(text(duo.server.engine->failure()));
        return duo.client.engine->identity()->common_name;
    }
};

TEST_F(Sni, ChoosesTheCertificate) {
    const auto server = made(sites());
    EXPECT_EQ(shown(server, "localhost"), "server");
    EXPECT_EQ(shown(server, "b.example.test"), "b.example.test");
    EXPECT_EQ(shown(server, "B.Example.Test"), "b.example.test");
    EXPECT_EQ(shown(server, "x.wild.example.test"), "*.wild.example.test");
    EXPECT_EQ(shown(server, "unknown.example.test"), "server");
    EXPECT_EQ(shown(server, "x.y.wild.example.test"), "server");  // a wildcard is one label
    EXPECT_EQ(shown(server, "wild.example.test"), "server");
    EXPECT_EQ(shown(server, "127.0.0.1"), "server");  // no SNI at all
}

TEST_F(Sni, IsRequiredWhereItIsStrict) {
    ServerOptions options = sites();
    options.strict_sni = true;
    const auto server = made(options);
    EXPECT_EQ(shown(server, "localhost"), "server");
    EXPECT_EQ(shown(server, "x.wild.example.test"), "*.wild.example.test");
    EXPECT_EQ(shown(server, "unknown.example.test"), "unknown_server_name");
    EXPECT_EQ(shown(server, "127.0.0.1"), "unknown_server_name");
    Duo duo(server, made(client_options()), "unknown.example.test");
    EXPECT_FALSE(duo.shakes());
    EXPECT_EQ(duo.client.engine->failure(), Failure::PeerAlert);
    EXPECT_EQ(alert_text(duo.client.engine->alert()), "unrecognized_name");
}

// --- what is agreed on ---------------------------------------------------------------------------

TEST(Alpn, IsTheServersFirstThatTheClientOffers) {
    struct Case {
        std::vector<std::string> server;
        std::vector<std::string> client;
        std::string agreed;
    };
    const Case cases[] = {
        {{"mqtt", "http/1.1"}, {"http/1.1", "mqtt"}, "mqtt"},
        {{"mqtt", "http/1.1"}, {"h2", "http/1.1"}, "http/1.1"},
        {{"mqtt"}, {"h2"}, ""},
        {{"mqtt"}, {}, ""},
        {{}, {"mqtt"}, ""},
    };
    for (const Version version : {Version::Tls12, Version::Tls13}) {
        for (const Case& c : cases) {
            ServerOptions server = server_options();
            server.alpn = c.server;
            ClientOptions client = client_options();
            client.alpn = c.client;
            client.max_version = client.min_version = version;
            Duo duo(made(server), made(client));
            ASSERT_TRUE(duo.shakes()) << duo.server.engine->detail();
            EXPECT_TRUE(duo.talks());
            EXPECT_EQ(duo.server.engine->alpn(), c.agreed);
            EXPECT_EQ(duo.client.engine->alpn(), c.agreed);
        }
    }
}

TEST(Versions, BelowTheMinimumAreRefused) {
    ServerOptions server = server_options();
    server.min_version = Version::Tls13;
    ClientOptions old = client_options();
    old.max_version = Version::Tls12;
    Duo duo(made(server), made(old));
    EXPECT_FALSE(duo.shakes());
    EXPECT_EQ(duo.server.engine->failure(), Failure::UnsupportedVersion);
    EXPECT_EQ(alert_text(duo.client.engine->alert()), "protocol_version");

    ServerOptions old_server = server_options();
    old_server.max_version = Version::Tls12;
    ClientOptions modern = client_options();
    modern.min_version = Version::Tls13;
    Duo other(made(old_server), made(modern));
    EXPECT_FALSE(other.shakes());
    Duo both(made(old_server), made(client_options()));
    EXPECT_TRUE(both.shakes()) << both.server.engine->detail();
    EXPECT_EQ(both.server.engine->version(), "TLSv1.2");
}

TEST(Ciphers, AreTheServersChoice) {
    struct Case {
        std::string server;
        std::string client;
        std::string agreed;  // empty: nothing in common
    };
    const Case cases[] = {
        {"", "", "TLS_AES_128_GCM_SHA256"},
        {"", "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"},
        {"TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256",
         "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384"},
        {"TLS_CHACHA20_POLY1305_SHA256", "", "TLS_CHACHA20_POLY1305_SHA256"},
        {"ECDHE-ECDSA-AES256-GCM-SHA384", "", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"},
        {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "",
         "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"},
        {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", ""},
        {"ECDHE-RSA-AES128-GCM-SHA256", "", ""},  // the certificate is ECDSA
    };
    for (const Case& c : cases) {
        ServerOptions server = server_options();
        server.ciphers = c.server;
        ClientOptions client = client_options();
        client.ciphers = c.client;
        Duo duo(made(server), made(client));
        duo.run();
        EXPECT_EQ(duo.server.engine->cipher(), c.agreed) << c.server << " | " << c.client;
        if (!c.agreed.empty()) {
            EXPECT_TRUE(duo.talks());
        } else {
            EXPECT_EQ(text(duo.server.engine->failure()), "no_common_cipher")
                << duo.server.engine->detail();
            EXPECT_EQ(duo.client.engine->failure(), Failure::PeerAlert);
        }
    }
}

TEST(Curves, MustBeInCommon) {
    struct Case {
        std::string server;
        std::string client;
        bool works;
    };
    const Case cases[] = {
        {"", "P-256", true},        {"", "P-384", true},
        {"P-256", "", true},        {"P-384", "X25519:P-384", true},
        {"X25519", "P-256", false}, {"P-256", "P-384", false},
    };
    for (const Version version : {Version::Tls12, Version::Tls13}) {
        for (const Case& c : cases) {
            // In TLS 1.2 a wolfSSL server takes any curve it knows (context.h).
            if (version == Version::Tls12 && !c.works) continue;
            ServerOptions server = server_options();
            server.curves = c.server;
            ClientOptions client = client_options();
            client.curves = c.client;
            client.min_version = client.max_version = version;
            Duo duo(made(server), made(client));
            EXPECT_EQ(duo.shakes(), c.works)
                << c.server << " | " << c.client << (version == Version::Tls12 ? " 1.2 " : " 1.3 ")
                << duo.server.engine->detail() << " / " << duo.client.engine->detail();
            if (c.works) continue;
            EXPECT_EQ(text(duo.server.engine->failure()), "no_common_cipher");
        }
    }
}

}  // namespace
}  // namespace jumpgate::tls
