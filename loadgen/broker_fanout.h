// Fanout: one message on its way to all who want it.
//
// Law: it is encoded once per form (protocol with or without properties, QoS 0 or not), not once
// per subscriber, and copied into a Message only where a session must keep it.
#pragma once

#include <array>
#include <string>

#include "loadgen/broker_message.h"

namespace jumpgate::broker {

class Fanout {
  public:
    // `copies`: how many are expected; a single one is encoded in place.
    Fanout(const MessageView& message, uint64_t now_ms, size_t copies = 1)
        : message_(message), now_ms_(now_ms), shared_(copies > 1) {}
    explicit Fanout(MessageRef kept, uint64_t now_ms)
        : kept_(std::move(kept)), message_(kept_->view()), now_ms_(now_ms) {}

    const MessageView& message() const { return message_; }
    const MessageRef& keep() {
        if (!kept_) kept_ = Message::copy_of(message_);
        return kept_;
    }
    void append(std::string& out, const Copy& copy, uint8_t level);

  private:
    struct Form {
        std::string bytes;  // a PUBLISH without RETAIN and DUP, and with packet id 0
        size_t packet_id_at = 0;
    };

    MessageRef kept_;
    MessageView message_;
    uint64_t now_ms_;
    bool shared_ = false;
    std::array<Form, 6> forms_;  // by QoS, before and since MQTT 5
};

}  // namespace jumpgate::broker
