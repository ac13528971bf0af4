// HandshakeGate: shares a worker's time between handshakes and everything else.
//
// A step of a handshake computes for 50 to 300 us, a relayed message for some; when a fleet comes
// back all at once, handshakes would hold up the relays for seconds. Law: at most `per_turn` steps
// run in one turn of the reactor; the others go on in later turns, first come, first served. What
// was begun goes first, for it holds memory and nears its deadline, but for every fourth step:
// clients that take many steps keep nobody out. One that is slow to answer holds nobody up:
// only steps count, not open handshakes.
#pragma once

#include <cstdint>

#include "core/base/intrusive_list.h"
#include "core/io/ring.h"

namespace jumpgate {

// Someone with a step to run.
struct GateWaiter : Link {
    explicit GateWaiter(void (*on_turn)(GateWaiter&)) : go(on_turn) {}
    void (*go)(GateWaiter&);
};

class HandshakeGate : private Op {
  public:
    HandshakeGate(Ring& ring, uint32_t per_turn);
    ~HandshakeGate();
    HandshakeGate(const HandshakeGate&) = delete;
    HandshakeGate& operator=(const HandshakeGate&) = delete;

    // True: run the step now. False: `waiter` is told when its turn has come; who gives up unlinks.
    // `begun`: it is not the first step of its handshake.
    bool pass(GateWaiter& waiter, bool begun);
    uint64_t held_back() const { return held_back_; }
    bool in_flight() const { return yielding_; }

  private:
    void next_turn();
    GateWaiter* next();

    Ring& ring_;
    const uint32_t per_turn_;
    uint32_t used_ = 0;
    uint32_t steps_ = 0;  // of those that waited
    uint64_t turn_ = 0;
    uint64_t held_back_ = 0;
    bool yielding_ = false;
    IntrusiveList<GateWaiter> begun_;
    IntrusiveList<GateWaiter> fresh_;
};

}  // namespace jumpgate
