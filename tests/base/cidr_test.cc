#include "core/base/cidr.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <vector>

#include "core/base/rng.h"

namespace jumpgate {
namespace {

using std::string_view_literals::operator""sv;
using Octets = std::vector<uint8_t>;

Octets octets(const std::string& ip) {
    Octets bytes(16);
    if (inet_pton(AF_INET6, ip.c_str(), bytes.data()) == 1) return bytes;
    EXPECT_EQ(inet_pton(AF_INET, ip.c_str(), bytes.data()), 1) << ip;
    bytes.resize(4);
    return bytes;
}
Cidr cidr(std::string_view value) {
    const Parsed<Cidr> parsed = parse_cidr(value);
    const auto* problem = std::get_if<Problem>(&parsed);
    EXPECT_EQ(problem, nullptr) << value << " " << problem->text;
    return problem == nullptr ? std::get<Cidr>(parsed) : Cidr{};
}

TEST(ParseCidr, ReadsNetworksAndAddresses) {
    struct Case {
        std::string_view value;
        std::string_view expected;
    };
    const Case cases[] = {
        {"10.0.0.0/8", "10.0.0.0/8"},
        {"0.0.0.0/0", "0.0.0.0/0"},
        {"192.0.2.17", "192.0.2.17"},
        {"192.0.2.17/32", "192.0.2.17"},
        {"192.0.2.16/31", "192.0.2.16/31"},
        {"172.16.0.0/12", "172.16.0.0/12"},
        {"::/0", "::/0"},
        {"::1", "::1"},
        {"::1/128", "::1"},
        {"2001:DB8:0:0::/32", "2001:db8::/32"},
        {"fe80::/10", "fe80::/10"},
        {"::ffff:10.0.0.0/104", "10.0.0.0/8"},
        {"::ffff:192.0.2.1", "192.0.2.1"},
        {"::ffff:0:0/96", "0.0.0.0/0"},
    };
    for (const Case& c : cases) {
        EXPECT_EQ(text(cidr(c.value)), c.expected) << c.value;
        EXPECT_EQ(cidr(c.expected), cidr(c.value)) << c.value;
    }
}

TEST(ParseCidr, SaysWhatIsWrong) {
    const std::string no_ip = "has no IP address at its start, as 10.0.0.0/8 or 2001:db8::/32 have";
    const std::string v4_bits = "has no prefix length from 0 to 32 behind its '/'";
    const std::string v6_bits = "has no prefix length from 0 to 128 behind its '/'";
    const std::string rest = "has bits set behind its prefix: write ";
    struct Case {
        std::string_view value;
        std::string problem;
    };
    const Case cases[] = {
        {""sv, no_ip},
        {"/8"sv, no_ip},
        {"10.0.0/8"sv, no_ip},
        {"10.0.0.256"sv, no_ip},
        {"010.0.0.0/8"sv, no_ip},
        {" 10.0.0.0/8"sv, no_ip},
        {"proxy.example/8"sv, no_ip},
        {"[::1]/128"sv, no_ip},
        {"::1%eth0"sv, no_ip},
        {"10.0.0.1\0"sv, no_ip},
        {"::1\0x"sv, no_ip},
        {"10.0.0.0/"sv, v4_bits},
        {"10.0.0.0/33"sv, v4_bits},
        {"10.0.0.0/-1"sv, v4_bits},
        {"10.0.0.0/-0"sv, v4_bits},
        {"10.0.0.0/+8"sv, v4_bits},
        {"10.0.0.0/08"sv, v4_bits},
        {"10.0.0.0/8 "sv, v4_bits},
        {"10.0.0.0/8/8"sv, v4_bits},
        {"10.0.0.0/255.0.0.0"sv, v4_bits},
        {"10.0.0.0/99999999999"sv, v4_bits},
        {"::/129"sv, v6_bits},
        {"10.0.0.1/8"sv, rest + "10.0.0.0/8"},
        {"192.0.2.17/28"sv, rest + "192.0.2.16/28"},
        {"0.0.0.1/0"sv, rest + "0.0.0.0/0"},
        {"2001:db8::1/64"sv, rest + "2001:db8::/64"},
        {"::ffff:0:0/95"sv, rest + "::fffe:0:0/95"},
        {"::ffff:10.1.0.0/104"sv, rest + "10.0.0.0/8"},
    };
    for (const Case& c : cases) {
        const Parsed<Cidr> parsed = parse_cidr(c.value);
        ASSERT_TRUE(std::holds_alternative<Problem>(parsed)) << c.value;
        EXPECT_EQ(std::get<Problem>(parsed).text, c.problem) << c.value;
    }
}

TEST(Cidr, HoldsTheAddressesOfItsFamily) {
    struct Case {
        std::string_view network;
        std::string address;
        bool expected;
    };
    const Case cases[] = {
        {"10.0.0.0/8", "10.255.255.255", true},
        {"10.0.0.0/8", "11.0.0.0", false},
        {"10.0.0.0/8", "9.255.255.255", false},
        {"192.0.2.16/28", "192.0.2.31", true},
        {"192.0.2.16/28", "192.0.2.32", false},
        {"192.0.2.16/28", "192.0.2.15", false},
        {"192.0.2.1", "192.0.2.1", true},
        {"192.0.2.1", "192.0.2.0", false},
        {"0.0.0.0/0", "255.1.2.3", true},
        {"0.0.0.0/0", "::1", false},
        {"0.0.0.0/0", "::ffff:192.0.2.1", true},
        {"10.0.0.0/8", "::ffff:10.1.2.3", true},
        {"10.0.0.0/8", "::ffff:11.1.2.3", false},
        {"10.0.0.0/8", "::10.1.2.3", false},
        {"::ffff:0:0/96", "10.1.2.3", true},
        {"::/0", "10.1.2.3", false},
        {"::/0", "::ffff:10.1.2.3", false},
        {"::/0", "2001:db8::1", true},
        {"2001:db8::/33", "2001:db8:7fff::1", true},
        {"2001:db8::/33", "2001:db8:8000::1", false},
        {"::1", "::1", true},
        {"::1", "::2", false},
        {"::1", "0.0.0.1", false},
        {"::/0", "::", true},
    };
    for (const Case& c : cases)
        EXPECT_EQ(cidr(c.network).contains(octets(c.address)), c.expected)
            << c.network << " " << c.address;
    EXPECT_FALSE(cidr("0.0.0.0/0").contains({}));
    EXPECT_FALSE(cidr("::/0").contains(Octets(15)));
}

// Against the other way to say it: the first n bits of both are the same.
TEST(Cidr, HoldsExactlyWhatHasItsPrefix) {
    const auto bit = [](const Octets& bytes, size_t at) {
        return (bytes[at / 8] >> (7 - at % 8)) & 1;
    };
    Rng rng(6);
    for (int round = 0; round < 20'000; ++round) {
        const size_t size = round % 2 == 0 ? 4 : 16;
        Cidr network{.prefix_bits = static_cast<uint8_t>(rng.below(size * 8 + 1)), .v4 = size == 4};
        Octets own(size);
        for (uint8_t& byte : own) byte = static_cast<uint8_t>(rng.next() | 0x40);  // never mapped
        for (size_t at = 0; at < network.prefix_bits; ++at)
            network.network[at / 8] |= static_cast<uint8_t>(bit(own, at) << (7 - at % 8));
        ASSERT_TRUE(network.contains(own));
        const size_t flipped = rng.below(size * 8);
        Octets other = own;
        other[flipped / 8] ^= static_cast<uint8_t>(0x80 >> (flipped % 8));
        ASSERT_EQ(network.contains(other), flipped >= network.prefix_bits);
        ASSERT_EQ(cidr(text(network)), network);
    }
}

TEST(AddressText, IsTheShortestForm) {
    EXPECT_EQ(address_text(octets("192.0.2.7")), "192.0.2.7");
    EXPECT_EQ(address_text(octets("2001:db8:0:0::1")), "2001:db8::1");
    EXPECT_EQ(address_text(octets("::ffff:192.0.2.7")), "192.0.2.7") << "it is IPv4";
    EXPECT_EQ(address_text({}), "unknown");
    EXPECT_EQ(address_text(Octets(5)), "unknown");
}

}  // namespace
}  // namespace jumpgate
