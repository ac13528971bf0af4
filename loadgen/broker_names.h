// BrokerNames: which of a fleet's brokers serves a client, by the name that the broker gives.
//
// Law: a name is a number from 1 to kNamesMax, so that a client remembers its broker in one byte;
// 0: it gave none. Of more names than that only the first are told apart. The name is the user
// property "broker" of a CONNACK (MQTT 5), which `jumpload broker` sends.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace jumpgate::load {

class BrokerNames {
  public:
    static constexpr size_t kNamesMax = 254;
    static constexpr uint8_t kOthers = 255;

    uint8_t number_of(std::string_view name) {
        if (name.empty()) return 0;
        const auto found = std::ranges::find(names_, name);
        if (found == names_.end() && names_.size() == kNamesMax) return kOthers;
        const auto place = found - names_.begin();
        if (found == names_.end()) names_.emplace_back(name);
        return static_cast<uint8_t>(place + 1);
    }
    // REQUIRES: number_of() gave it, and it is not 0.
    std::string_view name(uint8_t number) const {
        return number == kOthers ? std::string_view("(others)") : names_[number - 1U];
    }

  private:
    std::vector<std::string> names_;
};

}  // namespace jumpgate::load
