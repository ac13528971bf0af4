#include "tls/chain.h"

#include <gtest/gtest.h>

#include "tests/tls/duo.h"
#include "tls/load.h"

namespace jumpgate::tls {
namespace {

constexpr Version kBoth[] = {Version::Tls12, Version::Tls13};

Pem joined(std::initializer_list<const char*> names) {
    Pem all{"joined", ""};
    for (const char* name : names) all.text += pki_file(name).text;
    return all;
}

// A peer's pair that shows only the first certificate of the file, and then `extra`.
Pair shown(const std::string& name, std::initializer_list<const char*> extra) {
    Pair pair = pki_pair(name);
    pair.certificate.text = pem_blocks(pair.certificate.text, "CERTIFICATE").front();
    pair.certificate.text += "\n" + joined(extra).text;
    return pair;
}

ClientContextRef client_of(Version version, const Pair& pair) {
    ClientOptions options = client_options();
    options.identity = pair;
    options.min_version = options.max_version = version;
    return made(options);
}

// What the server makes of a client with this pair; None: they talk.
Failure judged(const ServerContextRef& server, Version version, const Pair& pair) {
    Duo duo(server, client_of(version, pair));
    if (duo.shakes() && duo.talks()) return Failure::None;
    return duo.server.engine->failure();
}

// What a client makes of a server with this pair.
Failure judged_server(const ClientContextRef& client, const Pair& pair) {
    ServerOptions options = server_options();
    options.pairs = {pair};
    Duo duo(made(options), client);
    if (duo.shakes() && duo.talks()) return Failure::None;
    return duo.client.engine->failure();
}

ServerContextRef trusting(const Pem& ca, const Pem& crl = {}) {
    ServerOptions options = mutual_options();
    options.client_ca = ca;
    options.client_crl = crl;
    return made(options);
}

TEST(Chain, OfOneClientServesNoOther) {
    const auto server = made(mutual_options());
    for (const Version version : kBoth) {
        const Pair alone = shown("client-chain", {});
        EXPECT_EQ(judged(server, version, alone), Failure::UnknownCa);
        EXPECT_EQ(judged(server, version, pki_pair("client-chain")), Failure::None);
        EXPECT_EQ(judged(server, version, alone), Failure::UnknownCa);
        EXPECT_EQ(judged(server, version, shown("client-chain", {"other-ca.crt"})),
                  Failure::UnknownCa);
        EXPECT_EQ(judged(server, version, pki_pair("client-chain")), Failure::None);
        EXPECT_EQ(judged(server, version, pki_pair("client")), Failure::None);
    }
}

TEST(Chain, OfOneServerServesNoOther) {
    const auto client = made(client_options());
    EXPECT_EQ(judged_server(client, pki_pair("server-chain")), Failure::None);
    EXPECT_EQ(judged_server(client, shown("server-chain", {})), Failure::UnknownCa);
    EXPECT_EQ(judged_server(client, pki_pair("server")), Failure::None);
}

TEST(Chain, MayHoldWhatBelongsToNone) {
    const auto server = made(mutual_options());
    for (const Version version : kBoth) {
        for (int turn = 0; turn < 2; ++turn) {  // before and after the intermediate is known
            const Pair pairs[] = {
                shown("client-chain", {"intermediate.crt", "ca.crt"}),
                shown("client-chain", {"other-ca.crt", "intermediate.crt"}),
                shown("client-chain", {"intermediate.crt", "other-ca.crt"}),
                shown("client-chain", {"intermediate.crt", "intermediate.crt"}),
                shown("client-chain", {"server.crt", "intermediate.crt"}),
                shown("client", {"ca.crt"}),
                shown("client", {"other-ca.crt"}),
            };
            for (const Pair& pair : pairs) EXPECT_EQ(judged(server, version, pair), Failure::None);
        }
    }
}

TEST(Chain, EndsAtAnIntermediateThatTheOperatorTrusts) {
    for (const Version version : kBoth) {
        const auto server = trusting(pki_file("intermediate.crt"));
        for (int turn = 0; turn < 2; ++turn) {
            EXPECT_EQ(judged(server, version, shown("client-chain", {})), Failure::None);
            EXPECT_EQ(judged(server, version, pki_pair("client-chain")), Failure::None);
            EXPECT_EQ(
                judged(server, version, shown("client-chain", {"intermediate.crt", "ca.crt"})),
                Failure::None);
            EXPECT_EQ(judged(server, version, pki_pair("client")), Failure::UnknownCa);
        }
    }
}

TEST(Chain, MayBeACertificateThatIsTrustedItself) {
    const auto server = trusting(pki_file("other-ca.crt"));
    Pair itself{pki_file("other-ca.crt"), pki_file("other-ca.key")};
    EXPECT_EQ(judged(server, Version::Tls13, itself), Failure::None);
    EXPECT_EQ(judged(made(mutual_options()), Version::Tls13, itself), Failure::UnknownCa);
}

TEST(Chain, EndsAtARevokedIntermediate) {
    const Pem both = joined({"ca.crt", "intermediate.crt"});
    const auto server = trusting(both, joined({"revoked-ca-crl.pem", "intermediate-crl.pem"}));
    for (const Version version : kBoth) {
        EXPECT_EQ(judged(server, version, pki_pair("client-chain")), Failure::Revoked);
        EXPECT_EQ(judged(server, version, shown("client-chain", {})), Failure::UnknownCa);
        EXPECT_EQ(judged(server, version, pki_pair("client")), Failure::None);
    }
}

TEST(Chain, NeedsListsOfWhatIsShownAlone) {
    const Pem both = joined({"ca.crt", "intermediate.crt"});
    const Pem lists = joined({"crl.pem", "intermediate-crl.pem"});
    struct Row {
        Pem ca, crl;
        Failure chain, root;
    };
    const Row rows[] = {
        {both, lists, Failure::None, Failure::None},
        {both, pki_file("intermediate-crl.pem"), Failure::None, Failure::CrlMissing},
        {pki_file("intermediate.crt"), pki_file("intermediate-crl.pem"), Failure::None,
         Failure::UnknownCa},
        {pki_file("ca.crt"), pki_file("crl.pem"), Failure::CrlMissing, Failure::None},
    };
    for (const Row& row : rows) {
        const auto server = trusting(row.ca, row.crl);
        EXPECT_EQ(judged(server, Version::Tls13, pki_pair("client-chain")), row.chain);
        EXPECT_EQ(judged(server, Version::Tls12, pki_pair("client")), row.root);
    }
}

}  // namespace
}  // namespace jumpgate::tls
