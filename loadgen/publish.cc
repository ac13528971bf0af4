// How a client publishes what the plan asks for, in order, within its window.
#include <algorithm>
#include <utility>

#include "core/base/time.h"
#include "loadgen/client.h"
#include "loadgen/crew.h"
#include "loadgen/message.h"
#include "mqtt/encode.h"

namespace jumpgate::load {

// Bytes that may wait behind a send of a client. A peer that does not read holds up the messages
// behind them, instead of filling our memory.
static constexpr size_t kWaitingBytesMax = 65'536;

bool Client::thinks() const { return crew_.options().behaviour.think_time_ns.has_value(); }

// By the plan. A closed loop has none: of its one message, when it was to be sent, and once it was
// sent, when that was.
uint64_t Client::due_ns(uint32_t sequence) const {
    return thinks() ? asked_ns_ : crew_.schedule().due_ns(number(), sequence);
}

void Client::message_due(uint64_t due_ns) {
    ++due_;
    if (thinks()) {
        asked_ns_ = due_ns;  // counts as planned when it is sent
    } else {
        crew_.messages(due_ns).add(Count::Planned);
    }
    publish(Reason::Due);
}

// --think-time: what was under way is so no more; the next message is due after a while.
void Client::answered() {
    if (std::exchange(asked_, false)) crew_.answered(number());
}

bool Client::may_publish() const {
    const uint32_t span_max = crew_.options().qos == 0 ? Window::kSpanMax : inflight_max_;
    const size_t waiting_bytes = filling_ == nullptr ? 0 : filling_->size();
    return live() && window_.next() < due_ && window_.span() < span_max &&
           waiting_bytes < kWaitingBytesMax;
}

// Adds up how long the window was full, as far as something waited for it.
void Client::window_opens() {
    if (window_full_since_ns_ == 0) return;
    const uint64_t full_ns = crew_.now_ns() - window_full_since_ns_;
    crew_.recorder().add(Count::WindowFullUs, full_ns / kNanosPerMicro);
    window_full_since_ns_ = 0;
}

// `reason`: what made sending possible, and so who held up a message that is late.
void Client::publish(Reason reason) {
    const Options& options = crew_.options();
    window_opens();
    const uint64_t limit_ns = options.lateness_limit_ms * kNanosPerMilli;
    while (may_publish()) {
        const uint64_t due_ns = this->due_ns(window_.next());
        const uint64_t late_ns = crew_.now_ns() - std::min(due_ns, crew_.now_ns());
        Recorder& recorder = crew_.messages(thinks() ? crew_.now_ns() : due_ns);
        if (late_ns > limit_ns && options.arrival.drop_late) {
            window_.take(true);
            if (log_ != nullptr) log_->skipped_one();
            recorder.add(Count::Dropped);
            continue;
        }
        const uint32_t sequence = hand_over(recorder);
        if (late_ns > limit_ns) recorder.add(Count::Late);
        if (sequence < due_offline_) {
            recorder.add(Count::HeldByConnection);
        } else if (reason == Reason::Unblocked) {
            recorder.add(Count::HeldByWindow);
        } else {
            recorder.send_lateness.record(late_ns / kNanosPerMicro);
            crew_.lateness_measured(late_ns / kNanosPerMicro);
        }
    }
    const bool full = options.qos > 0 && window_.span() >= inflight_max_;
    if (live() && full && window_.next() < due_) window_full_since_ns_ = crew_.now_ns();
}

// The next message, to the connection. Returns its number.
uint32_t Client::hand_over(Recorder& recorder) {
    if (thinks()) {
        recorder.add(Count::Planned);
        asked_ns_ = crew_.now_ns();
        asked_ = true;
    }
    const uint32_t sequence = window_.take(crew_.options().qos == 0);
    append_publish(sequence, false);
    if (log_ != nullptr) {
        log_->sent_one();
        if (thinks() && &recorder != &crew_.recorder()) log_->still_warming_up();
    }
    recorder.add(Count::Sent);
    crew_.message_sent();
    return sequence;
}

void Client::append_publish(uint32_t sequence, bool dup) {
    const Options& options = crew_.options();
    Chunk* body = crew_.chunks().take();
    append_payload(*body, sequence);
    mqtt::PublishView publish;
    name_topic(sequence, publish);
    publish.payload = *body;
    publish.qos = options.qos;
    publish.retain = options.message.retain;
    publish.dup = dup;
    publish.packet_id = options.qos == 0 ? uint16_t{0} : Window::packet_id(sequence);

    Chunk& to = out();
    const size_t at = to.size();
    to.resize(at + mqtt::encode_publish({}, publish, options.version));
    mqtt::encode_publish(std::span(to).subspan(at), publish, options.version);
    crew_.chunks().give(body);
}

// The topic, or the alias that stands for it on this connection.
void Client::name_topic(uint32_t sequence, mqtt::PublishView& publish) {
    const MessageOptions& message = crew_.options().message;
    publish.properties = alias_ == Alias::None ? message.properties : message.properties_with_alias;
    if (alias_ == Alias::Said) return;
    if (alias_ == Alias::Unsaid) alias_ = Alias::Said;
    identify_topic(crew_.options(), number(), sequence, crew_.identity());
    publish.topic = crew_.identity().topic;
}

void Client::append_payload(Chunk& to, uint32_t sequence) {
    const Options& options = crew_.options();
    const PayloadTemplate& payload = options.message.payload;
    // A closed loop's account asks when it was sent for the first time.
    const MessageHeader header{publisher_id(options.start_number, number()), sequence,
                               thinks() ? asked_ns_ : crew_.now_ns()};
    if (!payload.empty()) {
        if (payload.wants_client_id()) identify(options, index_, crew_.identity());
        payload.append_to(to, header, crew_.identity().client_id);
        return;
    }
    to.resize(options.size_bytes);
    if (to.size() >= kMessageHeaderBytes) write_header(to, header);
}

// A resumed session: what had no answer goes out again, in order (MQTT-4.4.0-1).
void Client::resend() {
    for (uint32_t sequence = window_.oldest(); sequence != window_.next(); ++sequence) {
        if (!window_.waits(sequence)) continue;
        if (window_.released(sequence)) {
            append_ack(mqtt::PacketType::Pubrel, Window::packet_id(sequence));
        } else {
            append_publish(sequence, true);
            crew_.recorder().add(Count::Resent);
        }
    }
}

void Client::give_up_unanswered() {
    const uint32_t next = window_.next();
    for (uint32_t sequence = window_.oldest(); sequence != next; ++sequence) {
        if (!window_.waits(sequence)) continue;
        window_.answer(sequence);
        crew_.messages(due_ns(sequence)).add(Count::Unacknowledged);
        if (log_ != nullptr) log_->gave_up(sequence);
    }
    answered();
    if (!thinks() || !crew_.leaving() || due_ == next) return;
    crew_.recorder().add(Count::Planned, due_ - next);  // never sent
    due_ = next;
}

}  // namespace jumpgate::load
