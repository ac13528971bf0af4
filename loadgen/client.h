// Client: one simulated device, from its first dial to its goodbye.
//
// A coroutine sets the connection up (connect.cc, with TLS secure.cc); then this compact object
// lives on: one receive and at most one send in flight, no buffer while idle. Law: states only go
// forward within one connection; a connection ends as terminate, join, release: cancel, wait until
// no operation is in flight, close. Every way to end has a Cause.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/io/address.h"
#include "core/io/buffer_ring.h"
#include "core/io/op.h"
#include "core/io/socket.h"
#include "core/io/task.h"
#include "core/io/timer_wheel.h"
#include "loadgen/cause.h"
#include "loadgen/chunk_pool.h"
#include "loadgen/delivery.h"
#include "loadgen/identity.h"
#include "loadgen/message.h"
#include "loadgen/tls_link.h"
#include "loadgen/window.h"
#include "mqtt/decode.h"

namespace jumpgate::load {

class Crew;
class Recorder;

// Where a broker sent a client: MQTT 5, 4.13 and 3.2.2.3.16.
struct Referral {
    Address to;
    uint32_t in_a_row = 0;    // since a connection last stood
    bool for_good = false;    // 0x9D; 0x9C: for one connection
    bool follow_now = false;  // not yet dialled
};

struct ReceiveOp : Op {};
struct SendOp : Op {};

class Client : ReceiveOp, SendOp, Timer, BufferWaiter {
  public:
    enum class State : uint8_t {
        Idle,         // not yet dialled
        Connecting,   // the set-up coroutine runs: dial, CONNECT, CONNACK
        Subscribing,  // waits for SUBACK
        Live,
        Leaving,  // DISCONNECT is on its way
        Closing,  // waits for its operations to end
        Waiting,  // for the next attempt
        Gone,
    };

    // `index` within the fleet. `log`: of what it sends, and `heard`: the accounts of what it
    // hears, one for each publisher of its cell; nullptr where there is none.
    Client(Crew& crew, uint32_t index, SendLog* log, Delivery* heard);

    State state() const { return state_; }
    bool live() const { return state_ == State::Live; }
    bool gone() const { return state_ == State::Gone; }
    // Gone, and the crew knows it no more.
    bool disposable() const { return gone() && !dirty_; }
    // Tried, and never connected.
    bool failed() const { return !first_try_ && !was_live_; }
    // Of the crew's BrokerNames: who served it last.
    uint8_t broker() const { return broker_; }
    // Messages that are due and not sent, or sent and not answered.
    uint32_t unfinished() const { return due_ - window_.oldest(); }

    void connect();
    // One more message of the plan is due.
    void message_due(uint64_t due_ns);
    // Starts a send where bytes wait and none is in flight.
    void flush();
    void ping();
    // Says goodbye and closes; without a connection, gone at once.
    void leave();
    // Closes without a word of MQTT.
    void abort();
    // --storm: the connection is gone at once. --churn: after a goodbye. Both come back.
    void drop();
    void depart();
    // --takeover: another connection with the id of this index; leaves once it stands, for good.
    // Only as the first call.
    void usurp();
    // The end of the run: what has no answer yet gets none.
    void give_up_unanswered();

  private:
    enum class Reason : uint8_t { Due, Unblocked };
    // Of the topic, on this connection; the broker knows it once it was Said.
    enum class Alias : uint8_t { None, Unsaid, Said };

    // connect.cc
    static Detached set_up(Client& client);
    void append_connect(Chunk& out);
    std::optional<Cause> take_received(Completion got);
    void set_up_done(const mqtt::ConnackView& connack);
    void set_up_failed(Cause cause);
    void retry_or_go();
    const Address& target();
    bool follow(mqtt::ReasonCode reason, std::string_view reference);
    void look_for_broker(const mqtt::ConnackView& connack);
    void served_by(std::string_view name);
    bool asks_for_broker() const;
    void go_live();

    // secure.cc
    Task<std::optional<Cause>> secure(WaitOp& op);
    Task<std::optional<Cause>> send_output(WaitOp& op);
    std::optional<Cause> go_on_with_handshake();
    std::optional<Cause> handshake_done(uint64_t began_ns);
    std::optional<Cause> take_sealed(mqtt::Bytes ciphertext);
    void consume_sealed(mqtt::Bytes ciphertext);
    std::span<const uint8_t> begin_sealed_send();
    Cause tls_failed();
    void send_last_words();

    // client.cc
    uint32_t number() const;
    template <class Visit>
    void for_each_heard(Visit visit);
    bool is_open() const { return state_ >= State::Subscribing && state_ <= State::Leaving; }
    static void on_receive(Op& op, Completion done);
    static void on_send(Op& op, Completion done);
    static void on_timer(Timer& timer);
    static void on_buffers(BufferWaiter& waiter);
    void arm_receive();
    void subscription_stands();
    void lose(Cause cause);
    void note_lost(Cause cause);
    void close();
    void join();
    void keep_alive();
    void mark_dirty();
    Chunk& out();
    bool sending() const { return tls_ ? tls_->sending() : sending_ != nullptr; }
    std::span<const uint8_t> begin_send();
    size_t end_send();

    // protocol.cc
    void consume(mqtt::Bytes bytes);
    size_t take_packets(mqtt::Bytes bytes);
    void on_packet(const mqtt::Packet& packet);
    void on_disconnect(const mqtt::Packet& packet);
    void on_publish(const mqtt::Packet& packet);
    void on_ack(const mqtt::Packet& packet);
    void on_suback(const mqtt::Packet& packet);
    bool is_repeated(const mqtt::PublishView& publish);
    std::optional<MessageHeader> header_of(mqtt::Bytes payload) const;
    Arrival judge(const MessageHeader& header);
    void account(const mqtt::PublishView& publish);
    void append_ack(mqtt::PacketType type, uint16_t packet_id);
    void append_subscribe();

    // publish.cc
    bool thinks() const;
    uint64_t due_ns(uint32_t sequence) const;
    void answered();
    bool may_publish() const;
    void publish(Reason reason);
    uint32_t hand_over(Recorder& recorder);
    void window_opens();
    void append_publish(uint32_t sequence, bool dup);
    void name_topic(uint32_t sequence, mqtt::PublishView& publish);
    void append_payload(Chunk& to, uint32_t sequence);
    void resend();

    Crew& crew_;
    SendLog* log_;
    Delivery* heard_;
    Chunk* filling_ = nullptr;
    Chunk* sending_ = nullptr;
    Chunk* partial_ = nullptr;            // the start of a packet that is not all here
    std::unique_ptr<Referral> referral_;  // none: where --host says
    std::unique_ptr<TlsLink> tls_;        // none: plain
    WaitOp* set_up_op_ = nullptr;
    std::unique_ptr<std::vector<uint16_t>> unreleased_;  // QoS 2: received, no PUBREL yet
    uint64_t began_ns_ = 0;                              // of the attempt, then of the SUBSCRIBE
    uint64_t window_full_since_ns_ = 0;                  // 0: it is not
    uint64_t asked_ns_ = 0;  // --think-time: when its message was due, then when it was sent
    Window window_;
    uint32_t index_;
    uint32_t due_ = 0;          // messages whose time has come
    uint32_t due_offline_ = 0;  // of them, those due before the connection last came up
    Socket socket_;
    uint16_t keepalive_s_ = 0;
    uint8_t inflight_max_ = 1;
    uint8_t broker_ = 0;
    Alias alias_ = Alias::None;
    uint8_t operations_ = 0;  // in flight: receive, send
    uint8_t attempts_ = 0;    // in a row that failed
    State state_ = State::Idle;
    Role role_;
    bool receiving_ = false;
    bool dirty_ = false;       // in the crew's list of clients to flush
    bool first_try_ = true;    // the fleet still waits to hear of this client
    bool was_live_ = false;    // at least once
    bool spoke_ = false;       // since the last look of keep_alive()
    bool ping_waits_ = false;  // for PINGRESP
    bool placed_ = false;      // who serves this connection is known: broker_
    bool asked_ = false;       // --think-time: a message was sent and has no answer
    bool usurper_ = false;
};

}  // namespace jumpgate::load
