#include "core/config/file_settings.h"

#include <gtest/gtest.h>

#include "tests/config/file_read.h"

namespace jumpgate {
namespace {

TEST(FileSettings, SetEveryKindOfValue) {
    const FileRead read(
        {"jumpgate:\n"
         "  threads: 3\n"
         "  pin_cpus: true\n"
         "  log_level: debug\n"
         "  tls_min_version: 1.3\n"  // a real for YAML
         "  config_watch: false\n"
         "  hash_key_prefix_until: /\n"
         "  state_dir: 7\n"
         "  broker: [\"b1:1883,weight=7\", b2:1883]\n"
         "  proxy_protocol_from: 10.0.0.0/8,::1\n"});
    EXPECT_EQ(read.errors(), Lines());
    const Config& config = read.settings.config;
    EXPECT_EQ(config.threads, 3u);
    EXPECT_TRUE(config.pin_cpus);
    EXPECT_EQ(config.log_level, LogLevel::Debug);
    EXPECT_EQ(config.tls.min_version, TlsVersion::Tls13);
    EXPECT_FALSE(config.config_watch);
    EXPECT_EQ(config.hash_key_prefix_until, '/');
    EXPECT_EQ(config.state_dir, "7");
    EXPECT_EQ(config.brokers, (std::vector<BrokerAddress>{{"b1", 1883, 7}, {"b2", 1883, 1}}));
    EXPECT_EQ(config.proxy_protocol.from, (Lines{"10.0.0.0/8", "::1"}));
}

TEST(FileSettings, RowsRememberTheirPlace) {
    FileRead read({"jumpgate:\n  threads: 3\n", "jumpgate:\n  broker:\n    - b1:1883\n"});
    EXPECT_EQ(read.settings.table.row("threads")->where, "1.yaml:2:12");
    EXPECT_EQ(read.settings.table.row("threads")->source, ValueSource::File);
    EXPECT_EQ(read.settings.table.row("broker")->where, "2.yaml:3:7");
    EXPECT_EQ(read.settings.table.row("buffers")->source, ValueSource::Default);
}

TEST(FileSettings, SayAllThatIsWrongWithPlaceAndWhatIsAllowed) {
    const FileRead read(
        {"jumpgate:\n"
         "  threads: 0\n"
         "  dial_timeot_ms: 3000\n"
         "  dial-timeout-ms: 3000\n"
         "  pin_cpus: 1\n"
         "  log_level: loud\n"
         "  check: true\n"
         "  config: other.yaml\n"
         "  broker: [b1:1883, b2]\n"
         "  buffers: {a: 1}\n"
         "  state_dir:\n"
         "  fail_max: [1, 2]\n"
         "  pipes_max: 1.5\n"});
    EXPECT_EQ(
        read.errors(),
        (Lines{"1.yaml:2:12: jumpgate.threads: 0 is out of range; allowed: 1 to 256",
               "1.yaml:3:3: jumpgate.dial_timeot_ms: is unknown; did you mean dial_timeout_ms?",
               "1.yaml:4:3: jumpgate.dial-timeout-ms: is unknown; did you mean dial_timeout_ms?",
               "1.yaml:5:13: jumpgate.pin_cpus: 1 is not true or false; allowed: true, false",
               "1.yaml:6:14: jumpgate.log_level: \"loud\" is unknown; allowed: one of error, warn, "
               "info, debug",
               "1.yaml:7:3: jumpgate.check: is a flag of the command line only",
               "1.yaml:8:3: jumpgate.config: is a flag of the command line only",
               "1.yaml:9:21: jumpgate.broker[1]: \"b2\" has no port from 1 to 65535 at its end; "
               "allowed: port 1 to 65535, weight 0 to 1000",
               "1.yaml:10:12: jumpgate.buffers: is not one value; allowed: 16 to 32768, a power of "
               "two",
               "1.yaml:11:3: jumpgate.state_dir: has no value",
               "1.yaml:12:13: jumpgate.fail_max: is not one value; allowed: 0 to 1000",
               "1.yaml:13:14: jumpgate.pipes_max: \"1.5\" is not a whole number; allowed: 0 to "
               "16384"}));
}

TEST(FileSettings, MaySetEachThingInOneFileOnly) {
    const FileRead read({"jumpgate: {threads: 3}\n", "jumpgate:\n  threads: 3\n"});
    EXPECT_EQ(read.errors(),
              Lines{"2.yaml:2:3: jumpgate.threads: is given twice, at 1.yaml:1:21 too"});
}

TEST(FileSettings, KnowWhatAFileMayHold) {
    const FileRead read(
        {"upstraems: []\n"
         "routes: []\n"
         "upstreams_conf_version: 3\n"
         "zzz: 1\n"});
    const std::string allowed =
        "; allowed: jumpgate, listeners, stream_routes, upstreams, ssls, apisix, deployment, "
        "stream_plugins, nginx_config";
    EXPECT_EQ(read.errors(),
              (Lines{"1.yaml:1:1: upstraems: is unknown; did you mean upstreams?" + allowed,
                     "1.yaml:4:1: zzz: is unknown" + allowed}));
    EXPECT_EQ(read.warnings(),
              (Lines{"1.yaml:2:1: routes: is not used by jumpgate, which serves stream_routes",
                     "1.yaml:3:1: upstreams_conf_version: is not used by jumpgate, which serves "
                     "stream_routes"}));
}

TEST(FileSettings, RefuseADocumentThatIsNoMap) {
    EXPECT_EQ(FileRead({"[1]"}).errors(), Lines{"1.yaml:1:1: is a list; allowed: a map"});
    EXPECT_EQ(FileRead({"jumpgate: 5"}).errors(),
              Lines{"1.yaml:1:11: jumpgate: is a whole number; allowed: a map"});
    EXPECT_EQ(FileRead({"", "jumpgate:\n", "#END\n"}).errors(), Lines());
}

}  // namespace
}  // namespace jumpgate
