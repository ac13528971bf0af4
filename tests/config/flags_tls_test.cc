#include <gtest/gtest.h>

#include "tests/config/refusal.h"

namespace jumpgate {
namespace {

// With what TLS needs on both legs, so that every other flag may stand beside it.
Parse parse_with_tls(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--tls-listen=8883", "--tls-cert=a.crt", "--tls-key=a.key",
                                         "--tls-client-ca=ca.crt", "--tls-client-auth=optional",
                                         "--broker=b1:8883,tls"});
    return parse(std::move(arguments));
}

// Of a command line that must be accepted.
Config config_of(const Parse& parsed) {
    EXPECT_EQ(refusal(parsed), "accepted");
    const Loaded* loaded = std::get_if<Loaded>(&parsed);
    return loaded ? loaded->config : Config();
}

TEST(ParseTlsFlags, NeedNoPlainListener) {
    const Config config = config_of(
        parse({"--tls-listen=127.0.0.1:8883", "--tls-cert=a", "--tls-key=b", "--broker=b1:1883"}));
    EXPECT_EQ(config.listen, (std::vector<ListenAddress>{{"127.0.0.1", 8883, true}}));
}

TEST(ParseTlsFlags, KeepTheDefaultsOfConfig) {
    const Config config = config_of(parse_with_door({}));
    EXPECT_FALSE(config.listen[0].tls);
    EXPECT_FALSE(config.brokers[0].tls);
    EXPECT_TRUE(config.tls.certificates.empty());
    EXPECT_EQ(config.tls.client_auth, ClientAuth::None);
    EXPECT_EQ(config.tls.min_version, TlsVersion::Tls12);
    EXPECT_EQ(config.tls.handshake_timeout_ms, 10'000u);
    EXPECT_EQ(config.tls.handshakes_max, 8u);
    EXPECT_EQ(config.tls.client_id_matches, IdMatch::Off);
    EXPECT_EQ(config.upstream_tls.verify, UpstreamVerify::Full);
    EXPECT_EQ(config.proxy_protocol.send, SendProxy::Off);
    for (const std::string& unset :
         {config.tls.client_ca_file, config.tls.client_crl_file, config.tls.ciphers,
          config.tls.curves, config.tls.ticket_keys_file, config.upstream_tls.ca_file,
          config.upstream_tls.certificate_file, config.upstream_tls.key_file})
        EXPECT_EQ(unset, "");
}

TEST(ParseTlsFlags, SetEveryMember) {
    const Config config = config_of(parse({"--listen=:1883",
                                           "--tls-listen=[::1]:8883",
                                           "--tls-cert=a.crt",
                                           "--tls-key=a.key",
                                           "--tls-strict-sni",
                                           "--tls-client-ca=ca.crt",
                                           "--tls-client-auth=required",
                                           "--tls-client-crl=crl.pem",
                                           "--tls-min-version=1.3",
                                           "--tls-ciphers=A:B",
                                           "--tls-curves=P-521",
                                           "--tls-ticket-keys=tickets",
                                           "--tls-handshake-timeout-ms=101",
                                           "--tls-handshakes-max=3",
                                           "--require-client-id-matches=san",
                                           "--hash-key=cert_cn",
                                           "--broker=10.0.0.1:8883,tls,sni=B.Example.test,weight=5",
                                           "--upstream-ca=up.crt",
                                           "--upstream-cert=me.crt",
                                           "--upstream-key=me.key",
                                           "--upstream-verify=ca",
                                           "--proxy-protocol-from=10.0.0.0/8",
                                           "--send-proxy=v2-tls"}));
    EXPECT_EQ(config.listen, (std::vector<ListenAddress>{{"", 1883}, {"::1", 8883, true}}));
    ASSERT_EQ(config.tls.certificates.size(), 1u);
    EXPECT_EQ(config.tls.certificates[0].certificate, "a.crt");
    EXPECT_EQ(config.tls.certificates[0].key, "a.key");
    EXPECT_TRUE(config.tls.strict_sni);
    EXPECT_EQ(config.tls.client_ca_file, "ca.crt");
    EXPECT_EQ(config.tls.client_auth, ClientAuth::Required);
    EXPECT_EQ(config.tls.client_crl_file, "crl.pem");
    EXPECT_EQ(config.tls.min_version, TlsVersion::Tls13);
    EXPECT_EQ(config.tls.ciphers, "A:B");
    EXPECT_EQ(config.tls.curves, "P-521");
    EXPECT_EQ(config.tls.ticket_keys_file, "tickets");
    EXPECT_EQ(config.tls.handshake_timeout_ms, 101u);
    EXPECT_EQ(config.tls.handshakes_max, 3u);
    EXPECT_EQ(config.tls.client_id_matches, IdMatch::San);
    EXPECT_EQ(config.hash_key, HashKey::CertCn);
    EXPECT_EQ(config.brokers,
              (std::vector<BrokerAddress>{{"10.0.0.1", 8883, 5, true, "b.example.test"}}));
    EXPECT_EQ(config.upstream_tls.ca_file, "up.crt");
    EXPECT_EQ(config.upstream_tls.certificate_file, "me.crt");
    EXPECT_EQ(config.upstream_tls.key_file, "me.key");
    EXPECT_EQ(config.upstream_tls.verify, UpstreamVerify::Ca);
    EXPECT_EQ(config.proxy_protocol.from, (std::vector<std::string>{"10.0.0.0/8"}));
    EXPECT_EQ(config.proxy_protocol.send, SendProxy::V2Tls);
}

TEST(ParseTlsFlags, KnowEveryWord) {
    EXPECT_EQ(
        config_of(parse_with_tls({"--require-client-id-matches=cert_cn"})).tls.client_id_matches,
        IdMatch::CertCn);
    EXPECT_EQ(config_of(parse_with_tls({"--tls-min-version=1.2"})).tls.min_version,
              TlsVersion::Tls12);
    EXPECT_EQ(config_of(parse_with_tls({})).tls.client_auth, ClientAuth::Optional);
    EXPECT_EQ(config_of(parse_with_door({"--tls-client-auth=none"})).tls.client_auth,
              ClientAuth::None);
    EXPECT_EQ(config_of(parse_with_tls({"--upstream-verify=full"})).upstream_tls.verify,
              UpstreamVerify::Full);
    EXPECT_EQ(config_of(parse_with_tls({"--upstream-verify=none"})).upstream_tls.verify,
              UpstreamVerify::None);
    EXPECT_EQ(config_of(parse_with_door({"--send-proxy=v1"})).proxy_protocol.send, SendProxy::V1);
    EXPECT_EQ(config_of(parse_with_door({"--send-proxy=v2"})).proxy_protocol.send, SendProxy::V2);
}

// The n-th certificate belongs to the n-th key, whatever stands between them.
TEST(ParseTlsFlags, PairCertificatesAndKeysInTheirOrder) {
    const std::vector<std::string> orders[] = {
        {"--tls-cert=1.crt", "--tls-key=1.key", "--tls-cert=2.crt", "--tls-key=2.key"},
        {"--tls-cert=1.crt", "--tls-cert=2.crt", "--tls-key=1.key", "--tls-key=2.key"},
        {"--tls-key=1.key", "--tls-key=2.key", "--tls-cert=1.crt", "--tls-cert=2.crt"},
        {"--tls-key=1.key", "--tls-cert=1.crt", "--tls-cert=2.crt", "--tls-key=2.key"},
    };
    for (std::vector<std::string> order : orders) {
        order.insert(order.begin(), {"--tls-listen=8883", "--broker=b1:1883"});
        const Config config = config_of(parse(order));
        ASSERT_EQ(config.tls.certificates.size(), 2u);
        EXPECT_EQ(config.tls.certificates[0].certificate, "1.crt");
        EXPECT_EQ(config.tls.certificates[0].key, "1.key");
        EXPECT_EQ(config.tls.certificates[1].certificate, "2.crt");
        EXPECT_EQ(config.tls.certificates[1].key, "2.key");
    }
}

TEST(ParseTlsFlags, TakeTheOptionsOfABrokerInAnyOrder) {
    const BrokerAddress expected{"b2", 8883, 0, true, "c"};
    for (const char* value :
         {"b2:8883,tls,sni=c,weight=0", "b2:8883,weight=0,sni=C,tls", "b2:8883,sni=c,tls,weight=0"})
        EXPECT_EQ(
            config_of(parse({"--listen=1883", "--broker=b1:1", "--broker", value})).brokers[1],
            expected);
}

TEST(ParseTlsFlags, TakeNetworksBetweenCommasAndOneByOne) {
    const Config config = config_of(
        parse_with_door({"--proxy-protocol-from=192.0.2.0/24,2001:DB8:0::/32",
                         "--proxy-protocol-from=::1", "--proxy-protocol-from=0.0.0.0/0"}));
    EXPECT_EQ(config.proxy_protocol.from,
              (std::vector<std::string>{"192.0.2.0/24", "2001:db8::/32", "::1", "0.0.0.0/0"}));
}

TEST(ParseTlsFlags, RefuseWhatIsNoValue) {
    struct Case {
        const char* flag;
        const char* value;
        const char* problem;
    };
    const Case cases[] = {
        {"--tls-listen", "localhost:8883", "has a host name; an IP address is needed"},
        {"--tls-listen", "127.0.0.1", "has no port from 0 to 65535 at its end"},
        {"--tls-cert", "", "is empty"},
        {"--tls-key", "", "is empty"},
        {"--tls-client-ca", "", "is empty"},
        {"--tls-client-auth", "yes", "is unknown; allowed: one of none, optional, required"},
        {"--tls-client-crl", "", "is empty"},
        {"--tls-min-version", "1.1", "is unknown; allowed: one of 1.2, 1.3"},
        {"--tls-ciphers", "", "is empty"},
        {"--tls-curves", "", "is empty"},
        {"--tls-ticket-keys", "", "is empty"},
        {"--tls-handshake-timeout-ms", "99", "is out of range; allowed: 100 to 600000"},
        {"--tls-handshake-timeout-ms", "600001", "is out of range; allowed: 100 to 600000"},
        {"--tls-handshakes-max", "0", "is out of range; allowed: 1 to 4096"},
        {"--tls-handshakes-max", "4097", "is out of range; allowed: 1 to 4096"},
        {"--require-client-id-matches", "cn", "is unknown; allowed: one of cert_cn, san"},
        {"--broker", "b2:1,tls,tls", "has tls twice"},
        {"--broker", "b2:1,tls=yes", "has an unknown option"},
        {"--broker", "b2:1,tls,", "has an unknown option"},
        {"--broker", "b2:1,,tls", "has an unknown option"},
        {"--broker", "b2:1,TLS", "has an unknown option"},
        {"--broker", "b2:1,tls,sni=", "has an sni that is not a host name"},
        {"--broker", "b2:1,tls,sni=192.0.2.1", "has an sni that is not a host name"},
        {"--broker", "b2:1,tls,sni=a,sni=b", "has sni twice"},
        {"--upstream-ca", "", "is empty"},
        {"--upstream-cert", "", "is empty"},
        {"--upstream-key", "", "is empty"},
        {"--upstream-verify", "name", "is unknown; allowed: one of full, ca, none"},
        {"--proxy-protocol-from", "", "has no IP address"},
        {"--proxy-protocol-from", "lb1", "has no IP address"},
        {"--proxy-protocol-from", "10.0.0.0/8,", "names \"\", which has no IP address"},
        {"--proxy-protocol-from", "10.0.0.0/33", "has no prefix length from 0 to 32"},
        {"--proxy-protocol-from", "::/129", "has no prefix length from 0 to 128"},
        {"--proxy-protocol-from", "::1,10.1.2.3/8,::2",
         "names \"10.1.2.3/8\", which has bits set behind its prefix: write 10.0.0.0/8"},
        {"--send-proxy", "v3", "is unknown; allowed: one of v1, v2, v2-tls"},
    };
    for (const Case& c : cases) {
        const std::string line = refusal(parse_with_door({c.flag, c.value}));
        EXPECT_TRUE(line.starts_with(std::string("jumpgate: ") + c.flag + ": ")) << line;
        EXPECT_NE(line.find(shown(c.value) + " " + c.problem), line.npos) << line;
    }
}

TEST(ParseTlsFlags, RefuseWhatMayStandOnceOnly) {
    for (const char* flag : {"--tls-client-ca=x", "--tls-client-crl=x", "--tls-ciphers=x",
                             "--tls-curves=x", "--tls-ticket-keys=x", "--upstream-ca=x",
                             "--upstream-cert=x", "--upstream-key=x", "--send-proxy=v1"}) {
        const std::string name(flag, std::string_view(flag).find('='));
        EXPECT_EQ(refusal(parse_with_door({flag, flag})),
                  "jumpgate: " + name + ": given twice; allowed: once");
    }
}

TEST(ParseTlsFlags, RefuseWhatBreaksARule) {
    EXPECT_EQ(refusal(parse_with_tls({"--tls-cert=b.crt"})),
              "jumpgate: --tls-cert: given 2 times, --tls-key 1 time; allowed: one --tls-key for "
              "each --tls-cert, in the same order");
}

}  // namespace
}  // namespace jumpgate
