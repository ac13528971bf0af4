#include "loadgen/broker_session.h"

#include <algorithm>
#include <array>

#include "mqtt/encode.h"

namespace jumpgate::broker {

// Packet ids are 1 to 65,535 (MQTT-2.3.1-1).
static constexpr size_t kPacketIds = 65'535;

uint16_t Session::id_at(size_t index) const {
    return static_cast<uint16_t>((first_id_ - 1 + index) % kPacketIds + 1);
}

size_t Session::window_max() const {
    return std::min<size_t>(context_.limits.inflight_max, outlet_->receive_maximum);
}

void Session::attach(Outlet& outlet) {
    CHECK(outlet_ == nullptr);
    outlet_ = &outlet;
    online = true;
    sent_ = 0;
    pump();
}

void Session::detach() {
    outlet_ = nullptr;
    online = false;
    sent_ = 0;
}

// ---- Towards the client ------------------------------------------------------------------------

// What was sent over an earlier connection goes first (MQTT-4.6.0-1). The window counts from its
// oldest message, so that ids stay consecutive; a client that never acknowledges one stalls itself.
bool Session::can_send(uint8_t qos) const {
    if (outlet_->full() || sent_ < window_.size()) return false;
    return qos == 0 || window_.size() < window_max();
}

void Session::deliver(Fanout& fanout, Copy copy) {
    if (outlet_ == nullptr && copy.qos == 0) return;
    if (outlet_ != nullptr && queue_.empty() && can_send(copy.qos)) return send(fanout, copy);
    enqueue({fanout.keep(), copy.subscription_id, copy.qos, copy.retain});
}

// The newest is worth more than the oldest: a reading, a position, a state.
void Session::enqueue(Waiting waiting) {
    if (queue_.size() >= context_.limits.session_queue_max) {
        context_.counters.dropped_queue_full++;
        if (queue_.empty()) return;  // the limit is 0
        queue_.pop_front();
    }
    queue_.push_back(std::move(waiting));
}

void Session::send(Fanout& fanout, Copy copy) {
    if (copy.qos > 0) copy.packet_id = id_at(window_.size());
    std::string& out = outlet_->bytes();
    const size_t start = out.size();
    fanout.append(out, copy, outlet_->level);
    const size_t size_max = outlet_->packet_bytes_max;
    if (size_max != 0 && out.size() - start > size_max) {  // MQTT-3.1.2-25: as if it was sent
        out.resize(start);
        context_.counters.dropped_too_large++;
        return;
    }
    context_.counters.messages_out++;
    if (copy.qos == 0) return;
    const Step step = copy.qos == 1 ? Step::Puback : Step::Pubrec;
    window_.push_back({fanout.keep(), copy.subscription_id, copy.retain, step});
    ++sent_;
}

// MQTT-4.4.0-1: with the same packet id and DUP, or its PUBREL.
void Session::send_again(size_t index) {
    const Sent& sent = window_[index];
    if (sent.step == Step::Pubcomp) return send_release(id_at(index));
    if (sent.step == Step::Done) return;
    Copy copy;
    copy.subscription_id = sent.subscription_id;
    copy.packet_id = id_at(index);
    copy.qos = sent.step == Step::Puback ? 1 : 2;
    copy.retain = sent.retain;
    copy.dup = true;
    append_publish(outlet_->bytes(), sent.message->view(), copy, outlet_->level, context_.now_ms());
    context_.counters.messages_out++;
}

void Session::pump() {
    if (outlet_ == nullptr) return;
    while (sent_ < window_.size() && sent_ < window_max() && !outlet_->full()) send_again(sent_++);
    while (!queue_.empty() && can_send(queue_.front().qos)) {
        Waiting waiting = queue_.pop_front();
        if (waiting.message->expired(context_.now_ms())) {
            context_.counters.dropped_expired++;
            continue;
        }
        Copy copy;
        copy.subscription_id = waiting.subscription_id;
        copy.qos = waiting.qos;
        copy.retain = waiting.retain;
        Fanout fanout(std::move(waiting.message), context_.now_ms());
        send(fanout, copy);
    }
}

void Session::send_release(uint16_t packet_id) {
    std::array<uint8_t, 8> packet{};
    const mqtt::AckView release{mqtt::PacketType::Pubrel, packet_id, mqtt::ReasonCode::Success};
    const size_t size = mqtt::encode_ack(packet, release, outlet_->level);
    outlet_->bytes().append(reinterpret_cast<const char*>(packet.data()), size);
}

void Session::acknowledge(const mqtt::AckView& ack) {
    const size_t index = (ack.packet_id + kPacketIds - first_id_) % kPacketIds;
    const bool known = index < sent_;
    const bool refused = static_cast<uint8_t>(ack.reason) >= 0x80;
    if (ack.type == mqtt::PacketType::Pubrec && !refused) {
        // An unknown one is released as well, so that the client can end its side.
        send_release(ack.packet_id);
        if (known && window_[index].step == Step::Pubrec) {
            // From here on it must not be published again (MQTT-4.3.3-1): only the id is kept.
            window_[index].step = Step::Pubcomp;
            window_[index].message = {};
        }
        return;
    }
    if (!known) return;
    Step& step = window_[index].step;
    const bool ends = (ack.type == mqtt::PacketType::Puback && step == Step::Puback) ||
                      (ack.type == mqtt::PacketType::Pubrec && step == Step::Pubrec) ||
                      (ack.type == mqtt::PacketType::Pubcomp && step == Step::Pubcomp);
    if (!ends) return;
    // Out of order it waits for its elders, without its message.
    step = Step::Done;
    window_[index].message = {};
    while (sent_ > 0 && window_.front().step == Step::Done) {
        window_.pop_front();
        --sent_;
        first_id_ = id_at(1);
    }
    pump();
}

// ---- From the client ---------------------------------------------------------------------------

bool Session::begin_receiving(uint16_t packet_id) {
    const auto at = std::ranges::lower_bound(receiving_, packet_id);
    if (at != receiving_.end() && *at == packet_id) return false;
    receiving_.insert(at, packet_id);
    return true;
}

bool Session::end_receiving(uint16_t packet_id) {
    const auto at = std::ranges::lower_bound(receiving_, packet_id);
    if (at == receiving_.end() || *at != packet_id) return false;
    receiving_.erase(at);
    return true;
}

}  // namespace jumpgate::broker
