// Which bytes are an MQTT string (3.1.1: 1.5.3; 5: 1.5.4).
//
// Law: well-formed UTF-8 as Unicode 15 table 3-7 has it (no overlong form, no surrogate, nothing
// above U+10FFFF) and no U+0000 (MQTT-1.5.3-1, -2; MQTT-1.5.4-1, -2). Control and non-characters
// pass: the standard lets a receiver close on them (SHOULD NOT), and the broker may. A BOM is a
// character.
#pragma once

#include <string_view>

namespace jumpgate::mqtt {

bool is_mqtt_string(std::string_view text);

}  // namespace jumpgate::mqtt
