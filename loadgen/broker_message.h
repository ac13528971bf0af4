// MessageView and Message: an application message, as it came and as it is kept.
//
// Law: a MessageView borrows the receive buffer and costs nothing; a Message is one allocation,
// never changes, and is shared by every queue that holds it. A message that goes straight from its
// publisher to connected QoS 0 subscribers is never made into one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "mqtt/bytes.h"
#include "mqtt/properties.h"

namespace jumpgate::broker {

struct MessageView {
    std::string_view topic{};
    mqtt::Bytes payload{};
    mqtt::Bytes properties{};  // MQTT 5, checked; without the message expiry interval
    uint64_t expires_ms = 0;   // on the broker's clock; 0: never (MQTT 5, 3.3.2.3.3)
    uint8_t qos = 0;
    bool retain = false;
};

class MessageRef;

class Message {
  public:
    static MessageRef copy_of(const MessageView& view);
    MessageView view() const;
    bool expired(uint64_t now_ms) const { return expires_ms_ != 0 && expires_ms_ <= now_ms; }
    // Messages of this thread that are alive: 0 once its broker is gone.
    static size_t live();

  private:
    friend class MessageRef;
    Message() = default;
    char* bytes() { return reinterpret_cast<char*>(this + 1); }
    const char* bytes() const { return reinterpret_cast<const char*>(this + 1); }
    void release();

    uint64_t expires_ms_ = 0;
    uint32_t references_ = 1;  // plain: a broker is one thread
    uint32_t payload_size_ = 0;
    uint32_t properties_size_ = 0;
    uint16_t topic_size_ = 0;
    uint8_t qos_ = 0;
    bool retain_ = false;
};

class MessageRef {
  public:
    MessageRef() = default;
    MessageRef(const MessageRef& other) : message_(other.message_) {
        if (message_ != nullptr) ++message_->references_;
    }
    MessageRef(MessageRef&& other) noexcept : message_(std::exchange(other.message_, nullptr)) {}
    MessageRef& operator=(MessageRef other) noexcept {
        std::swap(message_, other.message_);
        return *this;
    }
    ~MessageRef() {
        if (message_ != nullptr) message_->release();
    }

    explicit operator bool() const { return message_ != nullptr; }
    const Message* operator->() const { return message_; }

  private:
    friend class Message;
    explicit MessageRef(Message* message) : message_(message) {}
    Message* message_ = nullptr;
};

// What differs between the copies of one message.
struct Copy {
    uint32_t subscription_id = 0;  // MQTT 5; 0: none
    uint16_t packet_id = 0;        // 0 for QoS 0
    uint8_t qos = 0;
    bool retain = false;
    bool dup = false;
};

// Appends one MQTT 5 property to a block of them.
void append_property(std::string& block, const mqtt::Property& property);

// Appends the PUBLISH of `message` in protocol `level` (3, 4, 5). Returns where in `out` the packet
// id is. What is left of the message expiry interval is sent (MQTT-3.3.2-6).
size_t append_publish(std::string& out, const MessageView& message, const Copy& copy, uint8_t level,
                      uint64_t now_ms);

}  // namespace jumpgate::broker
