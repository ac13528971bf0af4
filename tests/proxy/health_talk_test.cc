#include "core/proxy/health_talk.h"

#include <gtest/gtest.h>

#include <string>

#include "mqtt/bytes.h"
#include "mqtt/connect.h"

namespace jumpgate {
namespace {

using namespace std::string_literals;

CheckResult judged_mqtt(const std::string& answer) {
    const std::optional<CheckResult> result = judge_mqtt(mqtt::bytes(answer));
    EXPECT_TRUE(result.has_value());
    return result.value_or(CheckResult{});
}

CheckResult judged_http(const std::string& answer, const ActiveCheck& check = {}) {
    const std::optional<CheckResult> result = judge_http(mqtt::bytes(answer), check);
    EXPECT_TRUE(result.has_value()) << answer;
    return result.value_or(CheckResult{});
}

mqtt::ConnectView read_back(const std::vector<uint8_t>& packet) {
    const mqtt::ConnectResult read = mqtt::parse_connect(packet);
    const auto* connect = std::get_if<mqtt::ConnectView>(&read);
    EXPECT_NE(connect, nullptr);
    return connect == nullptr ? mqtt::ConnectView{} : *connect;
}

TEST(MqttQuestion, IsAConnectThatEveryBrokerTakes) {
    const std::vector<uint8_t> packet = mqtt_question({}, "jumpgate-check-0123abcd");
    const mqtt::ConnectView connect = read_back(packet);
    EXPECT_EQ(connect.packet_length, packet.size());
    EXPECT_EQ(connect.level, 4);
    EXPECT_TRUE(connect.clean_start);
    EXPECT_EQ(connect.client_id, "jumpgate-check-0123abcd");
    EXPECT_FALSE(connect.has_username || connect.has_password || connect.will.present);
    EXPECT_GT(connect.keep_alive_s, 0);
}

TEST(MqttQuestion, HasTheUsernameAndThePasswordOfTheCheck) {
    ActiveCheck check;
    check.password = "secret";
    const std::vector<uint8_t> nameless = mqtt_question(check, "c");
    EXPECT_FALSE(read_back(nameless).has_password);  // MQTT-3.1.2-22
    check.username = "probe";
    const std::vector<uint8_t> packet = mqtt_question(check, "c");
    EXPECT_EQ(read_back(packet).username, "probe");
    EXPECT_EQ(mqtt::text(read_back(packet).password), "secret");
}

TEST(MqttGoodbye, IsADisconnect) { EXPECT_EQ(mqtt_goodbye(), (std::vector<uint8_t>{0xE0, 0x00})); }

TEST(HttpQuestion, AsksForThePathAndNoMoreThanThat) {
    ActiveCheck check;
    check.http_path = "/api/v5/status?x=1";
    const std::vector<uint8_t> bytes = http_question(check, "emqx:18083");
    const std::string text(bytes.begin(), bytes.end());
    EXPECT_TRUE(text.starts_with("GET /api/v5/status?x=1 HTTP/1.1\r\nHost: emqx:18083\r\n"));
    EXPECT_NE(text.find("\r\nConnection: close\r\n"), std::string::npos);
    EXPECT_TRUE(text.ends_with("\r\n\r\n"));
}

TEST(JudgeMqtt, TellsReadyFromNotReadyFromBusy) {
    struct Case {
        uint8_t code;
        Outcome outcome;
        BrokerCondition condition;
        const char* why;
    };
    const Case cases[] = {
        {0x00, Outcome::Passed, BrokerCondition::Up, ""},
        {0x01, Outcome::Passed, BrokerCondition::Up, "CONNACK 1: "},
        {0x02, Outcome::Passed, BrokerCondition::Up, "CONNACK 2: "},
        {0x03, Outcome::Refused, BrokerCondition::NotReady, "CONNACK 3: "},
        {0x04, Outcome::Passed, BrokerCondition::Up, "CONNACK 4: "},
        {0x05, Outcome::Passed, BrokerCondition::Up, "CONNACK 5: "},
        {0x80, Outcome::Refused, BrokerCondition::NotReady, "CONNACK 0x80: "},
        {0x87, Outcome::Passed, BrokerCondition::Up, "CONNACK 0x87: "},
        {0x88, Outcome::Refused, BrokerCondition::NotReady, "CONNACK 0x88: "},
        {0x89, Outcome::Refused, BrokerCondition::Busy, "CONNACK 0x89: "},
        {0x97, Outcome::Refused, BrokerCondition::Busy, "CONNACK 0x97: "},
        {0x9F, Outcome::Refused, BrokerCondition::Busy, "CONNACK 0x9f: "},
        {0xFE, Outcome::Refused, BrokerCondition::NotReady, "CONNACK 0xfe: "},
        {0x06, Outcome::Refused, BrokerCondition::NotReady, "CONNACK 6: "},
    };
    for (const Case& one : cases) {
        const CheckResult result = judged_mqtt("\x20\x02\x00"s + static_cast<char>(one.code));
        EXPECT_EQ(result.outcome, one.outcome) << int{one.code};
        EXPECT_EQ(result.condition, one.condition) << int{one.code};
        EXPECT_TRUE(result.why.starts_with(one.why)) << result.why;
        EXPECT_EQ(result.why.empty(), one.code == 0) << result.why;
    }
}

TEST(JudgeMqtt, HintsAtCredentialsWhereTheyAreAsked) {
    EXPECT_NE(judged_mqtt("\x20\x02\x00\x05"s).why.find("checks.active.username"),
              std::string::npos);
}

TEST(JudgeMqtt, ReadsAnAnswerOfMqtt5) {
    EXPECT_EQ(judged_mqtt("\x20\x03\x00\x89\x00"s).condition, BrokerCondition::Busy);
    EXPECT_EQ(judged_mqtt("\x20\x03\x00\x00\x00"s).condition, BrokerCondition::Up);
}

TEST(JudgeMqtt, WaitsForTheWholeConnack) {
    const std::string connack = "\x20\x02\x00\x00"s;
    for (size_t size = 0; size < connack.size(); ++size) {
        EXPECT_FALSE(judge_mqtt(mqtt::bytes(connack.substr(0, size))).has_value()) << size;
    }
}

TEST(JudgeMqtt, DoesNotWaitForWhatIsNoConnack) {
    const std::string others[] = {"H",
                                  "\x30"s,
                                  "\x20\x00"s,
                                  "\x20\x01\x00"s,
                                  "\x20\xFF\xFF\xFF\x7F"s,
                                  "\x20\xFF\xFF\xFF\xFF"s};
    for (const std::string& other : others) {
        const CheckResult result = judged_mqtt(other);
        EXPECT_EQ(result.outcome, Outcome::Refused);
        EXPECT_EQ(result.condition, BrokerCondition::NotReady);
        EXPECT_FALSE(result.why.empty());
    }
}

TEST(JudgeHttp, GoesByTheListsOfStatuses) {
    ActiveCheck check;
    check.http_path = "/ready";
    EXPECT_EQ(judged_http("HTTP/1.1 200 OK\r\n", check).outcome, Outcome::Passed);
    EXPECT_EQ(judged_http("HTTP/1.0 302\r\n", check).condition, BrokerCondition::Up);
    EXPECT_EQ(judged_http("HTTP/1.1 503 x\r\n", check).outcome, Outcome::Refused);
    EXPECT_EQ(judged_http("HTTP/1.1 503 x\r\n", check).condition, BrokerCondition::NotReady);
    EXPECT_EQ(judged_http("HTTP/1.1 503 x\r\n", check).why, "HTTP status 503 of /ready");
    EXPECT_EQ(judged_http("HTTP/1.1 429 x\r\n", check).condition, BrokerCondition::Busy);
    EXPECT_EQ(judged_http("HTTP/1.1 418 x\r\n", check).outcome, Outcome::Ignored);
    check.healthy_http_statuses = {418};
    EXPECT_EQ(judged_http("HTTP/1.1 418 x\r\n", check).outcome, Outcome::Passed);
    EXPECT_EQ(judged_http("HTTP/1.1 200 OK\r\n", check).outcome, Outcome::Ignored);
}

TEST(JudgeHttp, WaitsForTheWholeStatusAndNoLonger) {
    const std::string answer = "HTTP/1.1 200 OK\r\n";
    for (size_t size = 0; size < answer.size(); ++size) {
        const bool judged = judge_http(mqtt::bytes(answer.substr(0, size)), {}).has_value();
        EXPECT_EQ(judged, size >= 13) << size;
    }
}

TEST(JudgeHttp, DoesNotWaitForWhatIsNoHttp) {
    for (const char* other : {"\x20\x02", "h", "HTTP/2", "HTTP/1.1 2000 ", "HTTP/1.1  20 x",
                              "HTTP/1.1 20x OK", "HTTP/1.11 200 OK", "SSH-2.0-OpenSSH"}) {
        const CheckResult result = judged_http(other);
        EXPECT_EQ(result.outcome, Outcome::Refused) << other;
        EXPECT_EQ(result.condition, BrokerCondition::NotReady) << other;
    }
}

}  // namespace
}  // namespace jumpgate
