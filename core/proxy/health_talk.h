// What a check says to a broker, and what it makes of the first bytes of the answer.
//
// Law: bytes in, judgements out; no socket. Whether a broker serves is asked, not whether it would
// serve this very client: one that refuses our name or password answers MQTT, and is up.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/proxy/health_outcome.h"

namespace jumpgate {

inline constexpr size_t kCheckAnswerBytesMax = 1'024;  // of an answer are looked at

// A CONNECT of MQTT 3.1.1, which every broker speaks: clean session, no will, keep alive 10 s (0 is
// refused where a broker limits it: mosquitto's max_keepalive). CHECK: username and password are at
// most 65,535 bytes.
std::vector<uint8_t> mqtt_question(const ActiveCheck& check, std::string_view client_id);
std::vector<uint8_t> mqtt_goodbye();  // DISCONNECT
// "GET path", HTTP/1.1, Connection: close.
std::vector<uint8_t> http_question(const ActiveCheck& check, std::string_view host);

// The judgement of an answer's beginning; nothing while more of it is needed, which is never the
// case from kCheckAnswerBytesMax on.
std::optional<CheckResult> judge_mqtt(std::span<const uint8_t> answer);
std::optional<CheckResult> judge_http(std::span<const uint8_t> answer, const ActiveCheck& check);

}  // namespace jumpgate
