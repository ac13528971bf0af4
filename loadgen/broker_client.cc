#include "loadgen/broker_client.h"

#include <algorithm>
#include <array>
#include <variant>

#include "loadgen/broker_faults.h"
#include "mqtt/decode.h"
#include "mqtt/encode.h"

namespace jumpgate::broker {

using mqtt::Bytes;
using mqtt::Invalid;
using mqtt::PacketType;
using mqtt::ReasonCode;

static uint8_t* octets(std::string& text) { return reinterpret_cast<uint8_t*>(text.data()); }

// Encodes small packets; `encode` is an encoder of mqtt/encode.h but for its first argument.
template <class Encode>
static void append_packet(std::string& out, const Encode& encode) {
    const size_t size = encode(std::span<uint8_t>{});
    const size_t start = out.size();
    out.resize(start + size);
    encode(std::span<uint8_t>(octets(out) + start, size));
}

// ---- Framing -----------------------------------------------------------------------------------

// Whole packets are read where they lie; only the one that the end of a buffer has cut is copied.
void Client::receive(Bytes in) {
    broker_.counters.bytes_in += in.size();
    while (!in.empty() && !ended_) {
        if (partial_.empty()) {
            in = in.subspan(take_packets(in));
            if (!ended_) partial_.assign(mqtt::text(in));
            return;
        }
        // Up to the end of the packet whose start is here; of its length, byte by byte.
        const mqtt::Framed framed = mqtt::next_packet(mqtt::bytes(partial_));
        const mqtt::NeedMore* more = std::get_if<mqtt::NeedMore>(&framed);
        const bool size_known = more != nullptr && more->total > partial_.size();
        const size_t missing = size_known ? more->total - partial_.size() : 1;
        const size_t taken = std::min(missing, in.size());
        partial_.append(mqtt::text(in.first(taken)));
        in = in.subspan(taken);
        if (take_packets(mqtt::bytes(partial_)) > 0) partial_ = {};
    }
}

// Returns the bytes of the whole packets at the start of `in`, which are done.
size_t Client::take_packets(Bytes in) {
    size_t done = 0;
    // A CONNECT has a parser of its own: it judges what comes before any of it is kept.
    if (!connected()) {
        done = take_connect(in);
        if (done == 0) return 0;
    }
    while (!ended_ && done < in.size()) {
        const mqtt::Framed framed =
            mqtt::next_packet(in.subspan(done), broker_.limits.packet_bytes_max);
        if (std::holds_alternative<mqtt::NeedMore>(framed)) break;
        if (const Invalid* invalid = std::get_if<Invalid>(&framed)) {
            end(invalid->reason);
            break;
        }
        const mqtt::Packet& packet = std::get<mqtt::Packet>(framed);
        done += packet.length;
        dispatch(packet);
    }
    return done;
}

// ---- CONNECT -----------------------------------------------------------------------------------

size_t Client::take_connect(Bytes in) {
    const mqtt::ConnectResult result = mqtt::parse_connect(in);
    if (const auto* more = std::get_if<mqtt::NeedMore>(&result)) {
        if (more->total > broker_.limits.packet_bytes_max) {
            refuse(more->level, ReasonCode::PacketTooLarge);
        }
        return 0;
    }
    if (const Invalid* invalid = std::get_if<Invalid>(&result)) {
        refuse(invalid->answer ? invalid->level : uint8_t{0}, invalid->reason);
        return 0;
    }
    const mqtt::ConnectView& connect = std::get<mqtt::ConnectView>(result);
    if (broker_.faults == nullptr || !misbehave(connect.level)) accept(connect);
    return connect.packet_length;
}

// `answer_level` 0: without a word.
void Client::refuse(uint8_t answer_level, ReasonCode reason, std::string_view server_reference) {
    broker_.counters.connections_refused++;
    if (answer_level != 0) {
        mqtt::ConnackView connack;
        connack.reason = reason;
        connack.server_reference = server_reference;
        append_packet(bytes(), [&](std::span<uint8_t> out) {
            return mqtt::encode_connack(out, connack, answer_level);
        });
    }
    ended_ = true;
    wake();
}

void Client::accept(const mqtt::ConnectView& connect) {
    level = connect.level;
    if (!connect.properties.authentication_method.empty()) {
        return refuse(level, ReasonCode::BadAuthenticationMethod);
    }
    if (connect.will.present && too_deep(connect.will.topic)) {
        return refuse(level, ReasonCode::TopicNameInvalid);
    }
    // Before MQTT 5 the client is not told, and needs not be: its session dies with the connection.
    std::string assigned;
    if (connect.client_id.empty()) assigned = broker_.assign_client_id();
    const std::string_view client_id = assigned.empty() ? connect.client_id : assigned;
    const Broker::Opened opened = broker_.open_session(connect, client_id);
    if (opened.session == nullptr) return refuse(level, ReasonCode::QuotaExceeded);
    session_ = opened.session;
    keep_alive_s_ = connect.keep_alive_s;
    receive_maximum = connect.properties.receive_maximum;
    packet_bytes_max = connect.properties.maximum_packet_size;
    welcome(opened.present, assigned);
    session_->attach(*this);
}

// ---- Misbehaviour ------------------------------------------------------------------------------

// False: this CONNECT is answered as it should be.
bool Client::misbehave(uint8_t answer_level) {
    Faults& faults = *broker_.faults;
    packets_ = 1;
    switch (faults.greet()) {
        case Faults::Greeting::Welcome:
            return false;
        case Faults::Greeting::Refusal:
            faults.counters.connections_refused++;
            refuse(answer_level, *faults.options().refuse_code, faults.options().redirect);
            return true;
        case Faults::Greeting::Garbage:
            answer_garbage();
            return true;
    }
    return false;
}

// True: the packet was answered with garbage.
bool Client::spoil() {
    if (!broker_.faults->spoils(++packets_)) return false;
    answer_garbage();
    return true;
}

void Client::answer_garbage() {
    bytes().append(broker_.faults->garbage());
    leave(true);
}

// ---- CONNACK -----------------------------------------------------------------------------------

// The accepting CONNACK. In MQTT 5 a user property "broker" names this broker, for users who wonder
// where a proxy took them; encode_connack knows no user properties, so they are put in here.
void Client::welcome(bool session_present, std::string_view assigned_client_id) {
    std::string& out = bytes();
    if (level != mqtt::kLevelV5) {
        mqtt::ConnackView connack;
        connack.session_present = session_present && level == mqtt::kLevelV311;
        append_packet(
            out, [&](std::span<uint8_t> to) { return mqtt::encode_connack(to, connack, level); });
        return;
    }
    std::string properties;
    const Limits& limits = broker_.limits;
    const auto receive_max = static_cast<uint32_t>(std::min(limits.inflight_max, 65'535U));
    append_property(properties, {mqtt::PropertyId::ReceiveMaximum, receive_max});
    append_property(properties, {mqtt::PropertyId::MaximumPacketSize, limits.packet_bytes_max});
    if (!assigned_client_id.empty()) {
        append_property(properties, {.id = mqtt::PropertyId::AssignedClientIdentifier,
                                     .value = mqtt::bytes(assigned_client_id)});
    }
    append_property(properties, {.id = mqtt::PropertyId::UserProperty,
                                 .key = "broker",
                                 .value = mqtt::bytes(broker_.name())});
    std::array<uint8_t, mqtt::kVarintSizeMax> length{};
    const auto append_length = [&](size_t value) {
        const size_t size = mqtt::write_varint(length.data(), static_cast<uint32_t>(value));
        out.append(reinterpret_cast<const char*>(length.data()), size);
    };
    const size_t behind = mqtt::varint_size(static_cast<uint32_t>(properties.size()));
    out += static_cast<char>(static_cast<unsigned>(PacketType::Connack) << 4);
    append_length(2 + behind + properties.size());
    out += static_cast<char>(session_present ? 1 : 0);
    out += static_cast<char>(ReasonCode::Success);
    append_length(properties.size());
    out += properties;
}

// ---- Ending ------------------------------------------------------------------------------------

// Once only: who comes later finds no session to leave.
void Client::leave(bool with_will) {
    ended_ = true;
    wake();
    if (session_ == nullptr) return;
    Session& session = *session_;
    session_ = nullptr;
    broker_.leave_session(session, with_will);
}

void Client::end(ReasonCode reason) {
    if (ended_) return;
    if (connected() && level == mqtt::kLevelV5) {
        mqtt::DisconnectView disconnect;
        disconnect.reason = reason;
        append_packet(bytes(), [&](std::span<uint8_t> out) {
            return mqtt::encode_disconnect(out, disconnect, level);
        });
    }
    leave(true);
}

// What waits to be sent has nobody to go to.
void Client::lost() {
    discard();
    leave(true);
}

void Client::on_disconnect(const mqtt::Packet& packet) {
    const mqtt::Parsed<mqtt::DisconnectView> parsed = mqtt::parse_disconnect(packet, level);
    if (const Invalid* invalid = std::get_if<Invalid>(&parsed)) return end(invalid->reason);
    const auto& disconnect = std::get<mqtt::DisconnectView>(parsed);
    if (disconnect.session_expiry_interval_s) {
        // From 0 it cannot be raised (3.14.2.2.2).
        if (session_->expiry_s == 0 && *disconnect.session_expiry_interval_s != 0) {
            return end(ReasonCode::ProtocolError);
        }
        session_->expiry_s = *disconnect.session_expiry_interval_s;
    }
    leave(disconnect.reason == ReasonCode::DisconnectWithWill);
}

// ---- Packets -----------------------------------------------------------------------------------

void Client::dispatch(const mqtt::Packet& packet) {
    if (broker_.faults != nullptr && spoil()) return;
    switch (packet.type) {
        case PacketType::Publish:
            return on_publish(packet);
        case PacketType::Puback:
        case PacketType::Pubrec:
        case PacketType::Pubrel:
        case PacketType::Pubcomp:
            return on_ack(packet);
        case PacketType::Subscribe:
            return on_subscribe(packet);
        case PacketType::Unsubscribe:
            return on_unsubscribe(packet);
        case PacketType::Pingreq:
            bytes().append(mqtt::text(mqtt::kPingresp));
            return;
        case PacketType::Disconnect:
            return on_disconnect(packet);
        default:  // a second CONNECT (MQTT-3.1.0-2), AUTH, or what only brokers send
            return end(ReasonCode::ProtocolError);
    }
}

void Client::acknowledge(PacketType type, uint16_t packet_id, ReasonCode reason) {
    std::array<uint8_t, 8> packet{};
    const size_t size = mqtt::encode_ack(packet, {type, packet_id, reason}, level);
    bytes().append(reinterpret_cast<const char*>(packet.data()), size);
}

void Client::on_publish(const mqtt::Packet& packet) {
    const mqtt::Parsed<mqtt::PublishView> parsed = mqtt::parse_publish(packet, level);
    if (const Invalid* invalid = std::get_if<Invalid>(&parsed)) return end(invalid->reason);
    const auto& view = std::get<mqtt::PublishView>(parsed);
    // We announced no topic aliases, so none is valid (MQTT-3.3.2-8, -10).
    if (view.topic_alias != 0) return end(ReasonCode::TopicAliasInvalid);
    if (too_deep(view.topic)) return end(ReasonCode::TopicNameInvalid);
    // A repetition is acknowledged, not published (MQTT-4.3.3-2, 5: MQTT-4.3.3-10).
    if (view.qos == 2 && !session_->begin_receiving(view.packet_id)) {
        return acknowledge(PacketType::Pubrec, view.packet_id, ReasonCode::Success);
    }
    if (level == mqtt::kLevelV5 && session_->receiving() > broker_.limits.inflight_max) {
        return end(ReasonCode::ReceiveMaximumExceeded);
    }
    publish(view);
}

void Client::publish(const mqtt::PublishView& view) {
    MessageView message;
    message.topic = view.topic;
    message.payload = view.payload;
    message.qos = view.qos;
    message.retain = view.retain;
    MessageProperties properties;
    if (!view.properties.empty()) {
        const mqtt::PropertyPlace place = mqtt::place(PacketType::Publish);
        properties = read_properties(view.properties, place, broker_.now_ms());
        if (properties.has_subscription_id) return end(ReasonCode::ProtocolError);
        message.properties = mqtt::bytes(properties.kept);
        message.expires_ms = properties.expires_ms;
    }
    broker_.counters.messages_in++;
    // $SYS is the broker's own to write.
    const bool forbidden = view.topic.starts_with("$SYS/");
    const size_t copies = forbidden ? 0 : broker_.publish(message, session_);
    const ReasonCode reason = level != mqtt::kLevelV5 ? ReasonCode::Success
                              : forbidden             ? ReasonCode::NotAuthorized
                              : copies == 0           ? ReasonCode::NoMatchingSubscribers
                                                      : ReasonCode::Success;
    if (view.qos == 1) acknowledge(PacketType::Puback, view.packet_id, reason);
    if (view.qos == 2) {
        if (reason == ReasonCode::NotAuthorized) session_->end_receiving(view.packet_id);
        acknowledge(PacketType::Pubrec, view.packet_id, reason);
    }
    if (broker_.faults == nullptr) return;
    broker_.faults->carried(*this);
    broker_.faults->drop_due();
}

void Client::on_ack(const mqtt::Packet& packet) {
    const mqtt::Parsed<mqtt::AckView> parsed = mqtt::parse_ack(packet, level);
    if (const Invalid* invalid = std::get_if<Invalid>(&parsed)) return end(invalid->reason);
    const auto& ack = std::get<mqtt::AckView>(parsed);
    broker_.counters.acks_in++;
    if (ack.type != PacketType::Pubrel) return session_->acknowledge(ack);
    const bool known = session_->end_receiving(ack.packet_id);
    const bool tell = !known && level == mqtt::kLevelV5;
    acknowledge(PacketType::Pubcomp, ack.packet_id,
                tell ? ReasonCode::PacketIdNotFound : ReasonCode::Success);
}

void Client::append_codes(PacketType type, uint16_t packet_id, std::string_view codes) {
    append_packet(bytes(), [&](std::span<uint8_t> out) {
        const mqtt::SubackView view{packet_id, mqtt::bytes(codes)};
        return type == PacketType::Suback ? mqtt::encode_suback(out, view, level)
                                          : mqtt::encode_unsuback(out, view, level);
    });
}

// The SUBACK goes first, then the retained messages of each filter.
void Client::on_subscribe(const mqtt::Packet& packet) {
    const mqtt::Parsed<mqtt::SubscribeView> parsed = mqtt::parse_subscribe(packet, level);
    if (const Invalid* invalid = std::get_if<Invalid>(&parsed)) return end(invalid->reason);
    const auto& subscribe = std::get<mqtt::SubscribeView>(parsed);
    std::string codes;
    std::vector<bool> retained_due;
    for (Bytes rest = subscribe.filters; const auto wanted = mqtt::take_subscription(rest);) {
        const Broker::Granted granted =
            broker_.subscribe(*session_, *wanted, subscribe.subscription_id);
        auto code = static_cast<uint8_t>(granted.reason);
        if (level != mqtt::kLevelV5) code = std::min<uint8_t>(code, 0x80);  // MQTT-3.9.3-2
        codes += static_cast<char>(code);
        retained_due.push_back(granted.retained_due);
    }
    append_codes(PacketType::Suback, subscribe.packet_id, codes);
    size_t index = 0;
    for (Bytes rest = subscribe.filters; const auto wanted = mqtt::take_subscription(rest);) {
        if (!retained_due[index++]) continue;
        broker_.send_retained(*session_, *wanted, subscribe.subscription_id);
    }
}

void Client::on_unsubscribe(const mqtt::Packet& packet) {
    const mqtt::Parsed<mqtt::UnsubscribeView> parsed = mqtt::parse_unsubscribe(packet, level);
    if (const Invalid* invalid = std::get_if<Invalid>(&parsed)) return end(invalid->reason);
    const auto& unsubscribe = std::get<mqtt::UnsubscribeView>(parsed);
    std::string codes;
    for (Bytes rest = unsubscribe.filters; const auto filter = mqtt::take_filter(rest);) {
        const bool was = broker_.unsubscribe(*session_, *filter);
        codes += static_cast<char>(was ? ReasonCode::Success : ReasonCode::NoSubscriptionExisted);
    }
    append_codes(PacketType::Unsuback, unsubscribe.packet_id, codes);
}

}  // namespace jumpgate::broker
