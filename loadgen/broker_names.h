// BrokerNames: which of a fleet's brokers serves a client, by the name that the broker gives, and
// how many each of them serves now.
//
// Law: a name is a number from 1 to kNamesMax, so that a client remembers its broker in one byte;
// 0: it gave none. Of more names than that only the first are told apart. Where a name comes from
// is a BrokerSource.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace jumpgate::load {

// Clients by the name of their broker.
using BrokerClients = std::map<std::string, uint64_t, std::less<>>;

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

    // A client that it serves has come, or has gone again.
    void arrived(uint8_t number) { ++served_[number]; }
    void left(uint8_t number) { --served_[number]; }
    // Adds whom each serves now to `to`; one that serves nobody is there, too.
    void add_to(BrokerClients& to) const {
        for (size_t i = 0; i < names_.size(); ++i) to[names_[i]] += served_[i + 1];
        if (served_[kOthers] > 0) to[std::string(name(kOthers))] += served_[kOthers];
    }

  private:
    std::vector<std::string> names_;
    uint64_t served_[kOthers + 1] = {};
};

}  // namespace jumpgate::load
