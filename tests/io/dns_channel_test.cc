// DnsChannel: each look-up is answered once, with what a user can act on where it fails.
#include "core/io/dns_channel.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/io/dns_responder.h"
#include "tests/io/kernel.h"

namespace jumpgate {
namespace {

struct Question : DnsQuery {
    Question()
        : DnsQuery([](DnsQuery& query, DnsAnswer& came) {
              Question& self = static_cast<Question&>(query);
              self.answers++;
              self.answer = std::move(came);
          }) {}
    std::string addresses() const {
        std::string list;
        for (const auto& family : answer.addresses) {
            for (const Address& address : family)
                list += (list.empty() ? "" : " ") + address.host();
        }
        return list;
    }
    int answers = 0;
    DnsAnswer answer;
};

void await(DnsChannel& channel, const Question& question) {
    const uint64_t deadline_ns = monotonic_ns() + kPatienceNs;
    while (question.answers == 0 && monotonic_ns() < deadline_ns) {
        channel.wait(-1, kNanosPerSecond);
    }
    EXPECT_EQ(question.answers, 1);
    EXPECT_EQ(channel.in_flight(), 0U);
}

DnsOptions asking(const DnsResponder& responder, uint32_t timeout_ms = 10'000) {
    return {.servers = responder.server(), .timeout_ms = timeout_ms};
}

std::string problem_of(DnsChannel& channel, const std::string& host) {
    Question question;
    channel.ask_addresses(question, host);
    await(channel, question);
    return question.answer.problem;
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

TEST(ParseNameServers, TakesAddressesWithAndWithoutPorts) {
    const auto parsed = parse_name_servers("127.0.0.1, 10.0.0.2:5353,::1,[2001:DB8::0]:54,");
    const auto* servers = std::get_if<std::vector<HostPort>>(&parsed);
    ASSERT_NE(servers, nullptr);
    const std::vector<HostPort> expected = {
        {"127.0.0.1", 53}, {"10.0.0.2", 5353}, {"::1", 53}, {"2001:db8::", 54}};
    EXPECT_EQ(*servers, expected);
}

TEST(ParseNameServers, SaysWhatIsNoAddress) {
    for (const char* text : {"dns.example", "127.0.0.1,,::1", "5353", ":53", "127.0.0.1:0",
                             "127.0.0.1:65536", " ", "1.2.3", "[::1", "127.0.0.1;127.0.0.2"}) {
        SCOPED_TRACE(text);
        const auto parsed = parse_name_servers(text);
        const auto* problem = std::get_if<Problem>(&parsed);
        ASSERT_NE(problem, nullptr);
        EXPECT_TRUE(has(problem->text, "which is no IP address; allowed: ")) << problem->text;
    }
    std::string many = "127.0.0.1";
    for (int i = 0; i < 16; ++i) many += ",127.0.0.1";
    const auto parsed = parse_name_servers(many);
    ASSERT_TRUE(std::holds_alternative<Problem>(parsed));
    EXPECT_EQ(std::get<Problem>(parsed).text, "names 17 servers; 16 are allowed");
}

TEST(DnsChannel, AddressesOfBothFamiliesSortedAndOnce) {
    DnsResponder responder;
    responder.set_addresses("a.test",
                            {"10.0.0.20", "::2", "10.0.0.3", "9.0.0.1", "::1", "10.0.0.3"}, 30);
    DnsChannel channel(asking(responder));
    Question question;
    channel.ask_addresses(question, "a.test");
    EXPECT_EQ(channel.in_flight(), 2U);
    await(channel, question);
    EXPECT_EQ(question.addresses(), "9.0.0.1 10.0.0.3 10.0.0.20 ::1 ::2");
    EXPECT_EQ(question.answer.ttl_s, 30U);
    EXPECT_EQ(question.answer.problem, "");
}

TEST(DnsChannel, OneFamilyIsEnough) {
    DnsResponder responder;
    responder.set_addresses("four.test", {"10.0.0.1"});
    responder.set_addresses("six.test", {"::1"});
    DnsChannel channel(asking(responder));
    for (const auto& [host, address] : {std::pair("four.test", "10.0.0.1"), {"six.test", "::1"}}) {
        Question question;
        channel.ask_addresses(question, host);
        await(channel, question);
        EXPECT_EQ(question.addresses(), address);
        EXPECT_EQ(question.answer.problem, "");
        EXPECT_FALSE(question.answer.unknown[0] || question.answer.unknown[1]);
    }
}

TEST(DnsChannel, AFamilyWithoutAnAnswerIsSaidToBeUnknown) {
    DnsResponder responder;
    responder.set_addresses("a.test", {"10.0.0.1", "::1"});
    responder.set_silent("a.test", DnsType::Aaaa, true);
    DnsChannel channel(asking(responder, 50));
    Question question;
    channel.ask_addresses(question, "a.test");
    await(channel, question);
    EXPECT_EQ(question.addresses(), "10.0.0.1");
    EXPECT_EQ(question.answer.problem, "");
    EXPECT_FALSE(question.answer.unknown[0]);
    EXPECT_TRUE(question.answer.unknown[1]);
}

TEST(DnsChannel, TheTtlOfAnAliasCounts) {
    DnsResponder responder;
    responder.set_addresses("real.test", {"10.0.0.1"}, 100);
    responder.set_alias("alias.test", "real.test", 7);
    DnsChannel channel(asking(responder));
    Question question;
    channel.ask_addresses(question, "alias.test");
    await(channel, question);
    EXPECT_EQ(question.addresses(), "10.0.0.1");
    EXPECT_EQ(question.answer.ttl_s, 7U);
}

TEST(DnsChannel, TheHostsFileComesBeforeTheNameServer) {
    DnsResponder responder;
    responder.set_addresses("localhost", {"10.0.0.1"});
    DnsChannel channel(asking(responder));
    Question question;
    channel.ask_addresses(question, "localhost");
    EXPECT_EQ(question.answers, 1);
    EXPECT_TRUE(has(question.addresses(), "127.0.0.1") || has(question.addresses(), "::1"));
    EXPECT_FALSE(has(question.addresses(), "10.0.0.1"));
    EXPECT_EQ(question.answer.ttl_s, DnsAnswer::kForEver);
    EXPECT_EQ(responder.different_questions(), 0U);
}

TEST(DnsChannel, SaysWhatTheServerSaid) {
    DnsResponder responder;
    DnsChannel channel(asking(responder));
    EXPECT_EQ(problem_of(channel, "nobody.test"), "NXDOMAIN: no such name");
    responder.set_addresses("empty.test", {});
    EXPECT_EQ(problem_of(channel, "empty.test"), "the name has no A and no AAAA record");
    const std::string server = responder.server();
    responder.set_code("a.test", DnsResponder::kServFail);
    EXPECT_EQ(problem_of(channel, "a.test"), "SERVFAIL: " + server + " could not find out");
    responder.set_code("a.test", DnsResponder::kRefused);
    EXPECT_EQ(problem_of(channel, "a.test"), "REFUSED: " + server + " does not answer this host");
    responder.set_code("a.test", DnsResponder::kNotImp);
    EXPECT_EQ(problem_of(channel, "a.test"), "NOTIMP: " + server + " does not know such queries");
    EXPECT_EQ(problem_of(channel, std::string(64, 'a') + ".test"),
              "not a name that the DNS can hold");
}

TEST(DnsChannel, SaysWhoDoesNotAnswer) {
    DnsResponder responder;
    responder.set_all_silent(true);
    DnsChannel channel(asking(responder, 50));
    const std::string problem = problem_of(channel, "a.test");
    EXPECT_TRUE(has(problem, "no answer from " + responder.server() + " within ")) << problem;
    std::string nobody;
    {
        const DnsResponder gone;
        nobody = gone.server();
    }
    DnsChannel to_nobody({.servers = nobody, .timeout_ms = 50});
    EXPECT_EQ(problem_of(to_nobody, "a.test"), nobody + " cannot be reached");
}

TEST(DnsChannel, TheNextServerIsAskedWhereOneFails) {
    DnsResponder failing;
    DnsResponder working;
    failing.set_code("a.test", DnsResponder::kServFail);
    working.set_addresses("a.test", {"10.0.0.1"});
    DnsChannel channel({.servers = failing.server() + "," + working.server()});
    Question question;
    channel.ask_addresses(question, "a.test");
    await(channel, question);
    EXPECT_EQ(question.addresses(), "10.0.0.1");
    EXPECT_FALSE(failing.asked("a.test", DnsType::A).empty());
    working.set_code("a.test", DnsResponder::kServFail);
    // In the words of this release of c-ares.
    const std::string problem = problem_of(channel, "a.test");
    EXPECT_TRUE(has(problem, failing.server()) && has(problem, working.server())) << problem;
}

TEST(DnsChannel, ServicesAreReadSorted) {
    DnsResponder responder;
    responder.set_services("_mqtt._tcp.test", {{"b-10.test", 1, 2, 3}, {"b-9.test", 4, 5, 6}}, 11);
    DnsChannel channel(asking(responder));
    Question question;
    channel.ask_services(question, "_mqtt._tcp.test");
    await(channel, question);
    const std::vector<SrvRecord> expected = {
        {.host = "b-9.test", .port = 4, .priority = 5, .weight = 6},
        {.host = "b-10.test", .port = 1, .priority = 2, .weight = 3}};
    EXPECT_EQ(question.answer.services, expected);
    EXPECT_EQ(question.answer.ttl_s, 11U);
}

TEST(DnsChannel, SaysWhyThereAreNoServices) {
    DnsResponder responder;
    responder.set_addresses("a.test", {"10.0.0.1"});
    responder.set_services("closed.test", {{"."}});
    responder.set_services("bad.test", {{"no host.test"}});
    DnsChannel channel(asking(responder));
    const std::pair<const char*, std::string> cases[] = {
        {"nobody.test", "NXDOMAIN: no such name"},
        {"a.test", "the name has no SRV record; for A and AAAA give a port"},
        {"closed.test", "the name has no SRV record; for A and AAAA give a port"},
        {"bad.test", responder.server() + " sent a reply that is no DNS message"},
    };
    for (const auto& [name, problem] : cases) {
        Question question;
        channel.ask_services(question, name);
        await(channel, question);
        EXPECT_EQ(question.answer.problem, problem);
        EXPECT_TRUE(question.answer.services.empty());
    }
}

TEST(DnsChannel, GarbageBeforeTheAnswerIsPassedOver) {
    DnsResponder responder;
    responder.set_addresses("a.test", {"10.0.0.1"});
    // Of another name; of another id; cut short; nothing but zeros and ones.
    Bytes other = dns_reply(0, 0, "b.test", DnsType::A, {{"b.test", DnsType::A, 9, {6, 6, 6, 6}}});
    other.erase(other.begin(), other.begin() + 2);
    responder.set_garbage("a.test", {other, {0, 1}, Bytes(9, 0), Bytes(400, 0), Bytes(400, 0xff)});
    DnsChannel channel(asking(responder, 200));
    Question question;
    channel.ask_addresses(question, "a.test");
    await(channel, question);
    EXPECT_FALSE(has(question.addresses(), "6.6.6.6"));
    // Whether c-ares waits for the true answer or gives up, it says so.
    EXPECT_NE(question.addresses() == "10.0.0.1", !question.answer.problem.empty())
        << question.answer.problem;
}

TEST(DnsChannel, AnotherResolvConfIsReadWhenNothingIsInFlight) {
    const std::string path = testing::TempDir() + "dns_channel_resolv_" + std::to_string(getpid());
    std::ofstream(path) << "nameserver 127.0.0.91\n";
    DnsChannel channel({.servers = "", .timeout_ms = 50, .resolv_conf = path});
    EXPECT_TRUE(has(problem_of(channel, "a.test"), "127.0.0.91:53"));
    unlink(path.c_str());
    std::ofstream(path) << "nameserver 127.0.0.92\n";
    const std::string problem = problem_of(channel, "a.test");
    EXPECT_TRUE(has(problem, "127.0.0.92:53")) << problem;
    unlink(path.c_str());
}

TEST(DnsChannel, ItsEndAnswersWhatIsInFlight) {
    DnsResponder responder;
    responder.set_all_silent(true);
    Question addresses;
    Question services;
    {
        DnsChannel channel(asking(responder, 60'000));
        channel.ask_addresses(addresses, "a.test");
        channel.ask_services(services, "a.test");
        EXPECT_EQ(channel.in_flight(), 3U);
    }
    EXPECT_EQ(addresses.answers, 1);
    EXPECT_EQ(addresses.answer.problem, "given up");
    EXPECT_EQ(services.answers, 1);
}

}  // namespace
}  // namespace jumpgate
