// parse_srv_reply: what the records say, in one order; bytes of an attacker.
#include "core/io/srv_reply.h"

#include <gtest/gtest.h>

#include <limits>

#include "core/base/rng.h"
#include "tests/io/dns_responder.h"

namespace jumpgate {
namespace {

constexpr const char* kService = "_mqtt._tcp.example";

DnsRecord srv(const SrvLine& line, uint32_t ttl_s = 60) {
    return {kService, DnsType::Srv, ttl_s, srv_bytes(line)};
}

Bytes reply(const std::vector<DnsRecord>& records) {
    return dns_reply(7, 0, kService, DnsType::Srv, records);
}

std::string hosts_of(const SrvReply& reply) {
    std::string hosts;
    for (const SrvRecord& record : reply.records) {
        hosts += (hosts.empty() ? "" : " ") + record.host + ":" + std::to_string(record.port);
    }
    return hosts;
}

TEST(ParseSrvReply, ReadsEveryField) {
    const auto parsed = parse_srv_reply(reply({srv({"Broker-1.Example", 8883, 3, 9}, 17)}));
    ASSERT_TRUE(parsed);
    const std::vector<SrvRecord> expected = {
        {.host = "broker-1.example", .port = 8883, .priority = 3, .weight = 9}};
    EXPECT_EQ(parsed->records, expected);
    EXPECT_EQ(parsed->ttl_s, 17U);
}

TEST(ParseSrvReply, SortsByTheNumberOfTheFirstLabelThenByName) {
    const auto parsed = parse_srv_reply(reply({
        srv({"broker-10.example"}),
        srv({"zeta.example7"}),
        srv({"broker-2.example", 1884}),
        srv({"alpha.example"}),
        srv({"broker-2.example", 1883}),
        srv({"10.example"}),
        srv({"a-2.example"}),
        srv({"broker-99999999999999999999.example"}),
        srv({"broker-000.example"}),
    }));
    ASSERT_TRUE(parsed);
    EXPECT_EQ(hosts_of(*parsed),
              "broker-000.example:1883 a-2.example:1883 broker-2.example:1883 "
              "broker-2.example:1884 10.example:1883 broker-10.example:1883 alpha.example:1883 "
              "broker-99999999999999999999.example:1883 zeta.example7:1883");
}

TEST(ParseSrvReply, OneOfEachHostAndPortTheMostPreferred) {
    const auto parsed =
        parse_srv_reply(reply({srv({"a.example", 1883, 9, 1}), srv({"A.example", 1883, 2, 5})}));
    ASSERT_TRUE(parsed);
    ASSERT_EQ(parsed->records.size(), 1U);
    EXPECT_EQ(parsed->records[0].priority, 2);
}

TEST(ParseSrvReply, TheTtlIsTheLowestAliasesIncluded) {
    Bytes target;
    put_name(target, "other.example");
    const DnsRecord alias{kService, DnsType::Cname, 5, target};
    const DnsRecord address{"x.example", DnsType::A, 1, {10, 0, 0, 1}};
    const auto parsed = parse_srv_reply(reply({srv({"a.example"}, 40), alias, address}));
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->ttl_s, 5U);
    // RFC 2181 8
    const auto negative = parse_srv_reply(reply({srv({"a.example"}, 0x80000000U)}));
    ASSERT_TRUE(negative);
    EXPECT_EQ(negative->ttl_s, 0U);
}

// RFC 2782: "A Target of "." means that the service is decidedly not available at this domain."
TEST(ParseSrvReply, ADotOffersNothing) {
    const auto parsed = parse_srv_reply(reply({srv({"."})}));
    ASSERT_TRUE(parsed);
    EXPECT_TRUE(parsed->records.empty());
}

TEST(ParseSrvReply, TargetsMayPointIntoTheQuestion) {
    Bytes rdata = {0, 0, 0, 0, 7, 91, 1, 'b', 0xc0, 12 + 11};  // b + ".example" of the question
    const auto parsed = parse_srv_reply(reply({{kService, DnsType::Srv, 60, rdata}}));
    ASSERT_TRUE(parsed);
    EXPECT_EQ(hosts_of(*parsed), "b.example:1883");
}

TEST(ParseSrvReply, RefusesBadRecords) {
    const std::vector<std::pair<const char*, Bytes>> bad = {
        {"empty", {}},
        {"no target", {0, 0, 0, 0, 7, 91}},
        {"port 0", {0, 0, 0, 0, 0, 0, 1, 'b', 0}},
        {"a space in the name", {0, 0, 0, 0, 7, 91, 3, 'a', ' ', 'b', 0}},
        {"a control character", {0, 0, 0, 0, 7, 91, 2, 'a', '\n', 0}},
        {"a NUL", {0, 0, 0, 0, 7, 91, 3, 'a', 0, 'b', 0}},
        {"bytes behind it", {0, 0, 0, 0, 7, 91, 1, 'b', 0, 1}},
        {"a label without its bytes", {0, 0, 0, 0, 7, 91, 60, 'b'}},
        {"a pointer to itself", {0, 0, 0, 0, 7, 91, 0xc0, 0xff}},
    };
    for (const auto& [name, rdata] : bad) {
        SCOPED_TRACE(name);
        EXPECT_FALSE(parse_srv_reply(reply({{kService, DnsType::Srv, 60, rdata}})));
    }
    // The record begins behind the question and its own name, type, class, TTL and length.
    Bytes loop = reply({{kService, DnsType::Srv, 60, {0, 0, 0, 0, 7, 91, 0xc0, 0}}});
    loop.back() = static_cast<uint8_t>(loop.size() - 2);
    EXPECT_FALSE(parse_srv_reply(loop));
}

TEST(ParseSrvReply, RefusesEveryTruncation) {
    const Bytes whole = reply({srv({"broker-1.example"}), srv({"broker-2.example"})});
    ASSERT_TRUE(parse_srv_reply(whole));
    for (size_t length = 0; length < whole.size(); ++length) {
        EXPECT_FALSE(parse_srv_reply(std::span(whole).first(length))) << length;
    }
}

// Under AddressSanitizer this also shows that nothing is read behind the end.
TEST(ParseSrvReply, SurvivesChangedBytes) {
    const Bytes whole = reply({srv({"broker-1.example"}), srv({"broker-2.example"})});
    Rng rng(20'260'101);
    for (int round = 0; round < 20'000; ++round) {
        Bytes changed = whole;
        for (uint64_t i = 0; i <= rng.next() % 4; ++i) {
            changed[rng.next() % changed.size()] = static_cast<uint8_t>(rng.next());
        }
        const auto parsed = parse_srv_reply(changed);
        if (!parsed) continue;
        for (const SrvRecord& record : parsed->records) {
            EXPECT_FALSE(record.host.empty());
            EXPECT_NE(record.port, 0);
        }
    }
}

}  // namespace
}  // namespace jumpgate
