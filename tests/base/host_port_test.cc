#include "core/base/host_port.h"

#include <gtest/gtest.h>

namespace jumpgate {
namespace {

TEST(ParseHostPort, ReadsEveryWayPeopleWriteIt) {
    struct Case {
        std::string_view value;
        HostPort expected;
    };
    const Case cases[] = {
        {"1883", {"", 1883}},
        {":1883", {"", 1883}},
        {"0", {"", 0}},
        {"192.0.2.1:1883", {"192.0.2.1", 1883}},
        {"[::1]:1883", {"::1", 1883}},
        {"[2001:DB8:0:0::1]:65535", {"2001:db8::1", 65535}},
        {"[::ffff:192.0.2.1]:1", {"::ffff:192.0.2.1", 1}},
        {"broker-1.example.org:1883", {"broker-1.example.org", 1883}},
        {"Broker_1:1883", {"broker_1", 1883}},
        {"broker.:1883", {"broker.", 1883}},
        {"4broker:1883", {"4broker", 1883}},
    };
    for (const Case& c : cases) {
        const Parsed<HostPort> parsed = parse_host_port(c.value, 0);
        ASSERT_TRUE(std::holds_alternative<HostPort>(parsed))
            << c.value << " " << std::get<Problem>(parsed).text;
        EXPECT_EQ(std::get<HostPort>(parsed), c.expected) << c.value;
    }
}

TEST(ParseHostPort, SaysWhatIsWrong) {
    struct Case {
        std::string_view value;
        std::string_view problem;
    };
    const Case cases[] = {
        {"", "has no port from 1 to 65535 at its end"},
        {"broker", "has no port from 1 to 65535 at its end"},
        {"broker:", "has no port from 1 to 65535 at its end"},
        {"broker:0", "has no port from 1 to 65535 at its end"},
        {"broker:65536", "has no port from 1 to 65535 at its end"},
        {"broker:-1", "has no port from 1 to 65535 at its end"},
        {"broker:+1", "has no port from 1 to 65535 at its end"},
        {"broker:18 83", "has no port from 1 to 65535 at its end"},
        {"broker:1883/", "has no port from 1 to 65535 at its end"},
        {"[::1]", "needs brackets around its IPv6 address, as in [2001:db8::1]:1883"},
        {"::1:1883", "needs brackets around its IPv6 address, as in [2001:db8::1]:1883"},
        {"[::1:1883", "needs brackets around its IPv6 address, as in [2001:db8::1]:1883"},
        {"[]:1883", "has no IPv6 address between its brackets"},
        {"[192.0.2.1]:1883", "has no IPv6 address between its brackets"},
        {"[::1%eth0]:1883", "has no IPv6 address between its brackets"},
        {"192.0.2.256:1883", "has neither a host name nor an IP address"},
        {"10.1.2:1883", "has neither a host name nor an IP address"},
        {"bro ker:1883", "has neither a host name nor an IP address"},
        {"-broker:1883", "has neither a host name nor an IP address"},
        {"broker-:1883", "has neither a host name nor an IP address"},
        {"a..b:1883", "has neither a host name nor an IP address"},
        {"br\xc3\xb6ker:1883", "has neither a host name nor an IP address"},
    };
    for (const Case& c : cases) {
        const Parsed<HostPort> parsed = parse_host_port(c.value, 1);
        ASSERT_TRUE(std::holds_alternative<Problem>(parsed)) << c.value;
        EXPECT_EQ(std::get<Problem>(parsed).text, c.problem) << c.value;
    }
}

TEST(ParseHostPort, LimitsTheLengthOfNames) {
    const std::string longest = std::string(252, 'a') + "b";
    EXPECT_TRUE(std::holds_alternative<HostPort>(parse_host_port(longest + ":1", 1)));
    EXPECT_TRUE(std::holds_alternative<Problem>(parse_host_port(longest + "c:1", 1)));
}

TEST(ParseIp, TakesLiteralsOnlyAndShortensThem) {
    EXPECT_EQ(std::get<std::string>(parse_ip("192.0.2.1")), "192.0.2.1");
    EXPECT_EQ(std::get<std::string>(parse_ip("0:0:0:0:0:0:0:1")), "::1");
    for (const std::string_view bad : {"", "localhost", "192.0.2", "192.0.2.1 ", "[::1]", "::1/64"})
        EXPECT_TRUE(std::holds_alternative<Problem>(parse_ip(bad))) << bad;
}

TEST(ParseName, TakesNamesOnlyAndLowersThem) {
    EXPECT_EQ(std::get<std::string>(parse_name("Broker_1.Example.test")), "broker_1.example.test");
    for (const std::string_view value : {"", "192.0.2.1", "::1", "[::1]", "a:1", "a b", "-a",
                                         "a..b", "*.example.test", "a,b", "\xc3\xa4.test"}) {
        const Parsed<std::string> parsed = parse_name(value);
        ASSERT_TRUE(std::holds_alternative<Problem>(parsed)) << value;
        EXPECT_EQ(std::get<Problem>(parsed).text, "is not a host name") << value;
    }
    EXPECT_TRUE(std::holds_alternative<std::string>(parse_name(std::string(253, 'a'))));
    EXPECT_TRUE(std::holds_alternative<Problem>(parse_name(std::string(254, 'a'))));
}

TEST(HostPortText, CanBeReadBack) {
    for (const std::string_view value : {":1883", "192.0.2.1:1", "[::1]:1883", "broker:1883"})
        EXPECT_EQ(text(std::get<HostPort>(parse_host_port(value, 1))), value);
}

}  // namespace
}  // namespace jumpgate
