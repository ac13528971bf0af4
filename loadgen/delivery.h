// SendLog and Delivery: the exact account of what one publisher sent and one subscriber, or one
// group of a shared subscription, received.
//
// Law: sequence numbers start at 0 and grow by one per message, so every message ends up in exactly
// one place: received, lost, or never acknowledged. First and last messages are seen as well, since
// both ends are known. Each half belongs to one thread; the receiving one reads of the other only
// how much was sent, until both threads have ended and settle() looks at the whole.
// Memory: 16 and 48 bytes, plus one range for each hole.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

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

// The sending half: one publisher's. Any thread may ask how much was sent; all else is the owner's.
class SendLog {
  public:
    // The publisher hands message number sent() to its connection.
    void sent_one() {
        sent_.store(sent_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    }
    uint64_t sent() const { return sent_.load(std::memory_order_acquire); }
    // Message number sent() is not sent, and never will be; the next one has the next number.
    void skipped_one();

    // --think-time, where no plan tells them apart: what was sent so far belongs to --warm-up.
    void still_warming_up() { exceptions().sent_in_warm_up = sent(); }
    uint64_t sent_in_warm_up() const { return exceptions_ ? exceptions_->sent_in_warm_up : 0; }

    // QoS 1, 2: nobody will answer for `number` any more, or the broker refused it.
    void gave_up(uint64_t number);
    uint64_t given_up() const { return given_up_.load(std::memory_order_acquire); }

    // The connection broke. The last that was sent on it, as far as nobody receives it, was in
    // flight.
    void broke();

    // What settle() reads.
    const Ranges& unacknowledged() const;
    const Ranges& skipped() const;
    const std::vector<uint64_t>& breaks() const;

  private:
    // More breaks than this are not remembered: a loss around them counts as one on a live
    // connection. Bounds the memory.
    static constexpr size_t kBreaksMax = 65'536;

    struct Exceptions {
        Ranges unacknowledged;
        Ranges skipped;
        std::vector<uint64_t> breaks;  // each the number that was next
        uint64_t sent_in_warm_up = 0;
    };
    Exceptions& exceptions();

    std::atomic<uint32_t> sent_{0};
    std::atomic<uint32_t> given_up_{0};
    std::unique_ptr<Exceptions> exceptions_;
};

// The receiving half.
class Delivery {
  public:
    // Unknown where the number was not sent.
    Arrival arrived(const SendLog& from, uint64_t number);
    const Sequence& received() const { return received_; }
    // Nothing is missing but what nobody answered for. Only once `from` has sent all.
    bool complete(const SendLog& from) const;

    // The subscriber, or a member of the group, is gone. What was under way when it left is at
    // risk: with a group that is whatever has not come, since nobody knows which member was to get
    // it. What is sent until somebody is back is at risk too where the broker keeps the session;
    // else nobody is there to receive it, as before the first subscriber_back().
    void subscriber_broke(const SendLog& from, bool session_kept, bool shared);
    // It is back: its SUBACK came.
    void subscriber_back(const SendLog& from);

    // The account of the numbers [begin, end) at the end of the run. `acknowledged_only`: QoS 1 and
    // 2, where only messages that were acknowledged can be lost. Losses whose numbers are forgotten
    // count where `end` is the end of all.
    DeliveryResult settle(const SendLog& from, bool acknowledged_only, uint64_t begin = 0,
                          uint64_t end = UINT64_MAX) const;

  private:
    struct Exceptions {
        Ranges at_risk;
        Ranges unheard;  // sent while there was no subscription
    };
    Exceptions& exceptions();

    Sequence received_;
    uint64_t away_since_ = 0;  // the first number sent while nobody is there
    uint32_t present_ = 0;     // how many subscribers are
    bool session_kept_ = false;
    std::unique_ptr<Exceptions> exceptions_;
};
static_assert(sizeof(SendLog) == 16 && sizeof(Delivery) == 48);

}  // namespace jumpgate::load
