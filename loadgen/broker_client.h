// Client: the protocol of one connection to a broker, from CONNECT to its end.
//
// Law: bytes in through receive(), packets out through the Outlet; strict by the standard, so that
// a wrong packet ends the connection with the reason a client of MQTT 5 can read. It ends once: by
// its DISCONNECT, by end() or by lost(), whichever comes first. Does not know sockets.
#pragma once

#include <cstdint>
#include <string>

#include "loadgen/broker.h"
#include "loadgen/broker_outlet.h"
#include "mqtt/connect.h"
#include "mqtt/framer.h"

namespace jumpgate::broker {

class Client : public Outlet {
  public:
    explicit Client(Broker& broker) : Outlet(broker), broker_(broker) {}
    ~Client() { CHECK(session_ == nullptr && !linked()); }

    // Bytes of the stream, in any cut; those of a packet that is not whole are kept.
    void receive(mqtt::Bytes in);
    // The broker ends the connection: what is pending, and before it a DISCONNECT with the reason
    // (MQTT 5), may still be sent.
    void end(mqtt::ReasonCode reason);
    // The connection is gone without a DISCONNECT: the will is due.
    void lost();
    // Misbehaviour: ends as if the broker had died, after what is written already.
    void drop() { leave(true); }
    // It will not get as far as a CONNECT.
    void refused() { broker_.counters.connections_refused++; }

    bool connected() const { return session_ != nullptr; }
    bool ended() const { return ended_; }
    // Longest silence that is allowed, 1.5 times the keep alive (MQTT-3.1.2-22); 0: any.
    uint64_t silence_max_ms() const { return keep_alive_s_ * 1500ULL; }
    // There is room in the outlet again.
    void pump() {
        if (session_ != nullptr) session_->pump();
    }

    uint64_t messages = 0;  // counted by Faults, where the broker misbehaves

  private:
    size_t take_packets(mqtt::Bytes in);
    size_t take_connect(mqtt::Bytes in);
    void accept(const mqtt::ConnectView& connect);
    void refuse(uint8_t answer_level, mqtt::ReasonCode reason,
                std::string_view server_reference = {});
    bool misbehave(uint8_t answer_level);
    bool spoil();
    void answer_garbage();
    void welcome(bool session_present, std::string_view assigned_client_id);
    void dispatch(const mqtt::Packet& packet);
    void on_publish(const mqtt::Packet& packet);
    void publish(const mqtt::PublishView& publish);
    void on_ack(const mqtt::Packet& packet);
    void on_subscribe(const mqtt::Packet& packet);
    void on_unsubscribe(const mqtt::Packet& packet);
    void on_disconnect(const mqtt::Packet& packet);
    void acknowledge(mqtt::PacketType type, uint16_t packet_id, mqtt::ReasonCode reason);
    void append_codes(mqtt::PacketType type, uint16_t packet_id, std::string_view codes);
    void leave(bool with_will);

    Broker& broker_;
    Session* session_ = nullptr;
    std::string partial_;   // the start of a packet; mostly empty
    uint64_t packets_ = 0;  // counted where the broker misbehaves
    uint16_t keep_alive_s_ = 0;
    bool ended_ = false;
};

}  // namespace jumpgate::broker
