#include "mqtt/connect.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>

#include "tests/mqtt/connect_corpus.h"
#include "tests/mqtt/exact.h"

namespace jumpgate::mqtt {
namespace {

// Keeps a copy of the input alive, for the views of the result point into it.
ConnectResult parse(const Octets& in) {
    static std::deque<Exact> kept;
    return parse_connect(kept.emplace_back(Bytes(in)).view());
}
ConnectResult parse(const PacketBuilder& body) { return parse(body.packet()); }

// The invalid verdict; fails the test where there is another one.
Invalid invalid(const ConnectResult& result) {
    const auto* found = std::get_if<Invalid>(&result);
    EXPECT_NE(found, nullptr);
    return found != nullptr ? *found : Invalid{};
}
ConnectView valid(const ConnectResult& result) {
    const auto* found = std::get_if<ConnectView>(&result);
    const auto* why = std::get_if<Invalid>(&result);
    EXPECT_NE(found, nullptr) << (why != nullptr ? why->text : "needs more");
    return found != nullptr ? *found : ConnectView{};
}

void expect_views_inside(const Exact& input, const ConnectView& view) {
    EXPECT_LE(view.packet_length, input.view().size());
    EXPECT_TRUE(input.holds(view.client_id));
    EXPECT_TRUE(input.holds(view.username));
    EXPECT_TRUE(input.holds(text(view.password)));
    EXPECT_TRUE(input.holds(view.will.topic));
    EXPECT_TRUE(input.holds(text(view.will.payload)));
    EXPECT_TRUE(input.holds(text(view.will.properties)));
    EXPECT_TRUE(input.holds(view.properties.authentication_method));
    EXPECT_TRUE(input.holds(text(view.properties.authentication_data)));
}

TEST(ParseConnect, ReadsEveryValidPacket) {
    ASSERT_GE(valid_connects().size(), 20u);
    for (const ValidConnect& each : valid_connects()) {
        SCOPED_TRACE(each.name);
        const ConnectView view = valid(parse(each.packet));
        EXPECT_EQ(view.client_id, each.client_id);
        EXPECT_EQ(view.level, each.level);
        EXPECT_EQ(view.packet_length, each.packet.size());
    }
}

TEST(ParseConnect, AsksForMoreAtEveryTruncation) {
    for (const ValidConnect& each : valid_connects()) {
        for (size_t size = 0; size < each.packet.size(); ++size) {
            SCOPED_TRACE(each.name + " cut at " + std::to_string(size));
            const Exact input(Bytes(each.packet).first(size));
            const ConnectResult result = parse_connect(input.view());
            const auto* more = std::get_if<NeedMore>(&result);
            ASSERT_NE(more, nullptr);
            // Sizes below 128 have a header of 2 bytes, the others of 3.
            const size_t header = each.packet.size() < 130 ? 2 : 3;
            EXPECT_EQ(more->total, size < header ? 0 : each.packet.size());
            const size_t level_at = header + (each.level == 3 ? 8 : 6);
            EXPECT_EQ(more->level, size <= level_at ? 0 : each.level);
        }
    }
}

TEST(ParseConnect, LeavesWhatFollowsThePacket) {
    for (const ValidConnect& each : valid_connects()) {
        Octets input = each.packet;
        input.insert(input.end(), {0xC0, 0x00, 0x10, 0xFF});
        EXPECT_EQ(valid(parse(input)).packet_length, each.packet.size()) << each.name;
    }
}

TEST(ParseConnect, SurvivesEveryMutationOfOneByte) {
    for (const ValidConnect& each : valid_connects()) {
        SCOPED_TRACE(each.name);
        Octets mutated = each.packet;
        for (size_t at = 0; at < mutated.size(); ++at) {
            for (unsigned value = 0; value < 256; ++value) {
                mutated[at] = static_cast<uint8_t>(value);
                const Exact input{Bytes(mutated)};
                const ConnectResult result = parse_connect(input.view());
                if (const auto* view = std::get_if<ConnectView>(&result))
                    expect_views_inside(input, *view);
                else if (const auto* more = std::get_if<NeedMore>(&result))
                    ASSERT_TRUE(more->total == 0 || more->total > mutated.size());
                else
                    ASSERT_FALSE(std::get_if<Invalid>(&result)->text.empty());
            }
            mutated[at] = each.packet[at];
        }
    }
}

TEST(ParseConnect, SurvivesRandomBytesBehindAValidHeader) {
    std::mt19937 engine(20240607);
    const auto random = [&engine] { return static_cast<unsigned>(engine()); };
    for (int round = 0; round < 20'000; ++round) {
        PacketBuilder body = connect_head(round % 2 != 0 ? 5 : 4, random() & 0xFF);
        const size_t size = 2 + random() % 60;
        // Mostly small values, so that lengths often fit.
        for (size_t i = 0; i < size; ++i)
            body.u8(random() % 4 == 0 ? random() & 0xFF : random() % 6);
        const Exact input{Bytes(body.packet())};
        const ConnectResult result = parse_connect(input.view());
        ASSERT_FALSE(std::holds_alternative<NeedMore>(result));
        if (const auto* view = std::get_if<ConnectView>(&result)) expect_views_inside(input, *view);
    }
}

// A CONNECT with all the fields that `flags` announces.
PacketBuilder with_fields(unsigned level, unsigned flags) {
    PacketBuilder body = connect_head(level, flags);
    if (level == 5) body.block({});
    body.str("flags");
    if ((flags & 0x04) != 0) {
        if (level == 5) body.block({});
        body.str("t").str("m");
    }
    if ((flags & 0x80) != 0) body.str("user");
    if ((flags & 0x40) != 0) body.str("pass");
    return body;
}

// Table of 3.1.2.3, written the other way round than the parser has it.
bool are_valid_flags(unsigned level, unsigned flags) {
    const bool will = (flags & 0x04) != 0;
    const unsigned qos = flags >> 3 & 3;
    const bool retain = (flags & 0x20) != 0;
    const bool password_alone = (flags & 0xC0) == 0x40;
    if (level == 3) return !(will && qos == 3) && !password_alone;
    if ((flags & 1) != 0 || qos == 3) return false;
    if (!will && (qos != 0 || retain)) return false;
    return level == 5 || !password_alone;
}

TEST(ParseConnect, JudgesAll256FlagBytes) {
    for (const unsigned level : {3u, 4u, 5u}) {
        for (unsigned flags = 0; flags < 256; ++flags) {
            SCOPED_TRACE("level " + std::to_string(level) + " flags " + std::to_string(flags));
            const ConnectResult result = parse(with_fields(level, flags));
            if (!are_valid_flags(level, flags)) {
                EXPECT_EQ(invalid(result).reason, ReasonCode::MalformedPacket);
                EXPECT_EQ(invalid(result).answer, level == 5);
                continue;
            }
            const ConnectView view = valid(result);
            EXPECT_EQ(view.clean_start, (flags & 0x02) != 0);
            EXPECT_EQ(view.will.present, (flags & 0x04) != 0);
            EXPECT_EQ(view.will.qos, view.will.present ? flags >> 3 & 3 : 0u);
            EXPECT_EQ(view.will.retain, view.will.present && (flags & 0x20) != 0);
            EXPECT_EQ(view.has_password, (flags & 0x40) != 0);
            EXPECT_EQ(view.has_username, (flags & 0x80) != 0);
        }
    }
}

TEST(ParseConnect, GivesEveryField) {
    const auto& all = valid_connects();
    const auto at =
        std::find_if(all.begin(), all.end(), [](auto& each) { return each.name == "5 all"; });
    ASSERT_NE(at, all.end());
    const ConnectView view = valid(parse(at->packet));
    EXPECT_EQ(view.keep_alive_s, 1);
    EXPECT_EQ(view.username, "user");
    EXPECT_EQ(text(view.password), "pass");
    EXPECT_EQ(view.will.topic, "will/topic");
    EXPECT_EQ(text(view.will.payload), "bye");
    EXPECT_EQ(view.will.qos, 2);
    EXPECT_TRUE(view.will.retain);
    EXPECT_EQ(view.will.delay_interval_s, 30u);
    EXPECT_EQ(view.properties.session_expiry_interval_s, 3600u);
    EXPECT_EQ(view.properties.receive_maximum, 20);
    EXPECT_EQ(view.properties.maximum_packet_size, 65'536u);
    EXPECT_EQ(view.properties.topic_alias_maximum, 10);
    EXPECT_TRUE(view.properties.request_response_information);
    EXPECT_FALSE(view.properties.request_problem_information);
    EXPECT_EQ(view.properties.authentication_method, "SCRAM-SHA-1");
    EXPECT_EQ(text(view.properties.authentication_data), "data");
}

TEST(ParseConnect, TellsBridgesFromClients) {
    EXPECT_TRUE(valid(parse(connect_head(0x84, 2).str("b"))).bridge);
    EXPECT_TRUE(valid(parse(connect_head(0x83, 2).str("b"))).bridge);
    EXPECT_FALSE(valid(parse(connect_head(4, 2).str("b"))).bridge);
}

TEST(ParseConnect, ReadsFieldsOf65535Bytes) {
    const std::string id(65'535, 'x');
    EXPECT_EQ(valid(parse(connect_head(4, 0xC2).str(id).str(id).str(id))).client_id, id);
}

TEST(ParseConnect, AssumesTheStandardsDefaultsWithoutProperties) {
    const ConnectView view = valid(parse(connect_head(5, 2).block({}).str("d")));
    EXPECT_EQ(view.properties, ConnectProperties{});
    EXPECT_EQ(view.properties.receive_maximum, 65'535);
    EXPECT_TRUE(view.properties.request_problem_information);
}

struct BadInput {
    const char* what;
    Octets input;
    ReasonCode reason;
    uint8_t level;
    bool answer;
};

void expect_refused(const std::vector<BadInput>& table) {
    for (const BadInput& each : table) {
        SCOPED_TRACE(each.what);
        const Exact input{Bytes(each.input)};
        const Invalid verdict = invalid(parse_connect(input.view()));
        EXPECT_EQ(verdict.reason, each.reason) << verdict.text;
        EXPECT_EQ(verdict.level, each.level);
        EXPECT_EQ(verdict.answer, each.answer);
    }
}

using enum ReasonCode;

TEST(ParseConnect, JudgesTheFirstByteAlone) {
    for (unsigned first = 0; first < 256; ++first) {
        const Octets input{static_cast<uint8_t>(first)};
        EXPECT_EQ(could_be_connect(input[0]), first == 0x10);
        if (first == 0x10) continue;
        const Invalid verdict = invalid(parse(input));
        EXPECT_EQ(verdict.reason, first >> 4 == 1 ? MalformedPacket : ProtocolError);
        EXPECT_FALSE(verdict.answer);
    }
}

TEST(ParseConnect, RefusesBadLengths) {
    Octets padded = connect_head(5, 2).block({}).str("five").packet();
    padded[1] |= 0x80;
    padded.insert(padded.begin() + 2, 0x00);
    Octets short_by_one = connect_head(4, 2).str("dev1").packet();
    --short_by_one[1];
    expect_refused({
        {"length of 5 bytes", {0x10, 0xFF, 0xFF, 0xFF, 0xFF}, MalformedPacket, 0, false},
        {"length of 5 zero bytes", {0x10, 0x80, 0x80, 0x80, 0x80, 0x00}, MalformedPacket, 0, false},
        {"length 0", {0x10, 0x00}, MalformedPacket, 0, false},
        {"length 11", {0x10, 0x0B}, MalformedPacket, 0, false},
        {"length 0 in 4 bytes", {0x10, 0x80, 0x80, 0x80, 0x00}, MalformedPacket, 0, false},
        {"padded length in 5", padded, MalformedPacket, 5, true},
        {"short by one", short_by_one, MalformedPacket, 4, false},
        {"junk behind", connect_head(4, 2).str("dev1").u8(0).packet(), MalformedPacket, 4, false},
        {"junk behind, 5", connect_head(5, 2).block({}).str("dev1").u8(0).packet(), MalformedPacket,
         5, true},
        {"id past the end", connect_head(4, 2).u16(9).raw("dev1").packet(), MalformedPacket, 4,
         false},
        {"id of 65535 in a short packet, 5", connect_head(5, 2).block({}).u16(0xFFFF).packet(),
         MalformedPacket, 5, true},
        {"will without fields", connect_head(4, 6).str("dev1").packet(), MalformedPacket, 4, false},
        {"user flag without field", connect_head(4, 0x82).str("dev1").packet(), MalformedPacket, 4,
         false},
        {"password flag without field", connect_head(4, 0xC2).str("dev1").str("u").packet(),
         MalformedPacket, 4, false},
        {"half a user name in 3.1", connect_head(3, 0x82).str("old").u8(0).packet(),
         MalformedPacket, 3, false},
    });
}

TEST(ParseConnect, AcceptsAPaddedLengthBefore5) {
    // 2.2.3 of 3.1.1 does not ask for the shortest form; the id stands at the same place for all.
    Octets padded = connect_head(4, 2).str("dev1").packet();
    padded[1] |= 0x80;
    padded.insert(padded.begin() + 2, 0x00);
    const ConnectView view = valid(parse(padded));
    EXPECT_EQ(view.client_id, "dev1");
    EXPECT_EQ(view.packet_length, padded.size());
}

TEST(ParseConnect, RefusesOtherProtocolsAndAnswersOtherLevels) {
    const auto named = [](const std::string& name, unsigned level) {
        return PacketBuilder().str(name).u8(level).u8(2).u16(60).str("some client").packet();
    };
    constexpr auto kWrong = UnsupportedProtocolVersion;
    std::vector<BadInput> table;
    for (const char* name : {"mqtt", "MQT", "MQTTT", "", "HTTP", "MQIsdP", "mqisdp"})
        table.push_back({name, named(name, 4), kWrong, 0, false});
    table.push_back({"300 M", named(std::string(300, 'M'), 4), kWrong, 0, false});
    for (const unsigned level : {0, 1, 2, 3, 6, 7, 127, 128, 0x83, 0x85, 0x86, 255})
        table.push_back({"MQTT level", named("MQTT", level), kWrong, 4, true});
    for (const unsigned level : {0, 2, 4, 5, 0x84, 255})
        table.push_back({"MQIsdp level", named("MQIsdp", level), kWrong, 3, true});
    expect_refused(table);
}

TEST(ParseConnect, JudgesNameAndLevelBeforeTheRestHasCome) {
    expect_refused({
        {"first letter", {0x10, 0x20, 0, 4, 'H'}, UnsupportedProtocolVersion, 0, false},
        {"size of the name", {0x10, 0x20, 0, 5}, UnsupportedProtocolVersion, 0, false},
        {"level", {0x10, 0x20, 0, 4, 'M', 'Q', 'T', 'T', 9}, UnsupportedProtocolVersion, 4, true},
    });
}

TEST(ParseConnect, RefusesAnEmptyIdWithoutCleanSession) {
    expect_refused({
        {"3.1.1", connect_head(4, 0).str("").packet(), ClientIdNotValid, 4, true},
        {"3.1.1 bridge", connect_head(0x84, 0).str("").packet(), ClientIdNotValid, 4, true},
        {"3.1", connect_head(3, 2).str("").u16(0).packet(), MalformedPacket, 3, false},
        {"3.1 padded by a user", connect_head(3, 0x82).str("").str("").packet(), ClientIdNotValid,
         3, true},
    });
    EXPECT_EQ(to_return_code(ClientIdNotValid), ReturnCode::IdentifierRejected);
}

TEST(ParseConnect, RefusesWhatIsNoMqttString) {
    const std::string bad[] = {
        std::string("\0", 1), "\xED\xA0\x80", "\xED\xBF\xBF", "\xC0\x80",
        "\xE0\x80\x80",       "\xFF",         "\xC3",         "\xF5\x80\x80\x80",
        "\xF4\x90\x80\x80",   "\x80"};
    std::vector<BadInput> table;
    for (const std::string& each : bad) {
        const std::string text = "long enough " + each;
        table.push_back({"id", connect_head(4, 2).str(text).packet(), MalformedPacket, 4, false});
        table.push_back(
            {"user", connect_head(4, 0x82).str("i").str(text).packet(), MalformedPacket, 4, false});
        table.push_back({"will topic", connect_head(4, 6).str("i").str(text).str("").packet(),
                         MalformedPacket, 4, false});
        table.push_back(
            {"id, 5", connect_head(5, 2).block({}).str(text).packet(), MalformedPacket, 5, true});
    }
    expect_refused(table);
}

TEST(ParseConnect, AcceptsControlCharactersAndNonCharacters) {
    for (const char* id : {"\x01", "a\x1F", "\x7F", "\xC2\x9F", "\xEF\xBF\xBF"})
        EXPECT_EQ(valid(parse(connect_head(4, 2).str(id))).client_id, id);
}

TEST(ParseConnect, RefusesWillTopicsThatNameNoTopic) {
    expect_refused({
        {"empty", connect_head(4, 6).str("i").str("").str("m").packet(), TopicNameInvalid, 4,
         false},
        {"wildcard", connect_head(4, 6).str("i").str("a/#").str("m").packet(), TopicNameInvalid, 4,
         false},
        {"5", connect_head(5, 6).block({}).str("i").block({}).str("+").str("m").packet(),
         TopicNameInvalid, 5, true},
    });
}

TEST(ParseConnect, RefusesBadProperties) {
    const auto with = [](const PacketBuilder& properties) {
        return connect_head(5, 2).block(properties).str("five").packet();
    };
    const auto p = [] { return PacketBuilder(); };
    PacketBuilder many;
    for (int i = 0; i < 100'000; ++i) many.u8(0x26).str("").str("");
    std::vector<BadInput> table{
        {"unknown", with(p().u8(0x7E).u8(0)), MalformedPacket, 5, true},
        {"id 0", with(p().u8(0)), MalformedPacket, 5, true},
        {"id padded", with(p().u8(0x91).u8(0).u32(1)), MalformedPacket, 5, true},
        {"of CONNACK", with(p().u8(0x13).u16(1)), MalformedPacket, 5, true},
        {"of a will", with(p().u8(0x18).u32(1)), MalformedPacket, 5, true},
        {"twice", with(p().u8(0x11).u32(1).u8(0x11).u32(1)), ProtocolError, 5, true},
        {"receive maximum 0", with(p().u8(0x21).u16(0)), ProtocolError, 5, true},
        {"maximum packet size 0", with(p().u8(0x27).u32(0)), ProtocolError, 5, true},
        {"request problem 2", with(p().u8(0x17).u8(2)), ProtocolError, 5, true},
        {"request response 2", with(p().u8(0x19).u8(2)), ProtocolError, 5, true},
        {"data without method", with(p().u8(0x16).str("d")), ProtocolError, 5, true},
        {"cut", with(p().u8(0x11).u16(1)), MalformedPacket, 5, true},
        {"string past the block", with(p().u8(0x15).u16(9).raw("m")), MalformedPacket, 5, true},
        {"not UTF-8", with(p().u8(0x26).str("k").str("\xFF")), MalformedPacket, 5, true},
        {"100,000 user properties", with(many), QuotaExceeded, 5, true},
        {"length past the packet", connect_head(5, 2).u8(50).str("five").packet(), MalformedPacket,
         5, true},
        {"length of 5 bytes", connect_head(5, 2).raw("\xFF\xFF\xFF\xFF\x7F").str("five").packet(),
         MalformedPacket, 5, true},
        {"length padded", connect_head(5, 2).u8(0x80).u8(0).str("five").packet(), MalformedPacket,
         5, true},
        {"of CONNECT in a will",
         connect_head(5, 6).block({}).str("i").block(p().u8(0x11).u32(1)).str("t").str("").packet(),
         MalformedPacket, 5, true},
        {"wildcard in a will's response topic",
         connect_head(5, 6).block({}).str("i").block(p().u8(8).str("#")).str("t").str("").packet(),
         ProtocolError, 5, true},
    };
    expect_refused(table);
}

TEST(ParseConnect, RefusesOtherTrafficAtItsFirstByte) {
    for (const std::string first :
         {"GET / HTTP/1.1", "PRI * HTTP/2.0", "\x16\x03\x01", "SSH-2.0-x"})
        EXPECT_FALSE(invalid(parse_connect(bytes(first))).answer) << first;
}

}  // namespace
}  // namespace jumpgate::mqtt
