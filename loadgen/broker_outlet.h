// Outlet: the bytes on their way to one connected client, and what all of a broker's parts share.
//
// Law: packets are appended whole; what is being sent by the kernel is never touched; an outlet
// with nothing to send holds no buffer. Appending puts it on its broker's list of those to flush
// once the turn ends, so that all packets of a turn leave in one send.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "core/base/intrusive_list.h"
#include "core/io/timer_wheel.h"
#include "loadgen/broker_spare_buffers.h"
#include "mqtt/verdict.h"

namespace jumpgate::broker {

struct Limits {
    uint32_t connections_max = 20'000;
    uint32_t sessions_max = 1'000'000;     // connected or not
    uint32_t session_queue_max = 1'000;    // messages kept for a client that is away or slow
    uint32_t inflight_max = 1'024;         // QoS 1 and 2, unacknowledged, each way
    uint32_t packet_bytes_max = 1U << 20;  // accepted from a client
    uint32_t output_bytes_max = 1U << 20;  // waiting for one socket before its session queues
    uint32_t retained_max = 100'000;
};

// Plain numbers: a broker is one thread.
struct Counters {
    uint64_t connections_total = 0;
    uint64_t connections_refused = 0;
    uint64_t messages_in = 0;
    uint64_t messages_out = 0;
    uint64_t acks_in = 0;
    uint64_t bytes_in = 0;
    uint64_t bytes_out = 0;
    uint64_t dropped_queue_full = 0;  // the oldest of a full session queue
    uint64_t dropped_expired = 0;     // MQTT 5 message expiry
    uint64_t dropped_too_large = 0;   // MQTT 5 maximum packet size of a client
    uint64_t retained_refused = 0;    // the store was full
    uint64_t wills = 0;
    uint64_t takeovers = 0;
    uint64_t keep_alive_timeouts = 0;
};

class Faults;
class Outlet;

struct Context {
    Context(const Limits& its_limits, TimerWheel& its_timers)
        : limits(its_limits), timers(its_timers) {}
    // The broker's clock: CLOCK_MONOTONIC as of this turn.
    uint64_t now_ms() const { return timers.now_ms(); }

    Limits limits;
    TimerWheel& timers;
    Counters counters;
    SpareBuffers spares;
    Faults* faults = nullptr;     // of a broker that misbehaves; its owner's
    IntrusiveList<Outlet> ready;  // to be flushed at the end of the turn
};

class Outlet : public Link {
  public:
    explicit Outlet(Context& context) : context_(context) {}

    // To append whole packets to.
    std::string& bytes() {
        wake();
        if (pending_.empty()) take_buffer();
        return pending_;
    }
    // Has its broker look at it at the end of the turn.
    void wake() {
        if (!linked()) context_.ready.push_back(*this);
    }
    bool empty() const { return pending_.empty(); }
    bool full() const {
        return pending_.size() + sending_size_ >= context_.limits.output_bytes_max;
    }

    // Hands out what waits; one send at a time.
    std::span<const uint8_t> start_sending() {
        CHECK(sending_size_ == 0);
        sending_ = std::exchange(pending_, {});
        sending_size_ = sending_.size();
        context_.counters.bytes_out += sending_size_;
        return {reinterpret_cast<const uint8_t*>(sending_.data()), sending_.size()};
    }
    size_t sending_size() const { return sending_size_; }
    // What it handed out was copied (encrypted): it is on its way still, but not in here.
    void copied() { context_.spares.give(std::move(sending_)); }
    void sent() {
        context_.spares.give(std::move(sending_));
        sending_size_ = 0;
    }
    void discard() { pending_ = {}; }

    uint8_t level = mqtt::kLevelV311;   // protocol level
    uint16_t receive_maximum = 65'535;  // MQTT 5: QoS 1 and 2 that the client takes at once
    uint32_t packet_bytes_max = 0;      // MQTT 5: the client takes no larger packet; 0: any

  protected:
    Context& context_;

  private:
    void take_buffer() {
        if (pending_.capacity() < SpareBuffers::kBytesMin) pending_ = context_.spares.take();
    }

    std::string pending_;
    std::string sending_;
    size_t sending_size_ = 0;
};

}  // namespace jumpgate::broker
