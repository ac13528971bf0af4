// Delivery: the exact account of what one publisher sent and one subscriber received.
//
// Law: sequence numbers start at 0 and grow by one per message, so every message ends up in exactly
// one place: received, lost, or never acknowledged. First and last messages are seen as well, since
// both ends are known. Memory: 56 bytes, plus one range for each hole.
#pragma once

#include <cstdint>
#include <memory>

#include "loadgen/ranges.h"

namespace jumpgate::load {

enum class Arrival : uint8_t {
    InOrder,
    Reordered,  // behind a later one, for the first time
    Duplicate,
    Unknown,  // a number that was never sent
};

// The receiving half: which numbers came. Where the sending end is elsewhere (`jumpload sub`), what
// lies before the first and behind the last number stays unknown.
class Sequence {
  public:
    // Most holes to remember. A further one counts as lost for good, and what still comes of it as
    // a duplicate. Bounds the memory.
    static constexpr size_t kHolesMax = 65'536;

    Arrival arrived(uint64_t number);
    // The stream starts here; what is below was meant for others. Only before the first arrival.
    void start_at(uint64_t number) { expected_ = number; }

    uint64_t expected() const { return expected_; }
    // What is missing of [0, end); end >= expected().
    Ranges missing(uint64_t end) const;
    uint64_t holes() const { return forgotten_ + (holes_ ? holes_->size() : 0); }
    // Lost in holes that are not remembered; not in missing().
    uint64_t forgotten() const { return forgotten_; }

  private:
    uint64_t expected_ = 0;
    uint64_t forgotten_ = 0;
    std::unique_ptr<Ranges> holes_;
};

struct DeliveryResult {
    uint64_t lost_in_flight = 0;  // a connection of either end broke around them
    uint64_t lost_on_live_connections = 0;
    uint64_t without_subscriber = 0;  // nobody was subscribed when they were sent: not lost
    uint64_t lost() const { return lost_in_flight + lost_on_live_connections; }
};

class Delivery {
  public:
    // The publisher hands message number sent() to its connection.
    void sent_one() { ++sent_; }
    uint64_t sent() const { return sent_; }
    // Unknown where the number was not sent.
    Arrival arrived(uint64_t number);
    const Sequence& received() const { return received_; }

    // QoS 1, 2: nobody will answer for `number` any more, or the broker refused it.
    void gave_up(uint64_t number);

    // The publisher's connection broke. What is not yet received is at risk.
    void publisher_broke();
    // The subscriber is gone, and back: its SUBACK came. What was under way when it left is at
    // risk. What is sent until it is back is too where the broker keeps its session; else nobody is
    // there to receive it, as before the first subscriber_back().
    void subscriber_broke(bool session_kept);
    void subscriber_back();

    // The account at the end of the run. `acknowledged_only`: QoS 1 and 2, where only messages that
    // were acknowledged can be lost.
    DeliveryResult settle(bool acknowledged_only) const;

  private:
    struct Exceptions {
        Ranges at_risk;
        Ranges unheard;  // sent while there was no subscription
        Ranges unacknowledged;
    };
    Exceptions& exceptions();

    Sequence received_;
    uint64_t sent_ = 0;
    uint64_t away_since_ = 0;  // the first number sent while the subscriber is away
    bool away_ = true;
    bool session_kept_ = false;
    std::unique_ptr<Exceptions> exceptions_;
};

}  // namespace jumpgate::load
