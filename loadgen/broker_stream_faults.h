// StreamFaults: what is lost, doubled and turned round on purpose of what one subscriber gets.
//
// Law: a stream is what one client publishes to one topic, as one subscriber gets it: that is how
// jumpload keeps its account, and how exactly it must come back. A delivery suffers one fault at
// most; a fault whose place is taken waits for the next delivery. Each fault is counted when it has
// happened: a message that nothing overtook is not counted as reordered.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "loadgen/broker_fanout.h"
#include "loadgen/broker_faults.h"

namespace jumpgate::broker {

class Session;

class StreamFaults {
  public:
    // How long a message is held back for the one that is to overtake it.
    static constexpr uint64_t kHoldMs = 2'000;

    // The three outlive it.
    StreamFaults(Faults& faults, Session& subscriber);
    // What is still held back is lost with its subscriber, and counted.
    ~StreamFaults();
    StreamFaults(const StreamFaults&) = delete;
    StreamFaults& operator=(const StreamFaults&) = delete;

    void deliver(std::string_view publisher, Fanout& fanout, const Copy& copy);

  private:
    struct Stream;

    Stream& stream_of(std::string_view publisher, std::string_view topic);
    void hand_over(Fanout& fanout, const Copy& copy);
    void let_go(Stream& stream);

    Faults& faults_;
    Session& subscriber_;
    std::unordered_map<std::string, std::unique_ptr<Stream>> streams_;
};

}  // namespace jumpgate::broker
