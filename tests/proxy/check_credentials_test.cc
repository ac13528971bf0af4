#include "core/proxy/check_credentials.h"

#include <gtest/gtest.h>

#include "core/proxy/credentials.h"
#include "tests/pki.h"

namespace jumpgate {
namespace {

using Lines = std::vector<std::string>;

PemSource file(const std::string& name) { return {"", pki_path(name)}; }

SslConfig ssl(const std::string& id, const std::string& certificate, const std::string& key) {
    SslConfig made;
    made.id = id;
    made.origin = {"fleet.yaml", {12, 5}};
    made.pairs = {{file(certificate), file(key)}};
    made.snis = {id + ".test"};
    return made;
}

UpstreamConfig upstream(const std::string& id, const std::string& ca) {
    UpstreamConfig made;
    made.id = id;
    made.origin = {"fleet.yaml", {30, 5}};
    made.nodes = {{"b1", 8883}};
    made.scheme_tls = true;
    made.tls.ca = file(ca);
    return made;
}

Config listening() {
    Config config;
    config.listen.push_back({"127.0.0.1", 0, true});
    return config;
}

Lines problems(const Config& config, const Objects& objects) {
    Lines lines;
    for (const Complaint& error : check_credentials(config, objects).errors)
        lines.push_back(error.problem);
    return lines;
}

std::string missing(const std::string& name) {
    return " " + pki_path(name) + ": No such file or directory";
}

TEST(CheckCredentials, AcceptsWhatIsLoaded) {
    Config config = listening();
    config.tls.certificates = {{pki_path("server.crt"), pki_path("server.key")}};
    config.upstream_tls.ca_file = pki_path("ca.crt");
    Objects objects;
    objects.ssls = {ssl("a", "server-b.crt", "server-b.key")};
    objects.upstreams = {upstream("u", "ca.crt")};
    EXPECT_EQ(problems(config, objects), Lines());
    EXPECT_EQ(problems(listening(), objects), Lines());
    EXPECT_EQ(problems({}, {}), Lines());
}

TEST(CheckCredentials, SaysAllThatIsWrongAtOnce) {
    Config config = listening();
    config.tls.certificates = {{pki_path("none.crt"), pki_path("none.key")},
                               {pki_path("server.crt"), pki_path("server.key")},
                               {pki_path("server.crt"), pki_path("proxy.key")}};
    config.tls.client_crl_file = pki_path("none.crl");
    config.upstream_tls.ca_file = pki_path("none.ca");
    Objects objects;
    objects.ssls = {ssl("a", "gone.crt", "gone.key"), ssl("b", "server-b.crt", "server-b.key"),
                    ssl("c", "server.crt", "server-b.key"), ssl("off", "gone.crt", "gone.key")};
    objects.ssls[1].pairs.push_back({file("server.crt"), file("gone2.key")});
    objects.ssls[1].pairs.push_back({file("server.crt"), file("proxy.key")});
    objects.ssls[1].client_ca = file("gone.ca");
    objects.ssls[3].enabled = false;
    objects.upstreams = {upstream("u", "gone3.ca"), upstream("v", "gone4.ca"),
                         upstream("w", "ca.crt")};
    objects.upstreams[2].tls.identity = {file("proxy.crt"), file("server.key")};
    const std::string key = pki_path("proxy.key");
    const std::string ssls = "fleet.yaml:12:5: ssls ", upstreams = "fleet.yaml:30:5: upstreams ";
    EXPECT_EQ(
        problems(config, objects),
        (Lines{
            "--tls-cert" + missing("none.crt"), "--tls-key" + missing("none.key"),
            "--tls-key " + key + ": is not the key of --tls-cert " + pki_path("server.crt"),
            "--tls-client-crl" + missing("none.crl"), "--upstream-ca" + missing("none.ca"),
            ssls + "a: cert" + missing("gone.crt"), ssls + "a: key" + missing("gone.key"),
            ssls + "b: keys[0]" + missing("gone2.key"),
            ssls + "b: keys[1] " + key + ": is not the key of certs[1] " + pki_path("server.crt"),
            ssls + "b: client.ca" + missing("gone.ca"),
            ssls + "c: key " + pki_path("server-b.key") + ": is not the key of cert " +
                pki_path("server.crt"),
            upstreams + "u: tls.ca" + missing("gone3.ca"),
            upstreams + "v: tls.ca" + missing("gone4.ca"),
            upstreams + "w: tls.client_key " + pki_path("server.key") +
                ": is not the key of tls.client_cert " + pki_path("proxy.crt")}));
}

TEST(CheckCredentials, FindsANameOfTwoAmongTheSound) {
    Objects objects;
    objects.ssls = {ssl("a", "server.crt", "server.key"), ssl("b", "server-b.crt", "server-b.key"),
                    ssl("c", "gone.crt", "gone.key")};
    objects.ssls[1].snis = {"a.test"};
    const Lines found = problems(listening(), objects);
    ASSERT_EQ(found.size(), 3U);
    EXPECT_NE(found[2].find("the name a.test is also one of"), std::string::npos) << found[2];
    objects.ssls.pop_back();
    EXPECT_EQ(problems(listening(), objects), Lines{found[2]});
}

TEST(CheckCredentials, LeavesToReadersWhatTheyComplainOf) {
    Objects objects;
    objects.ssls = {ssl("a", "server.crt", "server.key")};
    objects.ssls[0].pairs[0].key = {};
    objects.upstreams = {upstream("u", "ca.crt"), upstream("v", "ca.crt")};
    objects.upstreams[0].tls.client_cert_id = "none";
    objects.upstreams[1].tls.identity.key = file("proxy.key");
    Config config;
    config.tls.certificates = {{pki_path("server.crt"), ""}};
    EXPECT_EQ(problems(config, objects), Lines());
}

TEST(CheckCredentials, PassesWarningsOn) {
    Objects objects;
    objects.upstreams = {upstream("u", "ca.crt")};
    objects.upstreams[0].tls.verify = UpstreamVerify::None;
    const Checked checked = check_credentials({}, objects);
    EXPECT_TRUE(checked.errors.empty());
    ASSERT_EQ(checked.warnings.size(), 1U);
    EXPECT_NE(checked.warnings[0].problem.find("upstreams u: tls.verify"), std::string::npos);
}

}  // namespace
}  // namespace jumpgate
