// How a client publishes what the plan asks for, in order, within its window.
#include <algorithm>

#include "core/base/time.h"
#include "loadgen/client.h"
#include "loadgen/crew.h"
#include "loadgen/message.h"
#include "mqtt/encode.h"

namespace jumpgate::load {

// Bytes that may wait behind a send of a client. A peer that does not read holds up the messages
// behind them, instead of filling our memory.
static constexpr size_t kWaitingBytesMax = 65'536;

void Client::message_due(uint64_t due_ns) {
    ++due_;
    crew_.messages(due_ns).add(Count::Planned);
    publish(Reason::Due);
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
        const uint64_t due_ns = crew_.schedule().due_ns(number(), window_.next());
        const uint64_t late_ns = crew_.now_ns() - std::min(due_ns, crew_.now_ns());
        Recorder& recorder = crew_.messages(due_ns);
        if (late_ns > limit_ns && options.arrival.drop_late) {
            window_.take(true);
            if (log_ != nullptr) log_->skipped_one();
            recorder.add(Count::Dropped);
            continue;
        }
        const uint32_t sequence = window_.take(options.qos == 0);
        append_publish(sequence, false);
        if (log_ != nullptr) log_->sent_one();
        recorder.add(Count::Sent);
        crew_.message_sent();
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
    const MessageHeader header{publisher_id(options.start_number, number()), sequence,
                               crew_.now_ns()};
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
        const uint64_t due_ns = crew_.schedule().due_ns(number(), sequence);
        crew_.messages(due_ns).add(Count::Unacknowledged);
        if (log_ != nullptr) log_->gave_up(sequence);
    }
}

}  // namespace jumpgate::load
