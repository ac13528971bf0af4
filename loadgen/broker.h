// Broker: sessions, subscriptions and retained messages of one embedded MQTT broker.
//
// Law: no input or output and no clock of its own: packets reach it through a Client, bytes leave
// through an Outlet, time comes from the timer wheel. One thread. Sessions live in memory and die
// with it. For benchmarks and demonstrations: it asks nobody for a password and writes nothing to
// disk.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "loadgen/broker_outlet.h"
#include "loadgen/broker_retained.h"
#include "loadgen/broker_session.h"
#include "loadgen/broker_subscriptions.h"
#include "mqtt/connect.h"
#include "mqtt/packets.h"

namespace jumpgate::broker {

class Client;

class Broker : public Context {
  public:
    // `name` is what clients are told: the listening address.
    Broker(const Limits& limits, TimerWheel& timers, std::string name);
    ~Broker();
    Broker(const Broker&) = delete;
    Broker& operator=(const Broker&) = delete;

    const std::string& name() const { return name_; }
    size_t sessions() const { return sessions_.size(); }
    size_t subscriptions() const { return subscriptions_.size(); }
    size_t retained() const { return retained_.size(); }
    std::string assign_client_id();

    // The session of a client that has connected: a client with the same id is thrown out first
    // (MQTT-3.1.4-3). nullptr: no room for another session.
    struct Opened {
        Session* session = nullptr;
        bool present = false;
    };
    Opened open_session(const mqtt::ConnectView& connect, std::string_view client_id);
    // Its client is gone. The will is published now, later or, without `with_will`, never.
    void leave_session(Session& session, bool with_will);
    // Publishes no more wills: the broker is about to end.
    void silence() { silent_ = true; }

    // Returns how many copies were made. `publisher` may be nullptr.
    size_t publish(const MessageView& message, const Session* publisher);

    struct Granted {
        mqtt::ReasonCode reason = mqtt::ReasonCode::Success;
        bool retained_due = false;  // call send_retained once the SUBACK is written
    };
    Granted subscribe(Session& session, const mqtt::Subscription& wanted, uint32_t id);
    void send_retained(Session& session, const mqtt::Subscription& wanted, uint32_t id);
    // False: it had not subscribed.
    bool unsubscribe(Session& session, std::string_view filter);

  private:
    static void on_due(Timer& timer);
    void settle(Session& session);
    void end_session(Session& session);
    void keep_will(Session& session, const mqtt::Will& will);

    std::string name_;
    Subscriptions subscriptions_;
    Retained retained_;
    // The keys are the sessions' own texts.
    std::unordered_map<std::string_view, std::unique_ptr<Session>> sessions_;
    std::vector<Match> matches_;
    uint64_t assigned_ids_ = 0;
    bool silent_ = false;
};

// What a publisher's or a will's block of MQTT 5 properties means to the broker.
struct MessageProperties {
    std::string kept;                  // what goes on to the subscribers
    uint64_t expires_ms = 0;           // 0: never
    bool has_subscription_id = false;  // which a client may not send (MQTT-3.3.4-6)
};
MessageProperties read_properties(mqtt::Bytes block, mqtt::PropertyPlace place, uint64_t now_ms);

}  // namespace jumpgate::broker
