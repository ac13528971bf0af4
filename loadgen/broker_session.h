// Session: what a broker knows of a client id, connected or not (3.1.1: 3.1.2.4; 5: 4.1).
//
// Law: messages leave in the order they came (MQTT-4.6.0-6). Those that cannot leave now wait in a
// queue of at most `session_queue_max`; a full one drops its oldest and counts it. QoS 1 and 2 stay
// in the window until acknowledged and are sent again, with DUP, when the client comes back. QoS 0
// is not kept for a client that is away. Does not know sockets: it writes to an Outlet.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "loadgen/broker_fanout.h"
#include "loadgen/broker_outlet.h"
#include "loadgen/broker_stream_faults.h"
#include "loadgen/broker_subscriptions.h"
#include "loadgen/circular_queue.h"
#include "mqtt/packets.h"

namespace jumpgate::broker {

inline constexpr uint64_t kNever = UINT64_MAX;

// The timer is the owner's: it fires when something is due while the client is away.
class Session : public Subscriber, public Timer {
  public:
    Session(Context& context, std::string client_id, void (*on_due)(Timer&))
        : Timer(on_due), context_(context), client_id_(std::move(client_id)) {}

    const std::string& client_id() const { return client_id_; }
    Context& context() { return context_; }
    Outlet* outlet() { return outlet_; }

    // The client is there: unacknowledged messages are sent again, then what waited.
    void attach(Outlet& outlet);
    void detach();

    // ---- Towards the client. `copy.packet_id` is given by the session.
    void deliver(Fanout& fanout, Copy copy);
    // A PUBACK, PUBREC or PUBCOMP of the client.
    void acknowledge(const mqtt::AckView& ack);
    // Sends what waits as far as the outlet and the window allow.
    void pump();

    // ---- From the client: QoS 2, method A (4.3.3). False: it is a repetition.
    bool begin_receiving(uint16_t packet_id);
    // False: the packet id is not known.
    bool end_receiving(uint16_t packet_id);
    size_t receiving() const { return receiving_.size(); }

    size_t queued() const { return queue_.size(); }
    size_t in_flight() const { return window_.size(); }

    // For its owner, the Broker.
    std::vector<std::string> filters;      // its subscriptions
    std::unique_ptr<StreamFaults> faults;  // where the broker misbehaves
    MessageRef will;
    uint64_t will_due_ms = kNever;
    uint64_t expiry_due_ms = kNever;
    uint32_t will_delay_s = 0;
    uint32_t expiry_s = 0;  // 0xFFFFFFFF: never

  private:
    enum class Step : uint8_t { Puback, Pubrec, Pubcomp, Done };  // what it waits for
    struct Sent {
        MessageRef message;
        uint32_t subscription_id = 0;
        bool retain = false;
        Step step = Step::Puback;
    };
    struct Waiting {
        MessageRef message;
        uint32_t subscription_id = 0;
        uint8_t qos = 0;
        bool retain = false;
    };

    size_t window_max() const;
    bool can_send(uint8_t qos) const;
    void send(Fanout& fanout, Copy copy);
    void send_again(size_t index);
    void send_release(uint16_t packet_id);
    void enqueue(Waiting waiting);
    uint16_t id_at(size_t index) const;

    Context& context_;
    Outlet* outlet_ = nullptr;
    std::string client_id_;
    CircularQueue<Waiting> queue_;
    // Unacknowledged messages; packet ids are consecutive, so the place tells the id.
    CircularQueue<Sent> window_;
    size_t sent_ = 0;  // the first so many of the window went over this connection
    uint16_t first_id_ = 1;
    std::vector<uint16_t> receiving_;  // sorted
};

}  // namespace jumpgate::broker
