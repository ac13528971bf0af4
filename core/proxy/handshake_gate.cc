#include "core/proxy/handshake_gate.h"

#include "core/io/socket.h"

namespace jumpgate {

HandshakeGate::HandshakeGate(Ring& ring, uint32_t per_turn)
    : Op{[](Op& op, Completion) { static_cast<HandshakeGate&>(op).next_turn(); }},
      ring_(ring),
      per_turn_(per_turn) {}

HandshakeGate::~HandshakeGate() { CHECK(!yielding_ && waiters_.empty()); }

bool HandshakeGate::pass(GateWaiter& waiter) {
    const uint64_t turn = ring_.counters().enters;
    if (turn != turn_) {
        turn_ = turn;
        used_ = 0;
    }
    if (waiters_.empty() && used_ < per_turn_) {
        ++used_;
        return true;
    }
    ++held_back_;
    waiters_.push_back(waiter);
    if (!yielding_) {
        yielding_ = true;
        yield(ring_, *this);
    }
    return false;
}

void HandshakeGate::next_turn() {
    yielding_ = false;
    turn_ = ring_.counters().enters;
    used_ = 0;
    while (!waiters_.empty() && used_ < per_turn_) {
        ++used_;
        GateWaiter& waiter = *waiters_.front();
        waiter.unlink();
        waiter.go(waiter);
    }
    if (waiters_.empty() || yielding_) return;
    yielding_ = true;
    yield(ring_, *this);
}

}  // namespace jumpgate
