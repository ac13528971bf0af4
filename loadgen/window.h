// Window: the messages of one publisher that still want an answer (QoS 1 and 2).
//
// Law: all of them lie within 64 sequence numbers, so two bitmaps hold their states and the packet
// identifier follows from the number: no table. Identifiers 1 to 65,535 are used in turn.
#pragma once

#include <cstdint>
#include <optional>

namespace jumpgate::load {

class Window {
  public:
    static constexpr uint32_t kSpanMax = 64;

    static uint16_t packet_id(uint32_t sequence) {
        return static_cast<uint16_t>(sequence % 65'535 + 1);
    }

    uint32_t oldest() const { return oldest_; }
    uint32_t next() const { return next_; }
    // Numbers between the oldest without an answer and the newest; limits what may be sent.
    uint32_t span() const { return next_ - oldest_; }

    // Takes the next number. `answered`: QoS 0, which wants none. REQUIRES span() < kSpanMax.
    uint32_t take(bool answered) {
        const uint32_t sequence = next_++;
        if (answered) answer(sequence);
        return sequence;
    }
    // The number that an acknowledgement is for, if it waits for one.
    std::optional<uint32_t> waiting(uint16_t packet_id) const {
        const uint32_t steps = (packet_id + 65'534U - oldest_ % 65'535) % 65'535;
        if (packet_id == 0 || steps >= span() || (answered_ >> steps & 1U) != 0) return {};
        return oldest_ + steps;
    }
    bool waits(uint32_t sequence) const {
        return sequence - oldest_ < span() && (answered_ >> (sequence - oldest_) & 1U) == 0;
    }
    // PUBACK or PUBCOMP, or given up.
    void answer(uint32_t sequence) {
        answered_ |= uint64_t{1} << (sequence - oldest_);
        while ((answered_ & 1U) != 0) {
            answered_ >>= 1U;
            released_ >>= 1U;
            ++oldest_;
        }
    }
    // PUBREC: from here on PUBREL is what is sent again (MQTT-4.3.3-1).
    void release(uint32_t sequence) { released_ |= uint64_t{1} << (sequence - oldest_); }
    bool released(uint32_t sequence) const { return (released_ >> (sequence - oldest_) & 1U) != 0; }

  private:
    uint64_t answered_ = 0;  // bit n: oldest_ + n
    uint64_t released_ = 0;
    uint32_t oldest_ = 0;
    uint32_t next_ = 0;
};

}  // namespace jumpgate::load
