#include <gtest/gtest.h>

#include "core/config/object_fields.h"
#include "tests/config/field_cases.h"

namespace jumpgate {

namespace {

constexpr const char* kNode = "nodes: {b1: 1}, ";

UpstreamConfig upstream_of(const std::string& fragment) {
    const ObjectsRead read = objects_of("upstreams:\n- {" + fragment + "}\n");
    EXPECT_EQ(joined(read.errors), "") << fragment;
    return read.objects.upstreams.at(0);
}

}  // namespace

TEST(UpstreamFields, HaveTheDefaultsOfObjects) {
    const UpstreamConfig upstream = upstream_of("nodes: {b1: 1}");
    EXPECT_EQ(upstream.type, Balance::RoundRobin);
    EXPECT_EQ(upstream.key, HashKey::ClientId);
    EXPECT_EQ(upstream.hash, HashMethod::Jump);
    EXPECT_EQ(upstream.hash_balance_factor_percent, 0U);
    EXPECT_FALSE(upstream.retries || upstream.connect_timeout_ms || upstream.key_prefix_until);
    EXPECT_FALSE(upstream.scheme_tls || upstream.active || upstream.passive);
    EXPECT_EQ(upstream.tls.verify, std::nullopt);
    EXPECT_EQ(upstream.all_down, AllDown::Refuse);
    EXPECT_EQ(upstream.slow_start_s, 0U);
}

TEST(UpstreamFields, AreRead) {
    const UpstreamConfig upstream = upstream_of(
        "id: 7, name: flow, desc: x, labels: {team: water}, create_time: 1, update_time: 2, "
        "nodes: {b1: 1}, type: chash, key: mqtt_username, key_prefix_until: /, hash_on: vars, "
        "hash: rendezvous, hash_balance_factor: 125, retries: 5, scheme: tls, all_down: use_all, "
        "slow_start_s: 30, timeout: {connect: 0.25}, tls: {client_cert: c.pem, client_key: k.pem, "
        "ca: \"-----BEGIN CERTIFICATE-----\", verify: ca, server_name: Broker.Example.com}");
    EXPECT_EQ(upstream.id, "7");
    EXPECT_EQ(upstream.name, "flow");
    EXPECT_EQ(upstream.type, Balance::ConsistentHash);
    EXPECT_EQ(upstream.key, HashKey::Username);
    EXPECT_EQ(upstream.key_prefix_until, '/');
    EXPECT_EQ(upstream.hash, HashMethod::Rendezvous);
    EXPECT_EQ(upstream.hash_balance_factor_percent, 125U);
    EXPECT_EQ(upstream.retries, 5U);
    EXPECT_TRUE(upstream.scheme_tls);
    EXPECT_TRUE(upstream.nodes.at(0).tls);
    EXPECT_EQ(upstream.nodes.at(0).port, 8883);
    EXPECT_EQ(upstream.all_down, AllDown::UseAll);
    EXPECT_EQ(upstream.slow_start_s, 30U);
    EXPECT_EQ(upstream.connect_timeout_ms, 250U);
    EXPECT_EQ(upstream.tls.identity.certificate.file, "c.pem");
    EXPECT_EQ(upstream.tls.identity.key.file, "k.pem");
    EXPECT_EQ(upstream.tls.ca.text, "-----BEGIN CERTIFICATE-----");
    EXPECT_EQ(upstream.tls.verify, UpstreamVerify::Ca);
    EXPECT_EQ(upstream.tls.server_name, "broker.example.com");
}

TEST(UpstreamFields, SayWhatIsWrong) {
    const std::string id = "1 to 64 of A-Z, a-z, 0-9, '-', '_', '.', or a whole number from 1";
    const std::string types = "one of chash, roundrobin, least_conn";
    const std::string keys = "one of mqtt_client_id, mqtt_username, remote_addr, cert_cn";
    expect_cases(
        "upstreams", kNode,
        {{"id: -1", "id: -1 is out of range; allowed: " + id},
         {"id: 0", "id: 0 is out of range; allowed: " + id},
         {"id: a/b", "id: \"a/b\" is no id; allowed: " + id},
         {"id: ../../etc", "id: \"../../etc\" is no id; allowed: " + id},
         {"id: ''", "id: \"\" is no id; allowed: " + id},
         {"id: [1]", "id: is a list; allowed: " + id},
         {"id: 1.5", "id: is a number with a fraction; allowed: " + id},
         {"name: ''", "name: is empty; allowed: text of 1 to 256 characters"},
         {"name: 5", "name: is a number; allowed: text of 1 to 256 characters"},
         {"desc: [x]", "desc: is a list; allowed: text of 0 to 256 characters"},
         {"labels: {a: 1}", "labels.a: is a number; allowed: text of 1 to 256 characters"},
         {"labels: x", "labels: is text; allowed: a map of texts of 1 to 256 characters"},
         {"type: ewma", "type: \"ewma\" is unknown; allowed: " + types},
         {"type: 1", "type: is a number; allowed: " + types},
         {"type: ~", "type: is null; allowed: " + types},
         {"key: server_name", "key: \"server_name\" is unknown; allowed: " + keys},
         {"key: {}", "key: is a map; allowed: " + keys},
         {"key_prefix_until: ab",
          "key_prefix_until: \"ab\" is not one character; allowed: one character"},
         {"key_prefix_until: ''",
          "key_prefix_until: \"\" is not one character; allowed: one character"},
         {"hash_on: header", "hash_on: \"header\" is unknown; allowed: vars"},
         {"hash: ketama", "hash: \"ketama\" is unknown; allowed: one of jump, rendezvous"},
         {"hash_balance_factor: 100",
          "hash_balance_factor: 100 is out of range; allowed: 0 (off), or 101 to 1000 percent of "
          "the mean"},
         {"hash_balance_factor: 1001",
          "hash_balance_factor: 1001 is out of range; allowed: 0 to 1000"},
         {"retries: -1", "retries: -1 is out of range; allowed: 0 to 65535"},
         {"retries: 65536", "retries: 65536 is out of range; allowed: 0 to 65535"},
         {"retries: x", "retries: is text; allowed: 0 to 65535"},
         {"scheme: https", "scheme: \"https\" is unknown; allowed: one of tcp, tls"},
         {"scheme: true", "scheme: is true or false; allowed: one of tcp, tls"},
         {"timeout: 3", "timeout: is a number; allowed: a map"},
         {"timeout: {connect: 0}",
          "timeout.connect: 0 is out of range; allowed: 0.01 to 600 seconds"},
         {"timeout: {connect: 601}",
          "timeout.connect: 601 is out of range; allowed: 0.01 to 600 seconds"},
         {"timeout: {connect: .nan}",
          "timeout.connect: nan is out of range; allowed: 0.01 to 600 seconds"},
         {"timeout: {connect: .inf}",
          "timeout.connect: inf is out of range; allowed: 0.01 to 600 seconds"},
         {"timeout: {connect: 3s}", "timeout.connect: is text; allowed: 0.01 to 600 seconds"},
         {"timeout: {conect: 3}", "timeout.conect: is unknown; did you mean connect?"},
         {"all_down: maybe", "all_down: \"maybe\" is unknown; allowed: one of refuse, use_all"},
         {"slow_start_s: 86401", "slow_start_s: 86401 is out of range; allowed: 0 to 86400"},
         {"slow_start_s: 1.5", "slow_start_s: is a number with a fraction; allowed: 0 to 86400"},
         {"checks: []", "checks: is a list; allowed: a map"},
         {"Type: chash", "Type: is unknown; did you mean type?"},
         {"retrys: 1", "retrys: is unknown; did you mean retries?"},
         {"xyzzy: 1", "xyzzy: is unknown"}});
    expect_cases("upstreams", "",
                 {{"type: chash",
                   "nodes: is missing; allowed: a map "
                   "{\"host:port\": weight}, or a list; 1 to 4096 "
                   "nodes"}});
}

TEST(UpstreamFields, SayWhatIsWrongAboutTls) {
    const std::string node = "nodes: {b1: 1}, scheme: tls, ";
    const std::string verify = "true or \"full\", \"ca\", false or \"none\"";
    expect_cases(
        "upstreams", node,
        {{"tls: {verify: 1}", "tls.verify: is a number; allowed: " + verify},
         {"tls: {verify: some}", "tls.verify: \"some\" is unknown; allowed: one of full, ca, none"},
         {"tls: {server_name: a b}",
          "tls.server_name: \"a b\" is not a host name; allowed: a host name"},
         {"tls: {client_cert: c}", "tls: client_cert has no key; allowed: give client_key as well"},
         {"tls: {client_key: c}",
          "tls: client_key has no certificate; allowed: give client_cert as well"},
         {"tls: {client_cert: c, client_key: k, client_cert_id: 1}",
          "tls: there are two client certificates; allowed: client_cert_id, or client_cert and "
          "client_key"},
         {"tls: {}", ""},
         {"tls: {client_cert_id: 1}", ""},
         {"tls: {verify: full}", ""}});
    expect_cases("upstreams", kNode,
                 {{"tls: {verify: true}",
                   "tls: protects nothing: the scheme is tcp; allowed: write scheme: tls as well"},
                  {"tls: {}", ""}});
}

TEST(UpstreamFields, OfApisixWithoutMeaningWarn) {
    expect_warnings(
        "upstreams", kNode,
        {{"scheme: http", "scheme: http means tcp here, as in APISIX"},
         {"pass_host: pass", "pass_host: has no effect: it is about HTTP"},
         {"upstream_host: x", "upstream_host: has no effect: it is about HTTP"},
         {"keepalive_pool: {size: 1}",
          "keepalive_pool: has no effect: each client has a connection of its own"},
         {"retry_timeout: 5",
          "retry_timeout: has no effect: retries and timeout.connect bound the attempts"},
         {"timeout: {connect: 1, send: 2}",
          "timeout.send: has no effect: a relay lives as long as both sides want it"},
         {"retries: 100", "retries: 100 is cut to 15"},
         {"retries: 65535", "retries: 65535 is cut to 15"},
         {"key: remote_addr", "key: has no effect: only type chash hashes"},
         {"type: chash, key: remote_addr", ""},
         {"type: chash", ""}});
    expect_warnings(
        "upstreams", "nodes: {b1: 1}, scheme: tls, ",
        {{"tls: {verify: false}", "tls.verify: accepts any broker: nothing is verified"}});
}

TEST(UpstreamFields, OfApisixThatWouldChangeMuchAreRefused) {
    const std::string instead =
        "is not supported: list the brokers under nodes; a host may name SRV records";
    expect_cases("upstreams", kNode,
                 {{"service_name: s", "service_name: " + instead},
                  {"discovery_type: dns", "discovery_type: " + instead},
                  {"discovery_args: {a: 1}", "discovery_args: " + instead},
                  {"discovery_args: {}", ""}});
}

}  // namespace jumpgate
