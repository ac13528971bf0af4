// Engine: one TLS connection without a socket. Ciphertext in, ciphertext out, plaintext between.
//
// Law: it does no input or output. What comes is lent with `feed` and consumed by the next calls;
// what goes is collected in `output`, whatever the call: records, alerts, tickets, key updates.
// The handshake's memory is freed when the handshake ends: idle, an engine costs 3 to 5 KB.
// One thread at a time. A failed engine stays failed; its last output may hold the alert to send.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "tls/bytes.h"
#include "tls/context.h"
#include "tls/failure.h"
#include "tls/identity.h"

namespace jumpgate::tls {

// Done: the call did its work. WantInput: all that was fed is used up, more is needed. WantOutput:
// `output` is over its limit (kOutputBytesMax): send it first. Closed: the peer's close_notify.
enum class Step : uint8_t { Done, WantInput, WantOutput, Closed, Failed };

// A session towards a server, to be resumed by another engine of the same ClientContext. Copies
// share it; one thread at a time.
class Session;
using SessionRef = std::shared_ptr<Session>;

class Engine {
  public:
    static constexpr size_t kOutputBytesMax = size_t{256} * 1024;
    static constexpr size_t kRecordOverheadBytesMax = 29;  // header, explicit nonce, tag (1.2 GCM)

    // The server's side of a connection. Null: out of memory.
    static std::unique_ptr<Engine> accept(ServerContextRef context);
    // The client's side. `server_name` is sent as SNI where it is a DNS name, and is what
    // Verify::Full holds the certificate against (IP literals: iPAddress SANs); never empty then.
    static std::unique_ptr<Engine> connect(ClientContextRef context, std::string_view server_name,
                                           const SessionRef& resume = nullptr);
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    // Lends ciphertext until it is used up; REQUIRES: the last lot is (`unread` is 0).
    void feed(std::span<const uint8_t> ciphertext);
    size_t unread() const;
    // The stream ended. True: as TLS wants it, after close_notify; false: cut off (Truncated).
    bool ended_cleanly() const;

    // Goes on with the handshake: Done once it is complete and the peer is verified.
    Step handshake();
    // Plaintext into `room`: Done with `length` >= 1, or why there is none just now.
    Step read(std::span<uint8_t> room, size_t& length);
    // Encrypts all of `plaintext` into `output`: Done or Failed. In records of at most 16 KiB.
    Step write(std::span<const uint8_t> plaintext);
    // Queues close_notify; nothing may be written afterwards, reading goes on.
    void shut();

    // Ciphertext to be sent. `take_output` moves it out; what is written later gathers anew.
    size_t output_bytes() const;
    Bytes take_output();
    // Gives capacity back for the next output (empty, any capacity); saves an allocation.
    void reuse(Bytes&& spare);

    // ---- After a Failed step
    Failure failure() const;
    uint8_t alert() const;            // with PeerAlert: RFC 8446 6.2
    std::string_view detail() const;  // one phrase for the log; never secret

    // Whom the certificate names that the peer showed, where the handshake failed over it or after
    // it; null: none was shown, or its names cannot be read. For the log alone: nobody has proved
    // to be this, and anybody may show any certificate.
    const Identity* claimed_identity() const;

    // ---- After the handshake
    bool established() const;
    bool resumed() const;
    // The peer's; null: it showed none, or a server's that was resumed. Kept until
    // `forget_identity`: it costs memory.
    const Identity* identity() const;
    void forget_identity();
    std::string_view server_name() const;  // server side: the SNI, empty if none
    std::string_view alpn() const;         // empty: none agreed
    std::string_view version() const;      // "TLSv1.3"
    std::string_view cipher() const;       // "TLS_AES_128_GCM_SHA256", IANA name
    // Client side: what a later engine may resume; null until the server sent a ticket (TLS 1.3:
    // some time after the handshake, seen by read). A resumed TLS 1.2 connection may get none: what
    // it resumed still serves. Each call makes a copy.
    SessionRef session() const;

    struct State;  // for tls/ alone: tls/engine_state.h

  private:
    explicit Engine(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace jumpgate::tls
