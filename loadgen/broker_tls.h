// TlsSession: the TLS of one connection to a broker. Ciphertext in, plaintext to its Client; what
// the Client's outlet holds, out again as ciphertext.
//
// Law: no sockets and no clock, like the Client it stands before. Nothing of MQTT is read before
// the handshake is done and, where it must be, the client's certificate is verified. A fault ends
// the Client once and is counted once; the alert that tells of it is still sealed. Idle, it holds
// its engine and no buffer.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "loadgen/broker_client.h"
#include "tls/engine.h"

namespace jumpgate::broker {

// Plain numbers, of one broker.
struct TlsCounters {
    using Causes = std::array<uint64_t, tls::kFailures>;

    uint64_t handshakes_full = 0;
    uint64_t handshakes_resumed = 0;
    uint64_t handshakes_timed_out = 0;
    uint64_t client_certificates = 0;  // handshakes whose client showed one that was verified
    Causes handshakes_failed{};
    Causes connections_failed{};  // after the handshake; truncated: ended without close_notify

    // A JSON object; causes that did not occur are left out.
    std::string json() const;
};

class TlsSession {
  public:
    // The largest record (RFC 8446 5.1): what `room` of receive() should hold.
    static constexpr size_t kRoomBytes = 16'384;

    TlsSession(const tls::ServerContextRef& context, Client& client, TlsCounters& counters);

    // Ciphertext of the stream, in any cut. `room` is lent for the plaintext.
    void receive(std::span<const uint8_t> ciphertext, std::span<uint8_t> room);
    // The ciphertext of all that waits, close_notify once the client has ended; empty: nothing.
    // REQUIRES: what it gave before is sent. Valid until sent().
    std::span<const uint8_t> seal();
    size_t sealed_bytes() const { return sealed_.size(); }
    void sent();

    // The peer ended the stream, or the network did.
    void stream_ended();
    // The client took too long to connect.
    void timed_out();

  private:
    void settle();
    void fail(tls::Failure cause);

    Client& client_;
    TlsCounters& counters_;
    std::unique_ptr<tls::Engine> engine_;  // null once it has failed to be made
    tls::Bytes sealed_;
    bool failed_ = false;
    bool shut_ = false;
};

}  // namespace jumpgate::broker
