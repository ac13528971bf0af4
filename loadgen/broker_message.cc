#include "loadgen/broker_message.h"

#include <array>
#include <cstring>
#include <new>

#include "core/base/check.h"
#include "mqtt/encode.h"
#include "mqtt/sink.h"

namespace jumpgate::broker {

static thread_local size_t messages_alive = 0;

size_t Message::live() { return messages_alive; }

static char* put(char* at, const void* from, size_t size) {
    if (size > 0) std::memcpy(at, from, size);
    return at + size;
}

// The texts lie behind the object: topic, properties, payload.
MessageRef Message::copy_of(const MessageView& view) {
    CHECK(view.topic.size() <= UINT16_MAX);
    const size_t size = view.topic.size() + view.properties.size() + view.payload.size();
    Message* message = new (::operator new(sizeof(Message) + size)) Message;
    message->expires_ms_ = view.expires_ms;
    message->payload_size_ = static_cast<uint32_t>(view.payload.size());
    message->properties_size_ = static_cast<uint32_t>(view.properties.size());
    message->topic_size_ = static_cast<uint16_t>(view.topic.size());
    message->qos_ = view.qos;
    message->retain_ = view.retain;
    char* at = put(message->bytes(), view.topic.data(), view.topic.size());
    at = put(at, view.properties.data(), view.properties.size());
    put(at, view.payload.data(), view.payload.size());
    ++messages_alive;
    return MessageRef(message);
}

MessageView Message::view() const {
    const std::string_view all(bytes(), topic_size_ + properties_size_ + payload_size_);
    MessageView view;
    view.topic = all.substr(0, topic_size_);
    view.properties = mqtt::bytes(all.substr(topic_size_, properties_size_));
    view.payload = mqtt::bytes(all.substr(topic_size_ + properties_size_));
    view.expires_ms = expires_ms_;
    view.qos = qos_;
    view.retain = retain_;
    return view;
}

void Message::release() {
    if (--references_ > 0) return;
    --messages_alive;
    this->~Message();
    ::operator delete(this);
}

// ---- Encoding ----------------------------------------------------------------------------------

// The properties of one copy: the message's own, what is left of its life, and the subscription's.
static std::string properties_of(const MessageView& message, const Copy& copy, uint64_t now_ms) {
    std::string block(mqtt::text(message.properties));
    if (message.expires_ms != 0) {
        const uint64_t left_ms = message.expires_ms > now_ms ? message.expires_ms - now_ms : 0;
        append_property(block, {.id = mqtt::PropertyId::MessageExpiryInterval,
                                .number = static_cast<uint32_t>((left_ms + 999) / 1000)});
    }
    if (copy.subscription_id != 0) {
        append_property(block, {.id = mqtt::PropertyId::SubscriptionIdentifier,
                                .number = copy.subscription_id});
    }
    return block;
}

void append_property(std::string& block, const mqtt::Property& property) {
    mqtt::CountingSink count;
    mqtt::put_property(count, property);
    const size_t end = block.size();
    block.resize(end + count.size);
    mqtt::WritingSink sink{reinterpret_cast<uint8_t*>(block.data() + end)};
    mqtt::put_property(sink, property);
}

size_t append_publish(std::string& out, const MessageView& message, const Copy& copy, uint8_t level,
                      uint64_t now_ms) {
    mqtt::PublishView publish;
    publish.topic = message.topic;
    publish.payload = message.payload;
    publish.packet_id = copy.packet_id;
    publish.qos = copy.qos;
    publish.retain = copy.retain;
    publish.dup = copy.dup;
    std::string changed;
    const bool changes = message.expires_ms != 0 || copy.subscription_id != 0;
    if (level == mqtt::kLevelV5 && changes) changed = properties_of(message, copy, now_ms);
    publish.properties = changed.empty() ? message.properties : mqtt::bytes(changed);

    // Nearly all headers fit here, which saves a pass that only asks for the size.
    std::array<uint8_t, 512> header;
    const size_t start = out.size();
    const size_t size = mqtt::encode_publish_header(header, publish, level);
    CHECK(size != 0);  // all of it was decoded from a packet within the limits
    if (size <= header.size()) {
        out.append(reinterpret_cast<const char*>(header.data()), size);
    } else {
        out.resize(start + size);
        mqtt::encode_publish_header({reinterpret_cast<uint8_t*>(out.data() + start), size}, publish,
                                    level);
    }
    out.append(mqtt::text(message.payload));
    size_t at = start + 1;
    while ((static_cast<uint8_t>(out[at]) & 0x80) != 0) ++at;  // over the remaining length
    return at + 1 + 2 + message.topic.size();
}

}  // namespace jumpgate::broker
