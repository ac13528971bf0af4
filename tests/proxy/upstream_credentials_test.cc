// Towards brokers: each upstream is who it says it is, trusts whom it names, and nobody else's.
#include "core/proxy/upstream_credentials.h"

#include "tests/tls/duo.h"

namespace jumpgate {
namespace {

const Origin kYaml{"fleet.yaml", {7, 5}};

PemSource file(const std::string& name) { return {"", pki_path(name)}; }
PemSource inlined(const std::string& name) { return {pki_file(name).text, ""}; }

UpstreamConfig upstream(const std::string& id, const std::string& ca = "ca.crt") {
    UpstreamConfig made;
    made.id = id;
    made.origin = kYaml;
    made.nodes = {{"localhost", 8883}};
    made.scheme_tls = true;
    if (!ca.empty()) made.tls.ca = file(ca);
    return made;
}

SslConfig client_ssl(const std::string& id, const std::string& name) {
    SslConfig ssl;
    ssl.id = id;
    ssl.origin = {"fleet.yaml", {30, 5}};
    ssl.type = SslType::Client;
    ssl.pairs = {{file(name + ".crt"), file(name + ".key")}};
    return ssl;
}

Credentials load(const Objects& objects, const Config& config = {}) {
    Credentials out;
    EXPECT_EQ(load_upstreams(config, objects, out), "");
    EXPECT_EQ(out.upstreams.size(), objects.upstreams.size());
    out.upstreams.resize(objects.upstreams.size());
    return out;
}

std::string problem_of(const Objects& objects, const Config& config = {}) {
    Credentials out;
    return load_upstreams(config, objects, out);
}

// Whom a broker with SERVER.crt, which asks for certificates of ca, sees: its common name, "nobody"
// for none, or why the proxy refused the broker.
std::string seen_by_broker(const tls::ClientContextRef& context, const std::string& server,
                           const std::string& host = "localhost") {
    tls::ServerOptions options;
    options.pairs = {pki_pair(server)};
    options.client_auth = tls::ClientAuth::Optional;
    options.client_ca = pki_file("ca.crt");
    auto broker = std::get<tls::ServerContextRef>(tls::make_server_context(options));
    tls::Duo duo(broker, context, host);
    if (!duo.shakes()) return std::string(tls::text(duo.client.engine->failure()));
    const tls::Identity* who = duo.server.engine->identity();
    return who == nullptr ? "nobody" : who->common_name;
}

TEST(DialsTls, IsSoBySchemeOrByOneNode) {
    UpstreamConfig one = upstream("1");
    EXPECT_TRUE(dials_tls(one));
    one.scheme_tls = false;
    EXPECT_FALSE(dials_tls(one));
    one.nodes.push_back({"localhost", 8884, 1, true});
    EXPECT_TRUE(dials_tls(one));
}

TEST(LoadUpstreams, KeepsTheOrderAndLeavesPlainOnesOut) {
    Objects objects;
    objects.upstreams = {upstream("1"), upstream("2"), upstream("3", "other-ca.crt")};
    objects.upstreams[1].scheme_tls = false;
    objects.upstreams[1].tls.ca = file("nonexistent.crt");  // of no use, and not read
    const Credentials out = load(objects);
    EXPECT_EQ(seen_by_broker(out.upstreams[0], "broker"), "nobody");
    EXPECT_EQ(out.upstreams[1], nullptr);
    EXPECT_EQ(seen_by_broker(out.upstreams[2], "broker"), "unknown_ca");
    EXPECT_EQ(seen_by_broker(out.upstreams[2], "other-server"), "nobody");
}

TEST(LoadUpstreams, ShowsEachItsOwnCertificate) {
    Objects objects;
    objects.ssls = {client_ssl("mine", "proxy")};
    objects.upstreams = {upstream("1"), upstream("2"), upstream("3"), upstream("4")};
    objects.upstreams[0].tls.identity = {file("client.crt"), file("client.key")};
    objects.upstreams[1].tls.identity = {inlined("client-chain.crt"), inlined("client-chain.key")};
    objects.upstreams[2].tls.client_cert_id = "mine";
    const Credentials out = load(objects);
    EXPECT_EQ(seen_by_broker(out.upstreams[0], "broker"), "client");
    EXPECT_EQ(seen_by_broker(out.upstreams[1], "broker"), "client-chain");
    EXPECT_EQ(seen_by_broker(out.upstreams[2], "broker"), "proxy");
    EXPECT_EQ(seen_by_broker(out.upstreams[3], "broker"), "nobody");
    std::vector<std::string> labels;
    for (const CertificateExpiry& expiry : out.expiries) labels.push_back(expiry.label);
    EXPECT_EQ(labels, (std::vector<std::string>{"ssls mine: cert", "upstreams 1: tls.client_cert",
                                                "upstreams 2: tls.client_cert"}));
}

TEST(LoadUpstreams, TakesFromFlagsWhatAnUpstreamDoesNotSay) {
    Config config;
    config.upstream_tls.ca_file = pki_path("other-ca.crt");
    config.upstream_tls.certificate_file = pki_path("proxy.crt");
    config.upstream_tls.key_file = pki_path("proxy.key");
    Objects objects;
    objects.upstreams = {upstream("1", ""), upstream("2"), upstream("3")};
    objects.upstreams[2].tls.identity = {file("client.crt"), file("client.key")};
    const Credentials out = load(objects, config);
    EXPECT_EQ(seen_by_broker(out.upstreams[0], "broker"), "unknown_ca");
    EXPECT_EQ(seen_by_broker(out.upstreams[0], "other-server"), "proxy");
    EXPECT_EQ(seen_by_broker(out.upstreams[1], "broker"), "proxy");
    EXPECT_EQ(seen_by_broker(out.upstreams[2], "broker"), "client");
}

TEST(LoadUpstreams, VerifiesAsFarAsTheUpstreamSaysElseTheFlag) {
    struct Case {
        UpstreamVerify flag;
        std::optional<UpstreamVerify> own;
        std::string wrong_host;
        std::string other_ca;
    };
    const Case cases[] = {
        {UpstreamVerify::Full, std::nullopt, "wrong_name", "unknown_ca"},
        {UpstreamVerify::Ca, std::nullopt, "nobody", "unknown_ca"},
        {UpstreamVerify::None, std::nullopt, "nobody", "nobody"},
        {UpstreamVerify::None, UpstreamVerify::Full, "wrong_name", "unknown_ca"},
        {UpstreamVerify::Full, UpstreamVerify::Ca, "nobody", "unknown_ca"},
        {UpstreamVerify::Full, UpstreamVerify::None, "nobody", "nobody"},
    };
    for (const Case& c : cases) {
        Config config;
        config.upstream_tls.verify = c.flag;
        Objects objects;
        objects.upstreams = {upstream("1")};
        objects.upstreams[0].tls.verify = c.own;
        const Credentials out = load(objects, config);
        EXPECT_EQ(seen_by_broker(out.upstreams[0], "wrong-host"), c.wrong_host);
        EXPECT_EQ(seen_by_broker(out.upstreams[0], "other-server"), c.other_ca);
        const bool none = c.own.value_or(c.flag) == UpstreamVerify::None;
        EXPECT_EQ(out.warnings.size(), none ? 1U : 0U);
        if (!none) continue;
        const std::string where =
            c.own ? "fleet.yaml:7:5: upstreams 1: tls.verify: " : "--upstream-verify none: ";
        EXPECT_TRUE(out.warnings[0].starts_with(where)) << out.warnings[0];
    }
}

TEST(LoadUpstreams, MakesOneContextOfWhatIsTheSame) {
    Objects objects;
    for (int i = 0; i < 300; ++i) {
        objects.upstreams.push_back(upstream(std::to_string(i)));
        objects.upstreams.back().tls.identity = {file("client.crt"), file("client.key")};
    }
    objects.upstreams.push_back(upstream("other"));
    const Credentials out = load(objects);
    for (int i = 1; i < 300; ++i)
        EXPECT_EQ(out.upstreams[static_cast<size_t>(i)], out.upstreams[0]);
    EXPECT_NE(out.upstreams[300], out.upstreams[0]);
    objects.upstreams[7].tls.identity.key = file("mismatch.key");  // same certificate, another key
    EXPECT_NE(problem_of(objects), "");
}

TEST(LoadUpstreams, SaysWhichObjectIsWrongAndHow) {
    struct Case {
        void (*change)(Objects&);
        std::string problem;
    };
    const std::string place = "fleet.yaml:7:5: upstreams 1: ";
    const Case cases[] = {
        {[](Objects&) {}, ""},
        {[](Objects& o) {
             o.upstreams[0].tls.ca = {"no PEM", ""};
         },
         place + "tls.ca: holds no CA certificate in PEM"},
        {[](Objects& o) {
             o.upstreams[0].tls.ca = {"", "/none.crt"};
         },
         place + "tls.ca /none.crt: No such file or directory"},
        {[](Objects& o) {
             o.upstreams[0].tls.identity = {inlined("client.crt"), inlined("mismatch.key")};
         },
         place + "tls.client_key: is not the key of tls.client_cert"},
        {[](Objects& o) {
             o.upstreams[0].tls.identity = {inlined("client.crt"), {}};
         },
         place + "a client certificate and its key belong together: one is missing"},
        {[](Objects& o) { o.upstreams[0].tls.client_cert_id = "none"; },
         place + "tls.client_cert_id: ssls none does not exist"},
        {[](Objects& o) {
             o.upstreams[0].tls.client_cert_id = "mine";
             o.ssls[0].type = SslType::Server;
         },
         place + "tls.client_cert_id: ssls mine is not of type client"},
        {[](Objects& o) {
             o.upstreams[0].tls.client_cert_id = "mine";
             o.ssls[0].enabled = false;
         },
         place + "tls.client_cert_id: ssls mine is disabled (status: 0)"},
        {[](Objects& o) { o.ssls[0].pairs[0].key = inlined("mismatch.key"); },
         "fleet.yaml:30:5: ssls mine: key: is not the key of cert " + pki_path("proxy.crt")},
        {[](Objects& o) {
             o.ssls[0].pairs[0].key = inlined("mismatch.key");
             o.ssls[0].enabled = false;
         },
         ""},
    };
    for (const Case& c : cases) {
        Objects objects;
        objects.ssls = {client_ssl("mine", "proxy")};
        objects.upstreams = {upstream("1")};
        c.change(objects);
        EXPECT_EQ(problem_of(objects), c.problem);
    }
}

}  // namespace
}  // namespace jumpgate
