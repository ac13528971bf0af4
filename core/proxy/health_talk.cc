#include "core/proxy/health_talk.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/check.h"
#include "mqtt/encode.h"
#include "mqtt/framer.h"

namespace jumpgate {
namespace {

constexpr uint16_t kKeepAliveS = 10;

CheckResult refused(BrokerCondition condition, std::string why) {
    return {Outcome::Refused, condition, std::move(why)};
}

CheckResult passed(std::string note) {
    return {Outcome::Passed, BrokerCondition::Up, std::move(note)};
}

}  // namespace

std::vector<uint8_t> mqtt_question(const ActiveCheck& check, std::string_view client_id) {
    mqtt::ConnectView connect;
    connect.client_id = client_id;
    connect.clean_start = true;
    connect.keep_alive_s = kKeepAliveS;
    connect.has_username = !check.username.empty();
    connect.username = check.username;
    // 3.1.1 knows no password without a username (MQTT-3.1.2-22).
    connect.has_password = connect.has_username && !check.password.empty();
    connect.password = mqtt::bytes(check.password);
    std::vector<uint8_t> packet(mqtt::encode_connect({}, connect));
    CHECK(!packet.empty());
    mqtt::encode_connect(packet, connect);
    return packet;
}

std::vector<uint8_t> mqtt_goodbye() {
    std::vector<uint8_t> packet(mqtt::encode_disconnect({}, {}, mqtt::kLevelV311));
    mqtt::encode_disconnect(packet, {}, mqtt::kLevelV311);
    return packet;
}

std::vector<uint8_t> http_question(const ActiveCheck& check, std::string_view host) {
    const std::string text = fmt::format(
        "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: jumpgate-check\r\nAccept: */*\r\n"
        "Connection: close\r\n\r\n",
        check.http_path, host);
    return {text.begin(), text.end()};
}

// ---- MQTT ------------------------------------------------------------------------------------

namespace {

// A broker answers in the version it was asked in (MQTT 3.1.1, table 3.1); one that has no return
// code for its trouble may send MQTT 5's.
CheckResult judge_code(uint8_t code) {
    const auto reason = code < 0x80 ? mqtt::to_reason_code(static_cast<mqtt::ReturnCode>(code))
                                    : static_cast<mqtt::ReasonCode>(code);
    const std::string said = fmt::format(
        "CONNACK {}: {}", code < 0x80 ? fmt::format("{}", code) : fmt::format("{:#04x}", code),
        code < 0x80 ? text(static_cast<mqtt::ReturnCode>(code)) : text(reason));
    switch (reason) {
        case mqtt::ReasonCode::Success:
            return passed({});
        case mqtt::ReasonCode::ServerBusy:
        case mqtt::ReasonCode::QuotaExceeded:
        case mqtt::ReasonCode::MessageRateTooHigh:
        case mqtt::ReasonCode::ConnectionRateExceeded:
            return refused(BrokerCondition::Busy, said);
        case mqtt::ReasonCode::BadUserNameOrPassword:
        case mqtt::ReasonCode::NotAuthorized:
            return passed(said + "; it counts as up. Set checks.active.username and password");
        case mqtt::ReasonCode::UnsupportedProtocolVersion:
        case mqtt::ReasonCode::ClientIdNotValid:
            return passed(said + "; it counts as up");
        default:
            return refused(BrokerCondition::NotReady, said);
    }
}

}  // namespace

std::optional<CheckResult> judge_mqtt(std::span<const uint8_t> answer) {
    const mqtt::Framed framed = mqtt::next_packet(answer, kCheckAnswerBytesMax);
    const bool other_type = !answer.empty() && answer[0] != 0x20;  // CONNACK (3.2.1)
    if (!other_type && std::holds_alternative<mqtt::NeedMore>(framed)) return std::nullopt;
    const mqtt::Packet* packet = std::get_if<mqtt::Packet>(&framed);
    if (other_type || packet == nullptr || packet->body.size() < 2) {
        return refused(BrokerCondition::NotReady, "it answers, but not with a CONNACK");
    }
    return judge_code(packet->body[1]);
}

// ---- HTTP ------------------------------------------------------------------------------------

std::optional<CheckResult> judge_http(std::span<const uint8_t> answer, const ActiveCheck& check) {
    static constexpr std::string_view kVersion = "HTTP/1.";
    static constexpr size_t kStatusAt = 9;  // behind the minor version and a blank (RFC 9112 4)
    const std::string_view said = mqtt::text(answer);
    const CheckResult no_http = refused(BrokerCondition::NotReady, "it answers, but not in HTTP/1");
    const size_t common = std::min(said.size(), kVersion.size());
    if (said.substr(0, common) != kVersion.substr(0, common)) return no_http;
    if (said.size() < kStatusAt + 4) return std::nullopt;  // with what must not be a digit
    uint16_t status = 0;
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    for (const char digit : said.substr(kStatusAt, 3)) {
        if (!is_digit(digit)) return no_http;
        status = static_cast<uint16_t>(status * 10 + (digit - '0'));
    }
    if (said[kStatusAt - 1] != ' ' || is_digit(said[kStatusAt + 3])) return no_http;
    const auto lists = [&](const std::vector<uint16_t>& statuses) {
        return std::ranges::find(statuses, status) != statuses.end();
    };
    if (lists(check.healthy_http_statuses)) return passed({});
    const std::string why = fmt::format("HTTP status {} of {}", status, check.http_path);
    if (lists(check.unhealthy_http_statuses)) {
        return refused(status == 429 ? BrokerCondition::Busy : BrokerCondition::NotReady, why);
    }
    CheckResult neither;
    neither.why = why + ": on neither list of http_statuses, says nothing";
    return neither;
}

}  // namespace jumpgate
