#include "core/proxy/proxy_header.h"

#include <gtest/gtest.h>

#include "core/base/crc32c.h"
#include "core/base/rng.h"
#include "tests/proxy/proxy_header_samples.h"

namespace jumpgate {
namespace {

using Octets = std::vector<uint8_t>;
using std::string_view_literals::operator""sv;

Octets octets(std::string_view text) { return {text.begin(), text.end()}; }
void put(Octets& out, const Octets& more) { out.insert(out.end(), more.begin(), more.end()); }

std::string_view fault(const ProxyHeaderRead& read) {
    const auto* invalid = std::get_if<ProxyHeaderInvalid>(&read);
    return invalid != nullptr ? invalid->text : "";
}
bool needs_more(const ProxyHeaderRead& read) {
    return std::holds_alternative<ProxyHeaderNeedsMore>(read);
}
ProxyHeader header(const Octets& bytes) {
    const ProxyHeaderRead read = parse_proxy_header(bytes);
    const auto* found = std::get_if<ProxyHeader>(&read);
    EXPECT_NE(found, nullptr) << fault(read);
    return found != nullptr ? *found : ProxyHeader{};
}
Address address(std::string_view host, uint16_t port) {
    const std::optional<Address> parsed = Address::parse(host, port);
    EXPECT_TRUE(parsed) << host;
    return parsed.value_or(Address{});
}

// A v2 header: command, family, addresses and TLVs as they come.
Octets v2(uint8_t command, uint8_t family, const Octets& body) {
    Octets out = octets("\r\n\r\n\0\r\nQUIT\n"sv);
    put(out, {command, family, static_cast<uint8_t>(body.size() >> 8),
              static_cast<uint8_t>(body.size())});
    put(out, body);
    return out;
}
const Octets kEnds4 = {192, 0, 2, 1, 198, 51, 100, 2, 0x10, 0x01, 0x07, 0x5b};
Octets with_tlvs(const Octets& tlvs) {
    Octets body = kEnds4;
    put(body, tlvs);
    return v2(0x21, 0x11, body);
}

// ---- Reading

TEST(ParseProxyHeader, ReadsWhatHaproxySends) {
    for (const ProxySample& sample : kHaproxySamples) {
        const Octets bytes = from_hex(sample.hex);
        const ProxyHeader read = header(bytes);
        EXPECT_EQ(read.version, bytes[0] == 'P' ? 1 : 2) << sample.option;
        EXPECT_FALSE(read.local);
        EXPECT_EQ(read.source.host(), sample.ip) << sample.option;
        EXPECT_EQ(read.source.port(), sample.source_port) << sample.option;
        EXPECT_EQ(read.destination.host(), sample.ip) << sample.option;
        EXPECT_EQ(read.destination.port(), sample.destination_port) << sample.option;
        EXPECT_EQ(read.header_bytes, bytes.size()) << sample.option;
    }
}

TEST(ParseProxyHeader, AsksForMoreAtEveryTruncation) {
    for (const ProxySample& sample : kHaproxySamples) {
        const Octets bytes = from_hex(sample.hex);
        for (size_t size = 0; size < bytes.size(); ++size)
            EXPECT_TRUE(needs_more(parse_proxy_header({bytes.data(), size})))
                << sample.option << " " << size;
    }
}

TEST(ParseProxyHeader, LeavesWhatComesBehindIt) {
    for (const ProxySample& sample : kHaproxySamples) {
        Octets bytes = from_hex(sample.hex);
        const size_t size = bytes.size();
        put(bytes, octets("\x10\x0c\0\x04MQTT\x04\x02\0\x3c\0\0"sv));  // CONNECT
        EXPECT_EQ(header(bytes).header_bytes, size) << sample.option;
        bytes.resize(8'192, '\n');
        EXPECT_EQ(header(bytes).header_bytes, size) << sample.option;
    }
}

TEST(ParseProxyHeader, TellsWhichEndIsWhich) {
    for (const Octets& bytes :
         {octets("PROXY TCP4 192.0.2.1 198.51.100.2 4097 1883\r\n"), v2(0x21, 0x11, kEnds4)}) {
        EXPECT_EQ(header(bytes).source.to_string(), "192.0.2.1:4097");
        EXPECT_EQ(header(bytes).destination.to_string(), "198.51.100.2:1883");
    }
    Octets ends6(36);
    ends6[0] = 0x20, ends6[1] = 0x01, ends6[15] = 1;
    ends6[16] = 0xfe, ends6[17] = 0x80, ends6[31] = 2;
    ends6[32] = 0x10, ends6[33] = 0x01, ends6[34] = 0x07, ends6[35] = 0x5b;
    for (const Octets& bytes :
         {octets("PROXY TCP6 2001::1 FE80:0:0:0:0:0:0:2 4097 1883\r\n"), v2(0x21, 0x21, ends6)}) {
        EXPECT_EQ(header(bytes).source.to_string(), "[2001::1]:4097");
        EXPECT_EQ(header(bytes).destination.to_string(), "[fe80::2]:1883");
    }
}

TEST(ParseProxyHeader, KnowsNoAddressWhereTheSenderTellsNone) {
    const std::string longest = "PROXY UNKNOWN " + std::string(91, 'x') + "\r\n";  // 107
    struct Case {
        Octets bytes;
        bool local;
    };
    const Case cases[] = {
        {octets("PROXY UNKNOWN\r\n"), false},
        {octets("PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n"), false},
        {octets("PROXY UNKNOWN  \xff anything\r\n"), false},
        {octets(longest), false},
        {v2(0x20, 0x00, {}), true},
        {v2(0x20, 0x11, kEnds4), true},
        {v2(0x20, 0x11, {1}), true},  // LOCAL: all that follows is skipped
        {v2(0x20, 0xff, {4, 0, 9}), true},
        {v2(0x21, 0x00, {}), false},
        {v2(0x21, 0x00, {4, 0, 1, 0}), false},
        {v2(0x21, 0x31, Octets(216)), false},
    };
    for (const Case& c : cases) {
        const ProxyHeader read = header(c.bytes);
        EXPECT_FALSE(read.source.known());
        EXPECT_FALSE(read.destination.known());
        EXPECT_EQ(read.local, c.local);
        EXPECT_EQ(read.header_bytes, c.bytes.size());
    }
}

TEST(ParseProxyHeader, RefusesALineThatIsNotExactlySo) {
    const std::string_view none = "is neither of version 1 nor of version 2";
    const std::string_view protocol = "names no protocol of version 1";
    const std::string_view port = "has a malformed port";
    const std::string_view ip = "has a malformed address";
    const std::string_view end = "does not end with CR LF";
    struct Case {
        std::string_view line;
        std::string_view fault;
    };
    const Case cases[] = {
        {"\x10\x0c"sv, none},
        {"\x16\x03\x01"sv, none},
        {"\0"sv, none},
        {"p"sv, none},
        {"PRoXY"sv, none},
        {"PROXYTCP4"sv, none},
        {"PROXY\tTCP4"sv, none},
        {"PROXY\r\n"sv, none},
        {"PROXY \r\n"sv, protocol},
        {"PROXY  TCP4 1.2.3.4 5.6.7.8 1 2\r\n"sv, protocol},
        {"PROXY tcp4 1.2.3.4 5.6.7.8 1 2\r\n"sv, protocol},
        {"PROXY TCP5 1.2.3.4 5.6.7.8 1 2\r\n"sv, protocol},
        {"PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n"sv, protocol},
        {"PROXY UNKNOWNS\r\n"sv, protocol},
        {"PROXY TCP4\r\n"sv, port},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n"sv, port},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 1 \r\n"sv, port},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 1 2 \r\n"sv, port},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n"sv, port},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 1  2\r\n"sv, port},
        {"PROXY TCP4 1.2.3.4  5.6.7.8 1 2\r\n"sv, port},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n"sv, port},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 1 00\r\n"sv, port},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 +1 2\r\n"sv, port},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 -1 2\r\n"sv, port},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 1 65536\r\n"sv, port},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 1 2x\r\n"sv, port},
        {"PROXY TCP4 1.2.3.04 5.6.7.8 1 2\r\n"sv, ip},
        {"PROXY TCP4 1.2.3 5.6.7.8 1 2\r\n"sv, ip},
        {"PROXY TCP4 1.2.3.4 5.6.7.256 1 2\r\n"sv, ip},
        {"PROXY TCP4 1.2.3.4\0 5.6.7.8 1 2\r\n"sv, ip},
        {"PROXY TCP4 ::1 ::2 1 2\r\n"sv, ip},
        {"PROXY TCP4 1.2.3.4 ::2 1 2\r\n"sv, ip},
        {"PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n"sv, ip},
        {"PROXY TCP6 ::1 1.2.3.4 1 2\r\n"sv, ip},
        {"PROXY TCP6 [::1] ::2 1 2\r\n"sv, ip},
        {"PROXY TCP6 fe80::1%eth0 ::2 1 2\r\n"sv, ip},
        {"PROXY TCP4 localhost 5.6.7.8 1 2\r\n"sv, ip},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n"sv, end},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\rx"sv, end},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\r\n"sv, end},
        {"PROXY UNKNOWN a\nb\r\n"sv, end},
    };
    for (const Case& c : cases)
        EXPECT_EQ(fault(parse_proxy_header(octets(c.line))), c.fault) << c.line;
}

TEST(ParseProxyHeader, TakesPortsFrom0To65535) {
    const ProxyHeader read = header(octets("PROXY TCP4 1.2.3.4 5.6.7.8 0 65535\r\n"));
    EXPECT_EQ(read.source.port(), 0);
    EXPECT_EQ(read.destination.port(), 65'535);
}

TEST(ParseProxyHeader, TakesALineOf107BytesAndNoLongerOne) {
    const std::string start = "PROXY UNKNOWN ";
    const std::string fits = start + std::string(91, 'x');
    ASSERT_EQ(fits.size() + 2, 107u);
    EXPECT_EQ(header(octets(fits + "\r\n")).header_bytes, 107u);
    EXPECT_TRUE(needs_more(parse_proxy_header(octets(fits + "\r"))));
    EXPECT_EQ(fault(parse_proxy_header(octets(fits + "x\r"))), "is a line of over 107 bytes");
    EXPECT_EQ(fault(parse_proxy_header(octets(fits + "x\r\n"))), "is a line of over 107 bytes");
    EXPECT_EQ(fault(parse_proxy_header(octets(fits + "xx"))), "is a line of over 107 bytes");
    EXPECT_TRUE(needs_more(parse_proxy_header(octets(fits + "x"))));
}

TEST(ParseProxyHeader, RefusesBytesThatVersion2DoesNotKnowAsSoonAsTheyCome) {
    const std::string_view family = "is not of TCP over IPv4 or IPv6, or of a Unix stream";
    struct Case {
        uint8_t command;
        uint8_t family;
        size_t seen_at;  // bytes that tell
        std::string_view fault;
    };
    const Case cases[] = {
        {0x11, 0x11, 13, "is of a version above 2"},
        {0x31, 0x11, 13, "is of a version above 2"},
        {0x01, 0x11, 13, "is of a version above 2"},
        {0x22, 0x11, 13, "has an unknown command"},
        {0x2f, 0x11, 13, "has an unknown command"},
        {0x21, 0x12, 14, family},
        {0x21, 0x22, 14, family},
        {0x21, 0x32, 14, family},
        {0x21, 0x10, 14, family},
        {0x21, 0x01, 14, family},
        {0x21, 0x41, 14, family},
        {0x21, 0x13, 14, family},
    };
    for (const Case& c : cases) {
        const Octets bytes = v2(c.command, c.family, Octets(216));
        EXPECT_TRUE(needs_more(parse_proxy_header({bytes.data(), c.seen_at - 1})));
        EXPECT_EQ(fault(parse_proxy_header({bytes.data(), c.seen_at})), c.fault);
        EXPECT_EQ(fault(parse_proxy_header(bytes)), c.fault);
    }
    const Octets good = v2(0x21, 0x11, kEnds4);
    for (size_t at = 1; at < 12; ++at) {
        Octets bad = good;
        bad[at] ^= 1;
        EXPECT_EQ(fault(parse_proxy_header({bad.data(), at + 1})),
                  "is neither of version 1 nor of version 2");
    }
}

TEST(ParseProxyHeader, RefusesLengthsThatDoNotFit) {
    const std::string_view too_short = "is too short for its addresses";
    EXPECT_EQ(fault(parse_proxy_header(v2(0x21, 0x11, Octets(11)))), too_short);
    EXPECT_EQ(fault(parse_proxy_header(v2(0x21, 0x21, Octets(35)))), too_short);
    EXPECT_EQ(fault(parse_proxy_header(v2(0x21, 0x31, Octets(215)))), too_short);
    EXPECT_EQ(fault(parse_proxy_header(v2(0x21, 0x11, {}))), too_short);

    Octets tlv = {4, 0x0f, 0xe1};  // NOOP
    tlv.resize(3 + 0x0fe1);
    ASSERT_EQ(with_tlvs(tlv).size(), kProxyHeaderBytesMax);
    EXPECT_EQ(header(with_tlvs(tlv)).header_bytes, kProxyHeaderBytesMax);
    tlv.push_back(0);
    EXPECT_EQ(fault(parse_proxy_header(with_tlvs(tlv))), "is longer than 4096 bytes");
    EXPECT_EQ(fault(parse_proxy_header(v2(0x20, 0, Octets(4'081)))), "is longer than 4096 bytes");
}

TEST(ParseProxyHeader, WalksAllTlvs) {
    Octets unique_id = {5, 0, 128};
    unique_id.resize(3 + 128);
    const Octets good[] = {{4, 0, 0},
                           {4, 0, 1, 9},
                           {0xe0, 0, 2, 1, 2, 4, 0, 0},
                           {0x20, 0, 1, 0xff, 2, 0, 1, 'a'},
                           unique_id};
    for (const Octets& tlvs : good) EXPECT_EQ(header(with_tlvs(tlvs)).source.port(), 0x1001);

    const Octets bad[] = {{4}, {4, 0}, {4, 0, 1}, {4, 0xff, 0xff, 0}, {4, 0, 0, 4}, {4, 0, 2, 1}};
    for (const Octets& tlvs : bad)
        EXPECT_EQ(fault(parse_proxy_header(with_tlvs(tlvs))), "has a malformed TLV");
    unique_id[2] = 129;
    unique_id.push_back(0);
    EXPECT_EQ(fault(parse_proxy_header(with_tlvs(unique_id))), "has a unique id of over 128 bytes");
}

TEST(ParseProxyHeader, VerifiesTheChecksum) {
    for (const ProxySample& sample : {kHaproxyChecksum, kHaproxyAll}) {
        const Octets good = from_hex(sample.hex);
        for (size_t at = 16; at < good.size(); ++at) {
            if (at == 28) continue;  // the checksum's type: without it there is none
            Octets bad = good;
            bad[at] ^= 0x10;
            EXPECT_NE(fault(parse_proxy_header(bad)), "") << at;
        }
    }
    EXPECT_EQ(fault(parse_proxy_header(with_tlvs({3, 0, 4, 0, 0, 0, 0}))), "has a wrong checksum");
    EXPECT_EQ(fault(parse_proxy_header(with_tlvs({3, 0, 3, 0, 0, 0}))), "has a malformed checksum");
    // Right or not, two of them leave open which is meant.
    Octets twice = with_tlvs({3, 0, 4, 0, 0, 0, 0, 3, 0, 0});
    const uint32_t crc = crc32c(twice);
    for (size_t i = 0; i < 4; ++i)
        twice[16 + 12 + 3 + i] = static_cast<uint8_t>(crc >> (24 - 8 * i));
    EXPECT_EQ(fault(parse_proxy_header(twice)), "has a malformed checksum");
    twice[16 + 12 + 7] = 4;  // NOOP in its place: the checksum is another
    EXPECT_EQ(fault(parse_proxy_header(twice)), "has a wrong checksum");
}

TEST(ParseProxyHeader, GivesEveryMutationAnAnswerThatMoreBytesDoNotChange) {
    Rng rng(11);
    for (int round = 0; round < 50'000; ++round) {
        Octets bytes = from_hex(kHaproxySamples[rng.below(std::size(kHaproxySamples))].hex);
        for (uint64_t left = 1 + rng.below(3); left > 0; --left)
            bytes[rng.below(bytes.size())] = static_cast<uint8_t>(rng.next());
        const ProxyHeaderRead read = parse_proxy_header(bytes);
        const size_t half = rng.below(bytes.size());
        const Octets start(bytes.begin(), bytes.begin() + static_cast<long>(half));
        const ProxyHeaderRead before = parse_proxy_header(start);
        if (std::holds_alternative<ProxyHeaderInvalid>(before)) {
            ASSERT_EQ(fault(read), fault(before));
        } else if (const auto* found = std::get_if<ProxyHeader>(&before)) {
            ASSERT_EQ(std::get<ProxyHeader>(read).header_bytes, found->header_bytes);
        }
    }
}

// ---- Writing

Octets v1_of(const Address& source, const Address& destination) {
    Octets out;
    write_proxy_v1(out, source, destination);
    return out;
}
Octets v2_of(const Address& source, const Address& destination, const ProxyTlvs* tlvs = nullptr) {
    Octets out;
    EXPECT_TRUE(write_proxy_v2(out, source, destination, tlvs));
    return out;
}

TEST(WriteProxyHeader, WritesByteForByteWhatHaproxyDoes) {
    for (const ProxySample& s : {kHaproxyV1, kHaproxyV1OverIpv6})
        EXPECT_EQ(v1_of(address(s.ip, s.source_port), address(s.ip, s.destination_port)),
                  from_hex(s.hex));
    for (const ProxySample& s : {kHaproxyV2, kHaproxyV2OverIpv6})
        EXPECT_EQ(v2_of(address(s.ip, s.source_port), address(s.ip, s.destination_port)),
                  from_hex(s.hex));

    ProxyTls tls{.version = "TLSv1.3",
                 .common_name = "client",
                 .certificate_on_connection = true,
                 .certificate_in_session = true,
                 .verified = true};
    ProxyTlvs tlvs{.tls = &tls};
    const ProxySample& cn = kHaproxyTls;
    EXPECT_EQ(v2_of(address(cn.ip, cn.source_port), address(cn.ip, cn.destination_port), &tlvs),
              from_hex(cn.hex));
    tls.cipher = "TLS_AES_256_GCM_SHA384";
    tlvs.authority = "broker.example.org";
    tlvs.unique_id = "jumpgate-42";
    const ProxySample& all = kHaproxyTlsAndMore;
    EXPECT_EQ(v2_of(address(all.ip, all.source_port), address(all.ip, all.destination_port), &tlvs),
              from_hex(all.hex));
}

// Where HAProxy 2.6 sends verify 0 without a certificate, the specification (2.2.6) wants another
// number; nobody may take "no certificate" for a verified one.
TEST(WriteProxyHeader, ClaimsNoVerificationWithoutACertificate) {
    const ProxyTls tls{.version = "TLSv1.3", .cipher = "TLS_AES_256_GCM_SHA384"};
    const ProxyTlvs tlvs{
        .authority = "broker.example.org", .unique_id = "jumpgate-42", .tls = &tls};
    const ProxySample& s = kHaproxyNoCertificate;
    Octets expected = from_hex(s.hex);
    const size_t verify_at = 16 + 12 + (3 + 18) + (3 + 11) + 3 + 1;
    ASSERT_EQ(expected[verify_at - 1], 1);  // the client bits
    ASSERT_EQ(expected[verify_at + 3], 0);
    expected[verify_at + 3] = 1;
    EXPECT_EQ(v2_of(address(s.ip, s.source_port), address(s.ip, s.destination_port), &tlvs),
              expected);
}

TEST(WriteProxyHeader, TellsAResumedCertificateFromOneThatWasSent) {
    const ProxyTls tls{
        .version = "TLSv1.2", .common_name = "", .certificate_in_session = true, .verified = true};
    const ProxyTlvs tlvs{.tls = &tls};
    const Octets bytes = v2_of(address("192.0.2.1", 1), address("192.0.2.2", 2), &tlvs);
    const Octets expected = {0x20, 0, 15,  0x05, 0,   0,   0,   0,   0x21,
                             0,    7, 'T', 'L',  'S', 'v', '1', '.', '2'};
    EXPECT_EQ(Octets(bytes.begin() + 28, bytes.end()), expected);
}

TEST(WriteProxyHeader, WritesOneFamilyForBothEnds) {
    struct Case {
        std::string_view source;
        std::string_view destination;
        std::string_view v1;  // of the ports 4097 and 1883
        uint8_t family;
    };
    const Case cases[] = {
        {"192.0.2.1", "198.51.100.2", "TCP4 192.0.2.1 198.51.100.2", 0x11},
        {"::ffff:192.0.2.1", "::ffff:198.51.100.2", "TCP4 192.0.2.1 198.51.100.2", 0x11},
        {"192.0.2.1", "::ffff:198.51.100.2", "TCP4 192.0.2.1 198.51.100.2", 0x11},
        {"192.0.2.1", "2001:db8::2", "TCP6 ::ffff:c000:201 2001:db8::2", 0x21},
        {"::ffff:192.0.2.1", "2001:db8::2", "TCP6 ::ffff:c000:201 2001:db8::2", 0x21},
        {"2001:db8::1", "0.0.0.0", "TCP6 2001:db8::1 ::ffff:0:0", 0x21},
        {"2001:db8::1", "2001:db8::2", "TCP6 2001:db8::1 2001:db8::2", 0x21},
    };
    for (const Case& c : cases) {
        const Address source = address(c.source, 4'097);
        const Address destination = address(c.destination, 1'883);
        const Octets line = v1_of(source, destination);
        EXPECT_EQ(line, octets("PROXY " + std::string(c.v1) + " 4097 1883\r\n"));
        const Octets binary = v2_of(source, destination);
        EXPECT_EQ(binary[13], c.family);
        for (const Octets& bytes : {line, binary}) {
            EXPECT_EQ(header(bytes).source.to_string(), source.to_string());
            EXPECT_EQ(header(bytes).destination.to_string(), destination.to_string());
            EXPECT_EQ(header(bytes).header_bytes, bytes.size());
        }
    }
}

TEST(WriteProxyHeader, SaysSoWhereAnAddressIsNotKnown) {
    const Address known = address("192.0.2.1", 1);
    for (const auto& [source, destination] : {std::pair{known, Address{}}, {Address{}, known}}) {
        EXPECT_EQ(v1_of(source, destination), octets("PROXY UNKNOWN\r\n"));
        const ProxyTlvs tlvs{.authority = "a"};
        EXPECT_EQ(v2_of(source, destination, &tlvs), v2(0x21, 0x00, {2, 0, 1, 'a'}));
    }
}

TEST(WriteProxyHeader, SpeaksForItself) {
    std::vector<uint8_t> out = {7};
    write_proxy_v2_local(out);
    const std::span<const uint8_t> header = std::span(out).subspan(1);
    const ProxyHeaderRead read = parse_proxy_header(header);
    ASSERT_TRUE(std::holds_alternative<ProxyHeader>(read));
    EXPECT_TRUE(std::get<ProxyHeader>(read).local);
    EXPECT_EQ(std::get<ProxyHeader>(read).header_bytes, header.size());
    out.clear();
    write_proxy_v1_local(out);
    EXPECT_EQ(std::string(out.begin(), out.end()), "PROXY UNKNOWN\r\n");
}

TEST(WriteProxyHeader, AppendsAllOrNothing) {
    const Address end = address("192.0.2.1", 1);
    const Octets before = octets("before");
    Octets out = before;
    write_proxy_v1(out, end, end);
    EXPECT_EQ(Octets(out.begin(), out.begin() + 6), before);
    EXPECT_EQ(header({out.begin() + 6, out.end()}).source.port(), 1);

    const std::string most(kProxyHeaderBytesMax - 28 - 3, 'a');
    ProxyTlvs tlvs{.authority = most};
    EXPECT_EQ(v2_of(end, end, &tlvs).size(), kProxyHeaderBytesMax);
    const std::string long_id(129, 'u');
    const std::string huge(100'000, 'c');
    const ProxyTls tls{.version = "TLSv1.3", .common_name = huge};
    const ProxyTls fits{.version = "TLSv1.3"};
    for (const ProxyTlvs& too_much :
         {ProxyTlvs{.authority = most, .unique_id = "u"}, ProxyTlvs{.unique_id = long_id},
          ProxyTlvs{.tls = &tls}, ProxyTlvs{.authority = huge},
          ProxyTlvs{.authority = most, .tls = &fits}}) {
        out = before;
        EXPECT_FALSE(write_proxy_v2(out, end, end, &too_much));
        EXPECT_EQ(out, before);
    }
}

}  // namespace
}  // namespace jumpgate
