#include <gtest/gtest.h>

#include "tests/config/file_read.h"

namespace jumpgate {
namespace {

using Addresses = std::vector<ListenAddress>;

TEST(Listeners, MayBeNumbersTextsRangesAndMaps) {
    const FileRead read(
        {"listeners:\n"
         "  - 1883\n"
         "  - 127.0.0.1:1884\n"
         "  - \"[::1]:1885\"\n"
         "  - 2000-2002\n"
         "  - {listen: 8883, tls: true}\n"
         "  - {addr: \"127.0.0.1:8884\", tls: false}\n"});
    EXPECT_EQ(read.errors(), Lines());
    EXPECT_EQ(read.settings.config.listen, (Addresses{{"", 1883},
                                                      {"127.0.0.1", 1884},
                                                      {"::1", 1885},
                                                      {"", 2000},
                                                      {"", 2001},
                                                      {"", 2002},
                                                      {"", 8883, true},
                                                      {"127.0.0.1", 8884}}));
}

TEST(Listeners, OfSeveralFilesAddUp) {
    const FileRead read({"listeners: [1]", "listeners: [2]\njumpgate: {listen: 3}",
                         "apisix: {stream_proxy: {tcp: [4]}}"});
    EXPECT_EQ(read.errors(), Lines());
    EXPECT_EQ(read.settings.config.listen, (Addresses{{"", 3}, {"", 1}, {"", 2}, {"", 4}}));
}

TEST(Listeners, SayWhatIsWrong) {
    const FileRead read(
        {"listeners:\n"
         "  - localhost:1\n"
         "  - 65536\n"
         "  - 2000-2100\n"
         "  - 9-3\n"
         "  - true\n"
         "  - [1]\n"
         "  - {tls: true}\n"
         "  - {listen: 1, addr: 2}\n"
         "  - {listen: 3, tls: 5}\n"
         "  - {listen: 4, ttls: true}\n"
         "  - {listen: 5, proxy_protocol: true}\n"});
    const std::string addresses =
        "; allowed: ADDR:PORT, [IPV6]:PORT, :PORT or PORT; port 0 takes a free one";
    const std::string port = "; allowed: a port, or \"ADDR:PORT\"";
    EXPECT_EQ(
        read.errors(),
        (Lines{
            "1.yaml:2:5: listeners[0]: \"localhost:1\" has a host name; an IP address is "
            "needed" +
                addresses,
            "1.yaml:3:5: listeners[1]: 65536 has no port from 0 to 65535 at its end" + addresses,
            "1.yaml:4:5: listeners[2]: has 101 ports; allowed: up to 64",
            "1.yaml:5:5: listeners[3]: \"9-3\" has no port from 0 to 65535 at its end" + addresses,
            "1.yaml:6:5: listeners[4]: is no address" + port,
            "1.yaml:7:5: listeners[5]: is no address" + port,
            "1.yaml:8:5: listeners[6]: has no address; allowed: listen, a port or \"ADDR:PORT\"",
            "1.yaml:9:23: listeners[7].addr: stands beside listen, which means the same",
            "1.yaml:10:22: listeners[8].tls: is a whole number; allowed: true or false",
            "1.yaml:11:17: listeners[9].ttls: is unknown; did you mean tls?; allowed: listen, "
            "addr, tls, proxy_protocol, proxy_protocol_to_upstream",
            "1.yaml:12:5: listeners[10]: the PROXY protocol is not a listener's but the "
            "peer's; write proxy_protocol_from and send_proxy under jumpgate"}));
    EXPECT_EQ(FileRead({"listeners: 1883"}).errors(),
              Lines{"1.yaml:1:12: listeners: is a whole number; allowed: a list"});
}

}  // namespace
}  // namespace jumpgate
