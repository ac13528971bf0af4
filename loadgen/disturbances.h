// Disturbances: when the plan breaks whose connection: storms, churn, takeovers.
//
// Law: as with messages, a pure function of the options, the start and the client: the same seed
// disturbs the same clients at the same times, on however many threads. Churn and takeovers are
// spread evenly: client k's turn comes once per 1 / share seconds. Reads no clock.
#pragma once

#include <cstdint>
#include <span>

#include "loadgen/options.h"
#include "loadgen/schedule.h"

namespace jumpgate::load {

enum class DisturbanceKind : uint8_t { Storm, Churn, Takeover };

struct Disturbance {
    DisturbanceKind kind;
    uint64_t storm;     // its number, from 0
    uint32_t position;  // of the client in the span that build() was given; not of a Storm
};

class Disturbances {
  public:
    // `indices`: the clients of this thread, within the fleet. `start_ns`: churn and takeovers from
    // here on; `measured_from_ns`: what the time of a storm counts from.
    void build(const Options& options, std::span<const uint32_t> indices, uint64_t start_ns,
               uint64_t measured_from_ns);

    // UINT64_MAX: nothing more.
    uint64_t next_due_ns() const;
    // REQUIRES next_due_ns() != UINT64_MAX.
    Disturbance next();
    // Whether storm number `storm` hits client `index`: exactly the share of all clients, rounded
    // up, and others each time.
    bool hits(uint64_t storm, uint32_t index) const;

  private:
    const Options* options_ = nullptr;
    uint64_t storm_due_ns_ = UINT64_MAX;
    uint64_t storm_ = 0;
    Schedule churn_plan_;
    Schedule takeover_plan_;
    Calendar churn_;
    Calendar takeovers_;
};

}  // namespace jumpgate::load
