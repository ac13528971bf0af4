// Faults: one broker that misbehaves on purpose, and the exact account of what it did.
//
// Law: decides and counts; the doing is left to who owns the thing: Client, Connection, Server, and
// StreamFaults for deliveries. A broker that behaves has none. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/rng.h"
#include "loadgen/broker_fault_options.h"
#include "loadgen/exact_share.h"

namespace jumpgate::broker {

class Client;

// Plain numbers, of one broker.
struct FaultCounters {
    uint64_t connacks_delayed = 0;
    uint64_t connections_refused = 0;
    uint64_t connections_dropped = 0;
    uint64_t garbage = 0;
    uint64_t stalls = 0;
    uint64_t lost = 0;
    uint64_t duplicated = 0;
    uint64_t reordered = 0;

    std::string json() const;
};

class Faults {
  public:
    // `options` as settle_faults() leaves them.
    explicit Faults(const FaultOptions& options)
        : options_(options),
          refusals_(options.refuse_percent, 100, options.seed),
          rng_(options.seed) {}

    const FaultOptions& options() const { return options_; }
    FaultCounters counters;

    // ---- What becomes of a client.
    enum class Greeting : uint8_t { Welcome, Refusal, Garbage };
    Greeting greet();
    // Whether the packet that is the client's number `count` (from 1) is answered with garbage.
    bool spoils(uint64_t count) const { return options_.garbage && count > options_.garbage_after; }
    // 64 bytes that no reader of MQTT can take for a packet.
    std::string garbage();

    // Counts a message of the client's connection. Who has had enough is dropped by drop_due(), not
    // here: a client must not end while its broker goes through subscribers.
    void carried(Client& client);
    void drop_due();

  private:
    FaultOptions options_;
    ExactShare refusals_;
    Rng rng_;
    std::vector<Client*> due_;
};

}  // namespace jumpgate::broker
