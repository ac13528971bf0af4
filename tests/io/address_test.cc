#include "core/io/address.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace jumpgate {
namespace {

TEST(Address, ParsesLiteralsAndPrintsThem) {
    struct Case {
        const char* host;
        uint16_t port;
        const char* host_text;
        const char* text;
    };
    const Case cases[] = {
        {"127.0.0.1", 1883, "127.0.0.1", "127.0.0.1:1883"},
        {"0.0.0.0", 0, "0.0.0.0", "0.0.0.0:0"},
        {"255.255.255.255", 65'535, "255.255.255.255", "255.255.255.255:65535"},
        {"::1", 8883, "::1", "[::1]:8883"},
        {"::", 1, "::", "[::]:1"},
        {"2001:DB8:0:0:0:0:0:1", 80, "2001:db8::1", "[2001:db8::1]:80"},
        {"::ffff:10.1.2.3", 1883, "10.1.2.3", "10.1.2.3:1883"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 9, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
         "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:9"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.host);
        const std::optional<Address> address = Address::parse(c.host, c.port);
        ASSERT_TRUE(address);
        EXPECT_TRUE(address->known());
        EXPECT_EQ(address->port(), c.port);
        EXPECT_EQ(address->host(), c.host_text);
        EXPECT_EQ(address->to_string(), c.text);
    }
}

TEST(Address, RefusesWhatIsNoIpLiteral) {
    const std::string with_nul("127.0.0.1\0.evil.example", 23);
    for (const std::string& host :
         {std::string(), std::string("localhost"), std::string("[::1]"), std::string("1.2.3"),
          std::string("1.2.3.4 "), std::string("256.0.0.1"), std::string("::1%lo"),
          std::string("1:2:3"), std::string("127.0.0.1:80"), with_nul}) {
        EXPECT_FALSE(Address::parse(host, 1)) << host;
    }
}

TEST(Address, KnowsTheKernelsLengthAndFamily) {
    EXPECT_EQ(Address::parse("1.2.3.4", 1)->length, sizeof(sockaddr_in));
    EXPECT_EQ(Address::parse("1.2.3.4", 1)->any.sa_family, AF_INET);
    EXPECT_EQ(Address::parse("::1", 1)->length, sizeof(sockaddr_in6));
    EXPECT_EQ(Address::parse("::1", 1)->any.sa_family, AF_INET6);
    EXPECT_EQ(sizeof(Address), 32U);
}

TEST(Address, UnknownPrintsAsUnknownAndHasNoPort) {
    const Address address;
    EXPECT_FALSE(address.known());
    EXPECT_EQ(address.port(), 0);
    EXPECT_EQ(address.host(), "unknown");
    EXPECT_EQ(address.to_string(), "unknown");
}

TEST(Address, IsEqualWhereFamilyHostAndPortAre) {
    const std::vector<Address> different = {{},
                                            *Address::parse("10.0.0.1", 1),
                                            *Address::parse("10.0.0.1", 2),
                                            *Address::parse("10.0.0.2", 1),
                                            *Address::parse("::1", 1),
                                            *Address::parse("::2", 1)};
    for (size_t i = 0; i < different.size(); ++i) {
        for (size_t j = 0; j < different.size(); ++j) {
            EXPECT_EQ(different[i] == different[j], i == j) << i << " " << j;
        }
    }
}

TEST(Address, SetPortKeepsTheHost) {
    for (const char* host : {"10.0.0.1", "fe80::1"}) {
        Address address = *Address::parse(host, 1);
        address.set_port(0xA1B2);
        EXPECT_EQ(address.port(), 0xA1B2);
        EXPECT_EQ(address.host(), host);
    }
}

}  // namespace
}  // namespace jumpgate
