#include "core/proxy/handshake_gate.h"

#include "core/io/socket.h"

namespace jumpgate {

HandshakeGate::HandshakeGate(Ring& ring, uint32_t per_turn)
    : Op{[](Op& op, Completion) { static_cast<HandshakeGate&>(op).next_turn(); }},
      ring_(ring),
      per_turn_(per_turn) {}

HandshakeGate::~HandshakeGate() { CHECK(!yielding_ && begun_.empty() && fresh_.empty()); }

bool HandshakeGate::pass(GateWaiter& waiter, bool begun) {
    const uint64_t turn = ring_.counters().enters;
    if (turn != turn_) {
        turn_ = turn;
        used_ = 0;
    }
    if (begun_.empty() && fresh_.empty() && used_ < per_turn_) {
        ++used_;
        return true;
    }
    ++held_back_;
    (begun ? begun_ : fresh_).push_back(waiter);
    if (!yielding_) {
        yielding_ = true;
        yield(ring_, *this);
    }
    return false;
}

GateWaiter* HandshakeGate::next() {
    constexpr uint32_t kStepsForEachFresh = 4;
    const bool fresh_first = ++steps_ % kStepsForEachFresh == 0;
    const bool is_fresh = begun_.empty() || (fresh_first && !fresh_.empty());
    return is_fresh ? fresh_.pop_front() : begun_.pop_front();
}

void HandshakeGate::next_turn() {
    yielding_ = false;
    turn_ = ring_.counters().enters;
    used_ = 0;
    while (used_ < per_turn_) {
        GateWaiter* waiter = next();
        if (waiter == nullptr) return;
        ++used_;
        waiter->go(*waiter);
    }
    if ((begun_.empty() && fresh_.empty()) || yielding_) return;
    yielding_ = true;
    yield(ring_, *this);
}

}  // namespace jumpgate
