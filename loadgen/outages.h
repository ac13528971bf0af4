// Outages: how long it takes until nearly all clients are connected again.
//
// Law: pure. An outage begins when fewer than 99 % of the clients are connected that were at best,
// and ends when 99 % are again; it is as exact as the looks are close together (the fleet's: 20
// ms), and one that is over between two looks is not seen.
#pragma once

#include <algorithm>
#include <cstdint>

namespace jumpgate::load {

struct OutageSummary {
    uint64_t count = 0;
    uint64_t longest_ms = 0;  // of one that has not ended: until the end of the run
    uint64_t most_away = 0;   // clients at once
    bool ended = true;        // false: the last one has not

    // Of shards: the worst of them.
    void merge(const OutageSummary& other) {
        count = std::max(count, other.count);
        longest_ms = std::max(longest_ms, other.longest_ms);
        most_away = std::max(most_away, other.most_away);
        ended = ended && other.ended;
    }
};

class Outages {
  public:
    // REQUIRES: `now_ns` does not go back.
    void look(uint64_t now_ns, uint64_t connected) {
        most_ = std::max(most_, connected);
        const bool away = connected * 100 < most_ * 99;
        if (away && seen_.ended) {
            ++seen_.count;
            began_ns_ = now_ns;
        }
        if (away || !seen_.ended)
            seen_.longest_ms = std::max(seen_.longest_ms, (now_ns - began_ns_) / 1'000'000);
        seen_.most_away = std::max(seen_.most_away, away ? most_ - connected : 0);
        seen_.ended = !away;
    }
    const OutageSummary& seen() const { return seen_; }

  private:
    OutageSummary seen_;
    uint64_t most_ = 0;
    uint64_t began_ns_ = 0;
};

}  // namespace jumpgate::load
