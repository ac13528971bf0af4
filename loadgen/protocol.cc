// What a connected client does with the packets that it receives.
#include <algorithm>

#include "core/base/time.h"
#include "loadgen/client.h"
#include "loadgen/crew.h"
#include "loadgen/message.h"
#include "mqtt/encode.h"

namespace jumpgate::load {

using mqtt::PacketType;
using mqtt::ReasonCode;

// Above the largest --size with its header.
static constexpr size_t kPacketBytesMax = 17 * 1024 * 1024;
static constexpr uint16_t kSubscribePacketId = 1;
// A time of sending older than this is no header of ours.
static constexpr uint64_t kOldestMessageNs = 3'600 * kNanosPerSecond;

static bool is_failure(ReasonCode reason) { return static_cast<uint8_t>(reason) >= 0x80; }

// ---- Cutting the stream into packets -----------------------------------------------------------

void Client::consume(mqtt::Bytes bytes) {
    if (partial_ == nullptr) {
        const size_t taken = take_packets(bytes);
        if (taken == bytes.size() || !is_open()) return;
        partial_ = crew_.chunks().take();
        partial_->assign(bytes.begin() + static_cast<ptrdiff_t>(taken), bytes.end());
        return;
    }
    partial_->insert(partial_->end(), bytes.begin(), bytes.end());
    const size_t taken = take_packets(*partial_);
    if (partial_ == nullptr) return;  // the connection ended
    partial_->erase(partial_->begin(), partial_->begin() + static_cast<ptrdiff_t>(taken));
    if (!partial_->empty()) return;
    crew_.chunks().give(partial_);
    partial_ = nullptr;
}

// Acts on each whole packet; returns the bytes of those.
size_t Client::take_packets(mqtt::Bytes bytes) {
    size_t taken = 0;
    while (is_open() && taken < bytes.size()) {
        const mqtt::Framed framed = mqtt::next_packet(bytes.subspan(taken), kPacketBytesMax);
        if (std::holds_alternative<mqtt::NeedMore>(framed)) break;
        const mqtt::Packet* packet = std::get_if<mqtt::Packet>(&framed);
        if (packet == nullptr) {
            lose(Cause::Protocol);
            break;
        }
        taken += packet->length;
        on_packet(*packet);
    }
    return taken;
}

void Client::on_packet(const mqtt::Packet& packet) {
    if (state_ == State::Leaving) return;  // nothing may follow our DISCONNECT, no answer either
    switch (packet.type) {
        case PacketType::Publish:
            on_publish(packet);
            return;
        case PacketType::Puback:
        case PacketType::Pubrec:
        case PacketType::Pubrel:
        case PacketType::Pubcomp:
            on_ack(packet);
            return;
        case PacketType::Suback:
            on_suback(packet);
            return;
        case PacketType::Pingresp:
            if (!ping_waits_) return;
            ping_waits_ = false;
            crew_.recorder().add(Count::PingsAnswered);
            spoke_ = true;
            if (live()) keep_alive();
            return;
        case PacketType::Disconnect:
            on_disconnect(packet);
            return;
        default:
            lose(Cause::Protocol);
    }
}

void Client::on_disconnect(const mqtt::Packet& packet) {
    const auto parsed = mqtt::parse_disconnect(packet, crew_.options().version);
    const mqtt::DisconnectView* goodbye = std::get_if<mqtt::DisconnectView>(&parsed);
    if (goodbye == nullptr) {
        lose(Cause::Protocol);
        return;
    }
    follow(goodbye->reason, goodbye->server_reference);
    const bool taken_over = goodbye->reason == ReasonCode::SessionTakenOver;
    lose(taken_over ? Cause::TakenOver : Cause::DisconnectPacket);
}

// ---- Subscribing and receiving -----------------------------------------------------------------

bool Client::asks_for_broker() const {
    return crew_.options().broker_source.is_topic() && !usurper_;
}

// What the load is about, and behind it who serves this client.
void Client::append_subscribe() {
    const Options& options = crew_.options();
    std::vector<std::string> filters;
    if (subscribes(role_)) filters = filters_of(options, number());
    std::vector<mqtt::Subscription> all;
    for (const std::string& filter : filters) {
        all.push_back({.filter = filter, .qos = options.qos});
    }
    if (asks_for_broker()) all.push_back({.filter = options.broker_source.filter, .qos = 0});
    Chunk& to = out();
    const size_t at = to.size();
    to.resize(at + mqtt::encode_subscribe({}, kSubscribePacketId, all, options.version));
    mqtt::encode_subscribe(std::span(to).subspan(at), kSubscribePacketId, all, options.version);
}

void Client::on_suback(const mqtt::Packet& packet) {
    const auto parsed = mqtt::parse_suback(packet, crew_.options().version);
    const mqtt::SubackView* suback = std::get_if<mqtt::SubackView>(&parsed);
    if (suback == nullptr || state_ != State::Subscribing || suback->codes.empty() ||
        suback->packet_id != kSubscribePacketId) {
        lose(Cause::Protocol);
    } else if (std::ranges::max(suback->codes) >= 0x80) {
        lose(Cause::SubackRefused);
    } else if (std::ranges::any_of(suback->codes.first(suback->codes.size() - asks_for_broker()),
                                   [this](uint8_t code) { return code < crew_.options().qos; })) {
        lose(Cause::QosNotSupported);
    } else {
        crew_.recorder().subscribe.record((crew_.now_ns() - began_ns_) / kNanosPerMicro);
        go_live();
    }
}

void Client::on_publish(const mqtt::Packet& packet) {
    const auto parsed = mqtt::parse_publish(packet, crew_.options().version);
    const mqtt::PublishView* publish = std::get_if<mqtt::PublishView>(&parsed);
    if (publish == nullptr) {
        lose(Cause::Protocol);
        return;
    }
    const BrokerSource& source = crew_.options().broker_source;
    if (asks_for_broker() && source.covers(publish->topic)) {
        served_by(source.name_in(publish->topic, publish->payload));
    } else if (!is_repeated(*publish)) {
        account(*publish);
    }
    if (publish->qos == 1) append_ack(PacketType::Puback, publish->packet_id);
    if (publish->qos == 2) append_ack(PacketType::Pubrec, publish->packet_id);
}

// QoS 2: a message whose identifier has not been released is the same one again (MQTT-4.3.3-2).
bool Client::is_repeated(const mqtt::PublishView& publish) {
    if (publish.qos != 2) return false;
    if (!unreleased_) unreleased_ = std::make_unique<std::vector<uint16_t>>();
    if (std::ranges::find(*unreleased_, publish.packet_id) != unreleased_->end()) return true;
    unreleased_->push_back(publish.packet_id);
    return false;
}

// Which message of whose this is.
Arrival Client::judge(const MessageHeader& header) {
    const Options& options = crew_.options();
    const Plan& plan = options.plan;
    if (!plan.accounts()) {
        Sequence* stream = crew_.stream(index_, header.publisher);
        if (stream == nullptr) return Arrival::InOrder;
        if (stream->expected() == 0) stream->start_at(header.sequence);
        return stream->arrived(header.sequence);
    }
    const uint32_t publisher = publisher_of(options.start_number, header.publisher);
    if (header.sent_ns < crew_.schedule().start_ns || !plan.hears(number(), publisher)) {
        return Arrival::Unknown;
    }
    Delivery& delivery = heard_[plan.slot(publisher)];
    const Arrival arrival = delivery.arrived(crew_.send_log(publisher), header.sequence);
    // Members of a group have no common order.
    return plan.shared && arrival == Arrival::Reordered ? Arrival::InOrder : arrival;
}

std::optional<MessageHeader> Client::header_of(mqtt::Bytes payload) const {
    const PayloadTemplate& expected = crew_.options().message.payload;
    if (expected.is_read_back()) return expected.read(payload);
    if (payload.size() < kMessageHeaderBytes) return std::nullopt;
    return read_header(payload);
}

void Client::account(const mqtt::PublishView& publish) {
    const Options& options = crew_.options();
    const bool planned = options.plan.accounts();
    const uint64_t now_ns = crew_.now_ns();
    const MessageHeader header = header_of(publish.payload).value_or(MessageHeader{});
    // No header of ours says 0.
    const bool plausible = header.sent_ns > 0 && header.sent_ns <= now_ns &&
                           now_ns - header.sent_ns < kOldestMessageNs;
    // Where the plan is another process's, or there is none, the time of sending has to do.
    uint64_t due_ns = plausible ? header.sent_ns : now_ns;
    const uint32_t publisher = publisher_of(options.start_number, header.publisher);
    const bool timed = planned && !options.behaviour.think_time_ns;
    if (timed && plausible && publisher < crew_.schedule().publishers) {
        due_ns = crew_.schedule().due_ns(publisher, header.sequence);
    }
    Recorder& recorder = crew_.messages(due_ns);
    // Without a header there is no account; of a plan of ours all messages have one.
    const Arrival arrival = plausible ? judge(header)
                            : planned ? Arrival::Unknown
                                      : Arrival::InOrder;
    // What the broker had kept and sends to whoever subscribes.
    if (publish.retain && (arrival == Arrival::Unknown || arrival == Arrival::Duplicate)) {
        recorder.add(Count::Retained);
        return;
    }
    switch (arrival) {
        case Arrival::Unknown:
            recorder.add(Count::Unexpected);
            return;
        case Arrival::Duplicate:
            recorder.add(Count::Duplicated);
            if (publish.qos != 1) recorder.add(Count::DuplicatedAgainstQos);
            return;
        case Arrival::Reordered:
            recorder.add(Count::Reordered);
            break;
        case Arrival::InOrder:
            break;
    }
    recorder.add(Count::Received);
    if (!plausible) return;
    const uint64_t service_us = (now_ns - header.sent_ns) / kNanosPerMicro;
    recorder.service.record(service_us);
    crew_.latency_measured(recorder, (now_ns - std::min(due_ns, now_ns)) / kNanosPerMicro);
}

// ---- Acknowledgements --------------------------------------------------------------------------

void Client::append_ack(PacketType type, uint16_t packet_id) {
    mqtt::AckView ack;
    ack.type = type;
    ack.packet_id = packet_id;
    Chunk& to = out();
    const size_t at = to.size();
    to.resize(at + mqtt::encode_ack({}, ack, crew_.options().version));
    mqtt::encode_ack(std::span(to).subspan(at), ack, crew_.options().version);
}

void Client::on_ack(const mqtt::Packet& packet) {
    const auto parsed = mqtt::parse_ack(packet, crew_.options().version);
    const mqtt::AckView* ack = std::get_if<mqtt::AckView>(&parsed);
    if (ack == nullptr) {
        lose(Cause::Protocol);
        return;
    }
    if (ack->type == PacketType::Pubrel) {
        if (unreleased_) std::erase(*unreleased_, ack->packet_id);
        append_ack(PacketType::Pubcomp, ack->packet_id);
        return;
    }
    const std::optional<uint32_t> sequence = window_.waiting(ack->packet_id);
    if (!sequence) {
        // Not of this session; a PUBREC is answered all the same, or the broker waits for ever.
        if (ack->type == PacketType::Pubrec) append_ack(PacketType::Pubrel, ack->packet_id);
        return;
    }
    if (ack->type == PacketType::Pubrec && !is_failure(ack->reason)) {
        window_.release(*sequence);
        append_ack(PacketType::Pubrel, ack->packet_id);
        return;
    }
    const uint64_t due_ns = this->due_ns(*sequence);
    Recorder& recorder = crew_.messages(due_ns);
    window_.answer(*sequence);
    if (is_failure(ack->reason)) {
        recorder.add(Count::AckRefused);
        if (log_ != nullptr) log_->gave_up(*sequence);
    } else {
        recorder.add(Count::Acknowledged);
        recorder.acknowledgement.record((crew_.now_ns() - std::min(due_ns, crew_.now_ns())) /
                                        kNanosPerMicro);
    }
    answered();
    if (live()) publish(Reason::Unblocked);
}

}  // namespace jumpgate::load
