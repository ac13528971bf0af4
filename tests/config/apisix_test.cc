#include <gtest/gtest.h>

#include "tests/config/file_read.h"

namespace jumpgate {
namespace {

TEST(ApisixConfig, OfTheArticleListensOn9000) {
    const FileRead read(
        {"apisix:\n"
         "  enable_admin: false\n"
         "  stream_proxy:\n"
         "    only: false # allow HTTP as well\n"
         "    tcp:\n"
         "      - addr: 9000\n"
         "        tls: false\n"
         "deployment:\n"
         "  role: data_plane\n"
         "  role_data_plane:\n"
         "    config_provider: yaml\n"
         "stream_plugins:\n"
         "  - mqtt-proxy # enable the mqtt-proxy plugin\n"
         "#END\n"});
    EXPECT_EQ(read.errors(), Lines());
    EXPECT_EQ(read.warnings(),
              Lines{"1.yaml:4:5: apisix.stream_proxy.only: is obsolete and has no meaning here: "
                    "jumpgate always serves streams"});
    EXPECT_EQ(read.settings.config.listen, (std::vector<ListenAddress>{{"", 9000}}));
    EXPECT_EQ(read.settings.config.admin, "");
}

TEST(ApisixConfig, TakesEverySpellingOfAListener) {
    const FileRead read(
        {"apisix:\n"
         "  stream_proxy:\n"
         "    tcp: [9100, \"127.0.0.1:9101\", 2000-2001, {addr: 9102, tls: true},\n"
         "          {addr: \"127.0.0.1:9103\"}]\n"});
    EXPECT_EQ(read.errors(), Lines());
    EXPECT_EQ(read.settings.config.listen, (std::vector<ListenAddress>{{"", 9100},
                                                                       {"127.0.0.1", 9101},
                                                                       {"", 2000},
                                                                       {"", 2001},
                                                                       {"", 9102, true},
                                                                       {"127.0.0.1", 9103}}));
}

TEST(ApisixConfig, WarnsOfWhatHasNoMeaningHere) {
    const FileRead read(
        {"apisix:\n"
         "  proxy_mode: http&stream\n"
         "  node_listen: [9080]\n"
         "  enable_ipv6: true\n"
         "  ssl: {fallback_sni: a.b}\n"
         "  stream_proxy: {udp: [1]}\n"
         "stream_plugins: [mqtt-proxy, ip-restriction]\n"
         "nginx_config: {worker_processes: auto}\n"});
    EXPECT_EQ(read.errors(), Lines());
    ASSERT_EQ(read.warnings().size(), 6u);
    const Lines starts{"1.yaml:7:30: stream_plugins[1]: \"ip-restriction\" does not exist",
                       "1.yaml:8:15: nginx_config: ",
                       "1.yaml:2:3: apisix.proxy_mode: ",
                       "1.yaml:3:3: apisix.node_listen: ",
                       "1.yaml:5:3: apisix.ssl: ",
                       "1.yaml:6:18: apisix.stream_proxy.udp: "};
    for (size_t i = 0; i < starts.size(); ++i)
        EXPECT_TRUE(read.warnings()[i].starts_with(starts[i])) << read.warnings()[i];
}

TEST(ApisixConfig, RefusesWhatApisixDoesNotKnowEither) {
    const FileRead read(
        {"apisix:\n"
         "  proxy_modes: http\n"
         "  stream_proxy: {tpc: [1], tcp: 5}\n"
         "  enable_admin: 1\n"
         "stream_plugins: mqtt-proxy\n"});
    EXPECT_EQ(read.errors(),
              (Lines{"1.yaml:5:17: stream_plugins: is text; allowed: a list",
                     "1.yaml:2:3: apisix.proxy_modes: is unknown; did you mean proxy_mode?",
                     "1.yaml:3:18: apisix.stream_proxy.tpc: is unknown; allowed: tcp, udp, only",
                     "1.yaml:3:33: apisix.stream_proxy.tcp: is a whole number; allowed: a list",
                     "1.yaml:4:17: apisix.enable_admin: is a whole number; allowed: true or "
                     "false"}));
}

TEST(ApisixConfig, TurnsTheProxyProtocolOnForAllOrNone) {
    const FileRead all(
        {"apisix: {stream_proxy: {tcp: [{addr: 1, proxy_protocol: true,\n"
         "  proxy_protocol_to_upstream: true}]}}"});
    EXPECT_EQ(all.errors(), Lines());
    EXPECT_EQ(all.settings.config.proxy_protocol.from, (Lines{"0.0.0.0/0", "::/0"}));
    EXPECT_EQ(all.settings.config.proxy_protocol.send, SendProxy::V1);
    ASSERT_EQ(all.warnings().size(), 1u);
    EXPECT_NE(all.warnings()[0].find("each peer may say who it is"), std::string::npos);

    const FileRead global(
        {"apisix: {proxy_protocol: {enable_tcp_pp: true},\n"
         "  stream_proxy: {tcp: [1, {addr: 2}]}}"});
    EXPECT_EQ(global.settings.config.proxy_protocol.from.size(), 2u);

    const FileRead some({"apisix: {stream_proxy: {tcp: [{addr: 1, proxy_protocol: true}, 2]}}"});
    ASSERT_EQ(some.errors().size(), 1u);
    EXPECT_TRUE(some.errors()[0].starts_with(
        "1.yaml:1:30: apisix.stream_proxy.tcp: proxy_protocol is on for some listeners"));

    const FileRead named(
        {"apisix: {stream_proxy: {tcp: [{addr: 1, proxy_protocol: true}, 2]}}\n"
         "jumpgate: {proxy_protocol_from: 10.0.0.1}"});
    EXPECT_EQ(named.errors(), Lines());
    EXPECT_EQ(named.settings.config.proxy_protocol.from, Lines{"10.0.0.1"});
}

TEST(ApisixConfig, NamesTheResolvers) {
    const FileRead read({"apisix: {dns_resolver: [192.0.2.1, \"192.0.2.2:5353\"]}"});
    EXPECT_EQ(read.errors(), Lines());
    EXPECT_EQ(read.settings.config.dns_servers, (Lines{"192.0.2.1:53", "192.0.2.2:5353"}));
}

}  // namespace
}  // namespace jumpgate
