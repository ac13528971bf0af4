// Every fault of a certificate, in both directions and both versions: refused with the right word,
// before any plaintext crosses, and the other side learns why.
#include <gtest/gtest.h>

#include "tests/tls/duo.h"
#include "tls/load.h"

namespace jumpgate::tls {
namespace {

constexpr Version kBoth[] = {Version::Tls12, Version::Tls13};

ClientContextRef held_to(Version version, ClientOptions options) {
    options.min_version = options.max_version = version;
    return made(options);
}

// A refusal and what the other side makes of it.
void expect_refused(Duo& duo, End& refusing, End& refused, Failure why, const std::string& about) {
    SCOPED_TRACE(about);
    EXPECT_FALSE(duo.shakes());
    EXPECT_EQ(text(refusing.engine->failure()), text(why)) << refusing.engine->detail();
    EXPECT_EQ(refusing.step, Step::Failed);
    EXPECT_FALSE(refusing.engine->established());
    EXPECT_EQ(refusing.engine->identity(), nullptr);
    EXPECT_NE(refusing.engine->detail(), "");
    const std::string_view expected = explanation(why);
    EXPECT_TRUE(expected.empty() || refusing.engine->detail() == expected)
        << refusing.engine->detail();
    EXPECT_EQ(text(refused.engine->failure()), text(Failure::PeerAlert))
        << refused.engine->detail();
    EXPECT_NE(refused.engine->alert(), 0);
    EXPECT_EQ(refusing.engine->write(as_bytes("secret")), Step::Failed);
    EXPECT_EQ(refusing.engine->output_bytes(), 0U);
}

struct Fault {
    std::string certificate;  // empty: none is shown
    Failure why;
};

TEST(ClientCertificates, AreRefusedForEachFault) {
    const Fault faults[] = {
        {"", Failure::NoCertificate},         {"other-client", Failure::UnknownCa},
        {"expired-client", Failure::Expired}, {"future-client", Failure::NotYetValid},
        {"revoked-client", Failure::Revoked}, {"wrong-usage", Failure::BadCertificate},
    };
    ServerOptions options = mutual_options();
    options.client_crl = pki_file("crl.pem");
    const auto server = made(options);
    for (const Fault& fault : faults) {
        for (const Version version : kBoth) {
            const auto shown =
                fault.certificate.empty() ? client_options() : client_options(fault.certificate);
            Duo duo(server, held_to(version, shown));
            expect_refused(duo, duo.server, duo.client, fault.why,
                           fault.certificate + (version == Version::Tls12 ? " 1.2" : " 1.3"));
        }
    }
}

TEST(ClientCertificates, AreRefusedBelowACaThatMayNotSign) {
    const auto server = made(mutual_options());
    for (const Version version : kBoth) {
        Duo duo(server, held_to(version, client_options("unsigning-client")));
        EXPECT_FALSE(duo.shakes());
        EXPECT_EQ(text(duo.server.engine->failure()), "bad_certificate");
    }
}

TEST(ClientCertificates, AreTakenWhereTheyAreGood) {
    ServerOptions options = mutual_options();
    options.client_crl = pki_file("crl.pem");
    const auto server = made(options);
    for (const Version version : kBoth) {
        for (const std::string name : {"client", "proxy", "big-client"}) {
            Duo duo(server, held_to(version, client_options(name)));
            EXPECT_TRUE(duo.shakes()) << name << ": " << duo.server.engine->detail();
            EXPECT_TRUE(duo.talks()) << name;
            EXPECT_NE(duo.server.engine->identity(), nullptr);
        }
    }
}

TEST(ClientCertificates, MayComeWithAnIntermediate) {
    const auto server = made(mutual_options());
    for (const Version version : kBoth) {
        Duo duo(server, held_to(version, client_options("client-chain")));
        EXPECT_TRUE(duo.shakes()) << duo.server.engine->detail();
        ASSERT_NE(duo.server.engine->identity(), nullptr);
        EXPECT_EQ(duo.server.engine->identity()->common_name, "client-chain");
    }
}

TEST(ClientCertificates, NeedTheCrlOfTheirIssuer) {
    ServerOptions options = mutual_options();
    options.client_crl = pki_file("crl.pem");  // of ca; client-chain is of intermediate
    Duo duo(made(options), made(client_options("client-chain")));
    expect_refused(duo, duo.server, duo.client, Failure::CrlMissing, "no CRL of intermediate");
}

TEST(ClientCertificates, AreOptionalWhereTheyAre) {
    const auto server = made(mutual_options(ClientAuth::Optional));
    for (const Version version : kBoth) {
        Duo without(server, held_to(version, client_options()));
        EXPECT_TRUE(without.shakes());
        EXPECT_TRUE(without.talks());
        EXPECT_EQ(without.server.engine->identity(), nullptr);
        Duo with(server, held_to(version, client_options("client")));
        EXPECT_TRUE(with.shakes());
        EXPECT_NE(with.server.engine->identity(), nullptr);
        Duo bad(server, held_to(version, client_options("other-client")));
        expect_refused(bad, bad.server, bad.client, Failure::UnknownCa, "optional, but bad");
    }
}

TEST(ClientCertificates, AreNotAskedForWhereNobodyWantsThem) {
    for (const Version version : kBoth) {
        Duo duo(made(server_options()), held_to(version, client_options("other-client")));
        EXPECT_TRUE(duo.shakes());
        EXPECT_EQ(duo.server.engine->identity(), nullptr);
    }
}

TEST(ServerCertificates, AreRefusedForEachFault) {
    const Fault faults[] = {
        {"other-server", Failure::UnknownCa},    {"expired-server", Failure::Expired},
        {"future-server", Failure::NotYetValid}, {"wrong-host", Failure::WrongName},
        {"client", Failure::BadCertificate},  // for clients only
    };
    for (const Fault& fault : faults) {
        ServerOptions options = server_options();
        options.pairs = {pki_pair(fault.certificate)};
        const auto server = made(options);
        for (const Version version : kBoth) {
            Duo duo(server, held_to(version, client_options()));
            expect_refused(duo, duo.client, duo.server, fault.why, fault.certificate);
        }
    }
}

TEST(RefusedCertificates, AreNamedForTheLogAlone) {
    const auto server = made(mutual_options());
    for (const Version version : kBoth) {
        for (const std::string name : {"other-client", "expired-client", "wrong-usage"}) {
            Duo duo(server, held_to(version, client_options(name)));
            EXPECT_FALSE(duo.shakes());
            EXPECT_EQ(duo.server.engine->identity(), nullptr);
            const Identity* claimed = duo.server.engine->claimed_identity();
            ASSERT_NE(claimed, nullptr) << name;
            EXPECT_EQ(claimed->common_name, name);
            EXPECT_EQ(*claimed, *identify(first_certificate(pki_file(name + ".crt"))));
        }
        Duo none(server, held_to(version, client_options()));
        EXPECT_FALSE(none.shakes());
        EXPECT_EQ(none.server.engine->claimed_identity(), nullptr);
        Duo good(server, held_to(version, client_options("client")));
        EXPECT_TRUE(good.shakes());
        EXPECT_EQ(good.server.engine->claimed_identity(), nullptr);
    }
    Duo elsewhere(made(server_options()), made(client_options()), "example.org");
    EXPECT_FALSE(elsewhere.shakes());
    ASSERT_NE(elsewhere.client.engine->claimed_identity(), nullptr);
    EXPECT_EQ(elsewhere.client.engine->claimed_identity()->common_name, "server");
}

TEST(ServerCertificates, AreHeldAgainstTheName) {
    const auto server = made(server_options());
    const auto client = made(client_options());
    for (const char* name :
         {"localhost", "LocalHost", "localhost.", "127.0.0.1", "::1", "0:0::1"}) {
        Duo duo(server, client, name);
        EXPECT_TRUE(duo.shakes()) << name << ": " << duo.client.engine->detail();
    }
    for (const char* name : {"example.org", "localhost.example", "127.0.0.2", "::2", "server"}) {
        Duo duo(server, client, name);
        expect_refused(duo, duo.client, duo.server, Failure::WrongName, name);
    }
}

TEST(ServerCertificates, AreSentAnSniOnlyForNames) {
    const auto server = made(server_options());
    const auto client = made(client_options());
    for (const char* name : {"127.0.0.1", "::1"}) {
        Duo duo(server, client, name);
        EXPECT_TRUE(duo.shakes());
        EXPECT_EQ(duo.server.engine->server_name(), "");
    }
}

TEST(ServerCertificates, MayBeForAnotherHostWithVerifyCa) {
    ServerOptions options = server_options();
    options.pairs = {pki_pair("wrong-host")};
    const auto server = made(options);
    ClientOptions lenient = client_options();
    lenient.verify = Verify::Ca;
    Duo duo(server, made(lenient));
    EXPECT_TRUE(duo.shakes()) << duo.client.engine->detail();
    EXPECT_NE(duo.client.engine->identity(), nullptr);
}

TEST(ServerCertificates, AreNotLookedAtWithVerifyNone) {
    for (const std::string name : {"other-server", "expired-server", "wrong-host"}) {
        ServerOptions options = server_options();
        options.pairs = {pki_pair(name)};
        ClientOptions blind = client_options();
        blind.verify = Verify::None;
        blind.ca = {};
        for (const Version version : kBoth) {
            Duo duo(made(options), held_to(version, blind), "anything.example");
            EXPECT_TRUE(duo.shakes()) << name << duo.client.engine->detail();
            EXPECT_TRUE(duo.talks());
            EXPECT_EQ(duo.client.engine->identity(), nullptr);  // not verified: nobody
        }
    }
}

TEST(ServerCertificates, AreCheckedAgainstTheCrl) {
    ServerOptions options = server_options();
    ClientOptions careful = client_options();
    careful.crl = pki_file("crl.pem");
    Duo good(made(options), made(careful));
    EXPECT_TRUE(good.shakes()) << good.client.engine->detail();
    careful.verify = Verify::Ca;
    options.pairs = {pki_pair("server-chain")};
    Duo uncovered(made(options), made(careful));
    expect_refused(uncovered, uncovered.client, uncovered.server, Failure::CrlMissing,
                   "no CRL of intermediate");
}

}  // namespace
}  // namespace jumpgate::tls
