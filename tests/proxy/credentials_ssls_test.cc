// Certificates by ssls objects: each serves its names on its own terms.
#include "core/proxy/credentials.h"
#include "tests/proxy/secured_peer.h"
#include "tests/tls/duo.h"

namespace jumpgate {
namespace {

PemSource file(const std::string& name) { return {"", pki_path(name)}; }
PemSource inlined(const std::string& name) { return {pki_file(name).text, ""}; }

SslConfig ssl(const std::string& id, const std::string& pair, std::vector<std::string> snis) {
    SslConfig made;
    made.id = id;
    made.origin = {"fleet.yaml", {12, 5}};
    made.pairs = {{file(pair + ".crt"), file(pair + ".key")}};
    made.snis = std::move(snis);
    return made;
}

Config listening_without_flags() {
    Config config;
    config.listen.push_back({"127.0.0.1", 0, true});
    return config;
}

// With --tls-cert server.crt, for localhost.
Config listening() {
    Config config = with_tls();
    config.listen.push_back({"127.0.0.1", 0, true});
    return config;
}

Credentials credentials_of(const Config& config, const Objects& objects) {
    Parsed<Credentials> loaded = load_credentials(config, objects, tls::TicketKeys::random());
    const Problem* problem = std::get_if<Problem>(&loaded);
    EXPECT_EQ(problem, nullptr) << problem->text;
    return problem != nullptr ? Credentials{} : std::get<Credentials>(std::move(loaded));
}

std::string problem_of(const Config& config, const Objects& objects) {
    Parsed<Credentials> loaded = load_credentials(config, objects, tls::TicketKeys::random());
    const Problem* problem = std::get_if<Problem>(&loaded);
    return problem == nullptr ? "" : problem->text;
}

// How it goes for a client that names `sni` ("127.0.0.1": none): which certificate it gets and
// who it is taken for, "server nobody", or why it is refused.
std::string outcome(const tls::ServerContextRef& server, const std::string& sni,
                    const std::string& identity = "",
                    tls::Version version_max = tls::Version::Tls13) {
    tls::ClientOptions options;
    options.verify = tls::Verify::Ca;
    options.ca = pki_file("ca.crt");
    if (!identity.empty()) options.identity = pki_pair(identity);
    options.max_version = version_max;
    auto context = std::get<tls::ClientContextRef>(tls::make_client_context(options));
    tls::Duo duo(server, context, sni);
    if (!duo.shakes()) return std::string(tls::text(duo.server.engine->failure()));
    const tls::Identity* who = duo.server.engine->identity();
    return duo.client.engine->identity()->common_name + " " +
           (who == nullptr ? "nobody" : who->common_name);
}

TEST(LoadSsls, ServesEachByItsNamesOrThoseOfItsCertificate) {
    Objects objects;
    objects.ssls = {ssl("1", "server-chain", {"one.test"}), ssl("2", "server-b", {}),
                    ssl("3", "server-wildcard", {"*.three.test"})};
    objects.ssls.push_back(ssl("off", "server", {"one.test"}));  // a name twice, were it on
    objects.ssls.back().enabled = false;
    const Credentials loaded = credentials_of(listening_without_flags(), objects);
    EXPECT_EQ(outcome(loaded.server, "one.test"), "server-chain nobody");
    EXPECT_EQ(outcome(loaded.server, "b.example.test"), "b.example.test nobody");
    EXPECT_EQ(outcome(loaded.server, "a.three.test"), "*.wild.example.test nobody");
    EXPECT_EQ(outcome(loaded.server, "other.test"), "server-chain nobody");  // the first
    EXPECT_EQ(outcome(loaded.server, "127.0.0.1"), "server-chain nobody");
    std::vector<std::string> labels;
    for (const CertificateExpiry& expiry : loaded.expiries) labels.push_back(expiry.label);
    EXPECT_EQ(labels, (std::vector<std::string>{"ssls 1: cert", "ssls 2: cert", "ssls 3: cert"}));
}

TEST(LoadSsls, ComeBehindTheFlagsWhichAreTheDefault) {
    Objects objects;
    objects.ssls = {ssl("1", "server-b", {"one.test"})};
    Config config = listening();
    EXPECT_EQ(outcome(credentials_of(config, objects).server, "one.test"), "b.example.test nobody");
    EXPECT_EQ(outcome(credentials_of(config, objects).server, "127.0.0.1"), "server nobody");
    config.tls.strict_sni = true;
    const Credentials strict = credentials_of(config, objects);
    EXPECT_EQ(outcome(strict.server, "one.test"), "b.example.test nobody");
    EXPECT_EQ(outcome(strict.server, "localhost"), "server nobody");
    EXPECT_EQ(outcome(strict.server, "127.0.0.1"), "unknown_server_name");
    objects.ssls[0].snis = {"localhost"};
    EXPECT_EQ(problem_of(config, objects),
              "fleet.yaml:12:5: ssls 1: the name localhost is also one of --tls-cert " +
                  pki_path("server.crt") + "; a name (SNI) can choose one of them only");
    objects.ssls.push_back(ssl("2", "server", {"x.test", "LOCALHOST"}));
    objects.ssls.back().origin = {};
    EXPECT_EQ(problem_of(listening_without_flags(), objects),
              "ssls 2: the name localhost is also one of fleet.yaml:12:5: ssls 1; a name (SNI) can "
              "choose one of them only");
}

TEST(LoadSsls, AskForTheCertificatesOfTheirOwnCa) {
    Objects objects;
    objects.ssls = {ssl("1", "server", {"ours.test"}), ssl("2", "server", {"theirs.test"}),
                    ssl("3", "server", {"open.test"})};
    objects.ssls[0].client_ca = inlined("ca.crt");
    objects.ssls[0].client_crl = file("crl.pem");
    objects.ssls[1].client_ca = file("other-ca.crt");
    const tls::ServerContextRef server = credentials_of(listening_without_flags(), objects).server;
    struct Case {
        std::string sni;
        std::string identity;
        std::string outcome;
    };
    const Case cases[] = {
        {"ours.test", "client", "server client"},
        {"ours.test", "other-client", "unknown_ca"},
        {"ours.test", "", "no_certificate"},
        {"ours.test", "revoked-client", "revoked"},
        {"theirs.test", "other-client", "server other-client"},
        {"theirs.test", "client", "unknown_ca"},
        {"open.test", "", "server nobody"},
        {"open.test", "client", "server nobody"},
        {"127.0.0.1", "", "no_certificate"},  // the first is the default
    };
    for (const tls::Version version : {tls::Version::Tls12, tls::Version::Tls13}) {
        for (const Case& c : cases)
            EXPECT_EQ(outcome(server, c.sni, c.identity, version), c.outcome) << c.sni;
    }
}

TEST(LoadSsls, AskAsTheFlagsDoWhereTheyNameNoCa) {
    Objects objects;
    objects.ssls = {ssl("1", "server-b", {"as-flags.test"}), ssl("2", "server-b", {"own.test"})};
    objects.ssls[1].client_ca = file("other-ca.crt");
    Config config = listening();
    config.tls.client_auth = ClientAuth::Required;
    config.tls.client_ca_file = pki_path("ca.crt");
    config.tls.client_crl_file = pki_path("crl.pem");
    const tls::ServerContextRef server = credentials_of(config, objects).server;
    EXPECT_EQ(outcome(server, "as-flags.test"), "no_certificate");
    EXPECT_EQ(outcome(server, "as-flags.test", "client"), "b.example.test client");
    EXPECT_EQ(outcome(server, "as-flags.test", "revoked-client"), "revoked");
    EXPECT_EQ(outcome(server, "own.test", "client"), "unknown_ca");
    EXPECT_EQ(outcome(server, "own.test", "other-client"), "b.example.test other-client");
}

TEST(LoadSsls, LimitTheDepthOfClientChains) {
    constexpr const char* kChains[] = {"client", "client-chain", "deep-client"};
    for (uint32_t depth = 0; depth <= 2; ++depth) {
        Objects objects;
        objects.ssls = {ssl("1", "server", {"x.test"})};
        objects.ssls[0].client_ca = file("ca.crt");
        objects.ssls[0].client_depth = depth;
        const tls::ServerContextRef server =
            credentials_of(listening_without_flags(), objects).server;
        for (uint32_t intermediates = 0; intermediates <= 2; ++intermediates) {
            const std::string name = kChains[intermediates];
            EXPECT_EQ(outcome(server, "x.test", name),
                      intermediates <= depth ? "server " + name : "chain_too_long");
        }
    }
    EXPECT_EQ(SslConfig().client_depth, 1U);  // as APISIX has it
}

TEST(LoadSsls, HaveVersionsOfTheirOwnAboveTheMinimumOfFlags) {
    Objects objects;
    objects.ssls = {ssl("1", "server", {"any.test"}), ssl("2", "server", {"new.test"})};
    objects.ssls[1].min_version = TlsVersion::Tls13;
    Config config = listening_without_flags();
    const auto with_tls12 = [&](const std::string& sni) {
        return outcome(credentials_of(config, objects).server, sni, "", tls::Version::Tls12);
    };
    EXPECT_EQ(with_tls12("any.test"), "server nobody");
    EXPECT_EQ(with_tls12("new.test"), "unsupported_version");
    config.tls.min_version = TlsVersion::Tls13;
    EXPECT_EQ(with_tls12("any.test"), "unsupported_version");
    objects.ssls[0].max_version = TlsVersion::Tls12;
    EXPECT_EQ(problem_of(config, objects),
              "fleet.yaml:12:5: ssls 1: ssl_protocols: hold nothing that --tls-min-version allows");
}

TEST(LoadSsls, MayHoldACertificateForEachKindOfKey) {
    Objects objects;
    objects.ssls = {ssl("1", "server", {"x.test"})};
    objects.ssls[0].pairs.push_back({inlined("server-rsa.crt"), inlined("server-rsa.key")});
    const Credentials loaded = credentials_of(listening_without_flags(), objects);
    EXPECT_EQ(outcome(loaded.server, "x.test"), "server nobody");
    ASSERT_EQ(loaded.expiries.size(), 2U);
    EXPECT_EQ(loaded.expiries[1].label, "ssls 1: certs[0]");
    objects.ssls[0].pairs[1].key = inlined("mismatch.key");
    EXPECT_EQ(problem_of(listening_without_flags(), objects),
              "fleet.yaml:12:5: ssls 1: keys[0]: is not the key of certs[0]");
}

TEST(LoadSsls, AreCheckedWhetherAnybodyListensOrNot) {
    struct Case {
        void (*change)(SslConfig&);
        std::string problem;
    };
    const Case cases[] = {
        {[](SslConfig&) {}, ""},
        {[](SslConfig& s) {
             s.pairs[0] = {inlined("server.crt"), inlined("mismatch.key")};
         },
         "key: is not the key of cert"},
        {[](SslConfig& s) {
             s.pairs[0].certificate = {"no PEM", ""};
         },
         "cert: holds no certificate in PEM"},
        {[](SslConfig& s) {
             s.pairs[0].key = {"", "/none.key"};
         },
         "key /none.key: No such file or directory"},
        {[](SslConfig& s) {
             s.client_ca = {"no PEM", ""};
         },
         "client.ca: holds no CA certificate in PEM"},
        {[](SslConfig& s) {
             s.client_ca = inlined("ca.crt");
             s.client_crl = inlined("other-crl.pem");
         },
         "client.crl: is of none of the CAs in client.ca"},
        {[](SslConfig& s) { s.client_crl = inlined("crl.pem"); },
         "client.crl: revokes what no CA vouches for; give client.ca"},
        {[](SslConfig& s) {
             s.pairs[0].key = {"", "/none.key"};
             s.enabled = false;
         },
         ""},
    };
    for (const Case& c : cases) {
        Objects objects;
        objects.ssls = {ssl("on", "server-b", {"on.test"}), ssl("1", "server", {"x.test"})};
        c.change(objects.ssls[1]);
        const std::string problem =
            c.problem.empty() ? "" : "fleet.yaml:12:5: ssls 1: " + c.problem;
        EXPECT_EQ(problem_of(listening_without_flags(), objects), problem);
        EXPECT_EQ(problem_of({}, objects), problem);
    }
    Objects objects;
    objects.ssls = {ssl("1", "server", {"x.test"})};
    EXPECT_EQ(credentials_of({}, objects).server, nullptr);
    EXPECT_TRUE(uses_tls({}, objects));
    EXPECT_FALSE(uses_tls({}, Objects()));
}

TEST(LoadSsls, AreNeededWhereSomebodyListensWithoutCertificates) {
    Objects objects;
    const std::string problem =
        "--tls-listen: there is no certificate to show; give --tls-cert FILE and --tls-key FILE, "
        "or an object under ssls";
    EXPECT_EQ(problem_of(listening_without_flags(), objects), problem);
    objects.ssls = {ssl("1", "proxy", {})};
    objects.ssls[0].type = SslType::Client;
    EXPECT_EQ(problem_of(listening_without_flags(), objects), problem);
    objects.ssls[0].enabled = false;
    EXPECT_EQ(problem_of(listening_without_flags(), objects), problem);
}

TEST(LoadSsls, MayHaveExpired) {
    Objects objects;
    objects.ssls = {ssl("1", "expired-server", {"x.test"}), ssl("2", "soon-server", {"y.test"}),
                    ssl("3", "server", {"z.test"})};
    const Credentials loaded = credentials_of(listening_without_flags(), objects);
    EXPECT_NE(loaded.server, nullptr);
    EXPECT_EQ(loaded.expiries.size(), 3U);
    ASSERT_EQ(loaded.warnings.size(), 2U);
    EXPECT_NE(loaded.warnings[0].find("ssls 1: cert"), std::string::npos);
    EXPECT_NE(loaded.warnings[0].find("has expired on"), std::string::npos);
    EXPECT_NE(loaded.warnings[1].find("expires in 6 days"), std::string::npos);
}

TEST(LoadSsls, NeverShowWhatIsInAKey) {
    Objects objects;
    objects.ssls = {ssl("1", "server", {"x.test"})};
    for (const char* text : {"hunter2", "-----BEGIN hunter2-----",
                             "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n"}) {
        objects.ssls[0].pairs[0].key = {text, ""};
        const std::string problem = problem_of(listening_without_flags(), objects);
        EXPECT_NE(problem, "");
        EXPECT_EQ(problem.find("hunter2"), std::string::npos) << problem;
        EXPECT_EQ(objects.ssls[0].pairs[0].key.text, text);  // stays, to be written again
    }
}

TEST(LoadCredentials, MakesAContextForEachUpstreamOfObjects) {
    Objects objects;
    UpstreamConfig plain;
    plain.id = "plain";
    plain.nodes = {{"localhost", 1883}};
    UpstreamConfig secured = plain;
    secured.id = "secured";
    secured.origin = {"fleet.yaml", {40, 5}};
    secured.nodes[0].tls = true;
    secured.tls.ca = file("ca.crt");
    objects.upstreams = {plain, secured};
    const Credentials loaded = credentials_of({}, objects);
    ASSERT_EQ(loaded.upstreams.size(), 2U);
    EXPECT_EQ(loaded.upstreams[0], nullptr);
    EXPECT_NE(loaded.upstreams[1], nullptr);
    EXPECT_TRUE(uses_tls({}, objects));
    objects.upstreams[1].tls.ca = file("nonexistent.crt");
    EXPECT_EQ(problem_of({}, objects), "fleet.yaml:40:5: upstreams secured: tls.ca " +
                                           pki_path("nonexistent.crt") +
                                           ": No such file or directory");
}

TEST(LoadSsls, MayComeLaterWhereThereIsAnAdminApi) {
    const Config files = listening_without_flags();
    EXPECT_NE(problem_of(files, {}).find("there is no certificate to show"), std::string::npos);
    for (const bool by_state : {false, true}) {
        Config config = files;
        (by_state ? config.state_dir : config.admin) = by_state ? "/var/lib/x" : "127.0.0.1:0";
        const Credentials loaded = credentials_of(config, {});
        EXPECT_EQ(loaded.server, nullptr);
        ASSERT_EQ(loaded.warnings.size(), 1U);
        EXPECT_NE(loaded.warnings[0].find("every TLS client is refused"), std::string::npos);
    }
}

}  // namespace
}  // namespace jumpgate
