// Peer: a client of a Broker without a socket: says packets, reads the packets that come back.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "loadgen/broker_client.h"
#include "mqtt/decode.h"
#include "mqtt/encode.h"

namespace jumpgate::broker {

// What came from the broker: the parts that tests look at.
struct Reply {
    mqtt::PacketType type = mqtt::PacketType::Pingresp;
    mqtt::ReasonCode reason = mqtt::ReasonCode::Success;
    bool session_present = false;
    std::string assigned_client_id;
    std::string server_reference;
    std::string topic;
    std::string payload;
    std::string codes;
    uint16_t packet_id = 0;
    uint8_t qos = 0;
    bool retain = false;
    bool dup = false;
};

// A broker under test, with a clock that stands still until advance().
struct TestBroker {
    explicit TestBroker(const Limits& limits = {}) : broker(limits, timers, "test:1883") {}
    ~TestBroker() {
        while (Outlet* outlet = broker.ready.pop_front()) outlet->discard();
    }
    void advance(uint64_t ms) { timers.advance(timers.now_ms() + ms); }

    TimerWheel timers{1'000};
    Broker broker;
};

class Peer {
  public:
    explicit Peer(TestBroker& test, uint8_t level = mqtt::kLevelV311)
        : client_(test.broker), level_(level) {}
    ~Peer() {
        client_.lost();
        client_.unlink();
    }

    Client& client() { return client_; }
    // What waits for it, as bytes.
    std::string raw() {
        std::string bytes(mqtt::text(client_.start_sending()));
        client_.sent();
        return bytes;
    }

    template <class Encode>
    void say(const Encode& encode) {
        std::vector<uint8_t> packet(encode(std::span<uint8_t>{}));
        encode(std::span<uint8_t>(packet));
        client_.receive(packet);
    }
    mqtt::ConnectView hello(std::string_view client_id, bool clean = true) const {
        mqtt::ConnectView connect;
        connect.client_id = client_id;
        connect.level = level_;
        connect.clean_start = clean;
        return connect;
    }
    // Returns the CONNACK; what comes with it is left for replies().
    Reply connect(const mqtt::ConnectView& connect) {
        say([&](std::span<uint8_t> out) { return mqtt::encode_connect(out, connect); });
        std::vector<Reply> all = replies();
        if (all.empty() || all[0].type != mqtt::PacketType::Connack) {
            ADD_FAILURE() << "no CONNACK";
            return {};
        }
        early_.assign(all.begin() + 1, all.end());
        return all[0];
    }
    Reply connect(std::string_view client_id, bool clean = true) {
        return connect(hello(client_id, clean));
    }
    void subscribe(std::string_view filter, uint8_t qos, uint32_t id = 0) {
        subscribe(mqtt::Subscription{filter, qos}, id);
    }
    void subscribe(const mqtt::Subscription& one, uint32_t id = 0) {
        say([&](std::span<uint8_t> out) {
            return mqtt::encode_subscribe(out, 77, {&one, 1}, level_, id);
        });
    }
    void publish(std::string_view topic, std::string_view payload, uint8_t qos = 0,
                 bool retain = false, uint16_t packet_id = 1) {
        mqtt::PublishView view;
        view.topic = topic;
        view.payload = mqtt::bytes(payload);
        view.qos = qos;
        view.retain = retain;
        view.packet_id = qos > 0 ? packet_id : uint16_t{0};
        publish(view);
    }
    void publish(const mqtt::PublishView& view) {
        say([&](std::span<uint8_t> out) { return mqtt::encode_publish(out, view, level_); });
    }
    void ack(mqtt::PacketType type, uint16_t packet_id,
             mqtt::ReasonCode reason = mqtt::ReasonCode::Success) {
        say([&](std::span<uint8_t> out) {
            return mqtt::encode_ack(out, {type, packet_id, reason}, level_);
        });
    }
    void disconnect(const mqtt::DisconnectView& view = {}) {
        say([&](std::span<uint8_t> out) { return mqtt::encode_disconnect(out, view, level_); });
    }

    // All that has come since the last call.
    std::vector<Reply> replies() {
        std::vector<Reply> all = std::exchange(early_, {});
        const auto bytes = client_.start_sending();
        for (mqtt::Bytes rest(bytes.data(), bytes.size()); !rest.empty();) {
            const mqtt::Framed framed = mqtt::next_packet(rest);
            const auto& packet = std::get<mqtt::Packet>(framed);
            all.push_back(decode(packet));
            rest = rest.subspan(packet.length);
        }
        client_.sent();
        return all;
    }
    // The payloads of the PUBLISH packets among them.
    std::vector<std::string> payloads() {
        std::vector<std::string> found;
        for (const Reply& reply : replies()) {
            if (reply.type == mqtt::PacketType::Publish) found.push_back(reply.payload);
        }
        return found;
    }

  private:
    Reply decode(const mqtt::Packet& packet) const {
        Reply reply;
        reply.type = packet.type;
        switch (packet.type) {
            case mqtt::PacketType::Connack: {
                const auto view = std::get<mqtt::ConnackView>(mqtt::parse_connack(packet, level_));
                reply.reason = view.reason;
                reply.session_present = view.session_present;
                reply.assigned_client_id = view.assigned_client_id;
                reply.server_reference = view.server_reference;
                break;
            }
            case mqtt::PacketType::Publish: {
                const auto view = std::get<mqtt::PublishView>(mqtt::parse_publish(packet, level_));
                reply.topic = view.topic;
                reply.payload = mqtt::text(view.payload);
                reply.packet_id = view.packet_id;
                reply.qos = view.qos;
                reply.retain = view.retain;
                reply.dup = view.dup;
                break;
            }
            case mqtt::PacketType::Suback:
            case mqtt::PacketType::Unsuback: {
                const auto view = std::get<mqtt::SubackView>(mqtt::parse_suback(packet, level_));
                reply.packet_id = view.packet_id;
                reply.codes = mqtt::text(view.codes);
                break;
            }
            case mqtt::PacketType::Disconnect:
                reply.reason =
                    std::get<mqtt::DisconnectView>(mqtt::parse_disconnect(packet, level_)).reason;
                break;
            case mqtt::PacketType::Pingresp:
                break;
            default: {
                const auto view = std::get<mqtt::AckView>(mqtt::parse_ack(packet, level_));
                reply.packet_id = view.packet_id;
                reply.reason = view.reason;
            }
        }
        return reply;
    }

    Client client_;
    uint8_t level_;
    std::vector<Reply> early_;
};

}  // namespace jumpgate::broker
