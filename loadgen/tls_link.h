// TlsLink: the TLS end of one client's connection: its engine, and the ciphertext on its way.
//
// Law: idle it holds no buffer; ciphertext is gathered in buffers that all links of a thread share.
// One send at a time, as on the socket below. Does no input or output.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "loadgen/cause.h"
#include "tls/engine.h"

namespace jumpgate::load {

// Output buffers between two sends; one thread's.
class SpareOutputs {
  public:
    tls::Bytes take() {
        if (free_.empty()) return {};
        tls::Bytes spare = std::move(free_.back());
        free_.pop_back();
        return spare;
    }
    void give(tls::Bytes&& spare) {
        spare.clear();
        if (spare.capacity() > 0 && spare.capacity() <= kKeptBytesMax) {
            free_.push_back(std::move(spare));
        }
    }

  private:
    static constexpr size_t kKeptBytesMax = 256 * 1024;
    std::vector<tls::Bytes> free_;
};

class TlsLink {
  public:
    // `engine`: a client's, before its handshake. `offered`: with an earlier session.
    TlsLink(std::unique_ptr<tls::Engine> engine, bool offered)
        : engine_(std::move(engine)), offered_(offered) {}

    tls::Engine& engine() { return *engine_; }
    const tls::Engine& engine() const { return *engine_; }
    bool offered() const { return offered_; }

    // Encrypts; false: the engine failed.
    bool write(std::span<const uint8_t> plaintext, SpareOutputs& spares);
    // Queues close_notify, once; nothing is written afterwards.
    void shut();

    // There is something to send, and nothing on its way.
    bool wants_send() const { return sending_.empty() && engine_->output_bytes() > 0; }
    bool sending() const { return !sending_.empty(); }
    // What is to be sent, which stays where it is until end_send(). REQUIRES !sending().
    std::span<const uint8_t> begin_send();
    // Returns how much that was.
    size_t end_send(SpareOutputs& spares) {
        const size_t length = sending_.size();
        spares.give(std::exchange(sending_, {}));
        return length;
    }

    // Why the engine failed.
    Cause failure() const { return cause_of(engine_->failure()); }
    // Why the connection ended, where TCP ended in good order.
    Cause end() const;

  private:
    std::unique_ptr<tls::Engine> engine_;
    tls::Bytes sending_;
    bool offered_;
    bool shut_ = false;
};

}  // namespace jumpgate::load
