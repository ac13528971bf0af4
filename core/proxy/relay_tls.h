// TlsRelay: a client and its broker, joined where one leg is TLS or both are.
//
// Law: what `Relay` promises, and: plaintext only ever waits in the memory of its own direction; a
// received buffer is used up within its completion and never held; a direction has one buffer being
// sent and one being filled, and receives only while the latter is at most half of the budget.
// Idle, a relay is two sockets, its engines and itself. It does no handshake.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "core/io/buffer_ring.h"
#include "core/proxy/relay.h"
#include "core/proxy/spare_bytes.h"
#include "tls/engine.h"

namespace jumpgate {

class TlsRelays;
class TlsRelay;

// One side of a relay. No engine: plain TCP.
struct TlsLeg {
    Socket socket;
    std::unique_ptr<tls::Engine> engine;
};

struct TlsDirection : RecvOp, SendOp, BufferWaiter {
    TlsDirection(TlsRelay& owner, bool towards_broker);

    TlsRelay& relay;
    tls::Bytes outgoing;         // being sent: ciphertext, or plaintext for a plain target
    tls::Bytes gathering;        // plaintext behind it
    size_t out_bytes = 0;        // how much of `outgoing` went out
    uint64_t bytes = 0;          // plaintext that came
    const bool up;               // client to broker
    bool receiving : 1 = false;  // the RecvOp is in flight
    bool sending : 1 = false;    // the SendOp is in flight
    bool pausing : 1 = false;    // ... as a short wait before the next send
    bool shutting : 1 = false;   // ... passing on the end of the stream
    bool ended : 1 = false;      // nothing more is taken from the sender; the rest still goes out
    bool reset : 1 = false;      // ... it was a reset
    bool finished : 1 = false;   // all is out and the end was passed on
    bool discard : 1 = false;    // the receiver is gone: drop what still comes
    bool streams : 1 = false;    // full buffers come in a row: the next receive takes a large one
    bool large : 1 = false;      // ... and so did the last one
    uint8_t streak = 0;          // receives in a row that speak for the other kind of buffer
};

class TlsRelay : public RelayLink, public HalfCloseTimer {
  public:
    TlsRelay(TlsRelays& owner, TlsLeg client_leg, TlsLeg broker_leg);

    TlsRelays& relays;
    TlsLeg client;
    TlsLeg broker;
    RelayIdentity identity;
    TlsDirection up;
    TlsDirection down;
    uint16_t in_flight = 0;
    bool closing = false;
    bool session_kept = false;        // the broker's, for the next client
    bool emptying = false;            // TLS failed on a leg, or evicted: only what is left goes out
    RelayEnd end = RelayEnd::Closed;  // what it will be if nothing else happens

    TlsLeg& source(const TlsDirection& d) { return d.up ? client : broker; }
    TlsLeg& target(const TlsDirection& d) { return d.up ? broker : client; }
    TlsDirection& opposite(const TlsDirection& d) { return d.up ? down : up; }
};
static_assert(sizeof(TlsRelay) <= 512, "beside its engine, what an idle connection costs");

// All TLS relays of one worker.
class TlsRelays {
  public:
    // What waits in a direction at most, whatever --relay-budget-bytes says: an engine takes no
    // input while its output is over tls::Engine::kOutputBytesMax.
    static constexpr uint32_t kBudgetBytesMax = 128 * 1024;

    // The ring of large buffers: a few do, for none is held beyond a completion.
    static constexpr uint32_t kLargeBuffers = 16;
    static constexpr uint32_t kLargeBufferBytes = 64 * 1024;

    // Messages are received into `buffers`, which may be shared, streams into `large`.
    TlsRelays(Reactor& reactor, BufferRing& buffers, BufferRing& large, const Config& config,
              Stats& stats, RelayOwner& owner);
    ~TlsRelays();

    // Joins two connected sockets; they and their engines belong to the relay from here on.
    // REQUIRES: at least one engine, all established; a dial slot of its own for each live relay.
    // An engine may hold output to be sent and input not yet read: both go first. Lent input is
    // used up on return. May report the relay's end before it returns.
    void start(TlsLeg client, TlsLeg broker, const RelayIdentity& identity, uint64_t greeted_bytes);
    // Ends all of them at once.
    void close_all();
    // As Relays does; a TLS side gets a close_notify, behind what it is still owed.
    size_t close_some(uint16_t node, size_t count, Rng& rng);
    void find(std::string_view client_id, size_t max, std::vector<FoundRelay>& out);
    size_t live() const { return relays_.live(); }
    // True already while the last one is reported to its owner.
    bool empty() const { return live_.empty(); }

  private:
    friend struct TlsDirection;
    friend class TlsRelay;

    // relay_tls.cc: life and end
    void advance(TlsRelay& relay);
    void go_on(TlsRelay& relay);
    void proceed(TlsDirection& d);
    void stream_ended(TlsDirection& d, bool cleanly);
    void sender_reset(TlsDirection& d);
    void receiver_lost(TlsDirection& d);
    void fail(TlsRelay& relay, RelayEnd end);
    void empty_out(TlsRelay& relay, RelayEnd end);
    void evict(TlsRelay& relay);
    void finish(TlsDirection& d);
    void close(TlsRelay& relay, RelayEnd end);
    void join(TlsRelay& relay);
    void release(TlsRelay& relay);
    void drop_unsent(TlsDirection& d);
    void expect_end(TlsRelay& relay);

    // relay_tls_move.cc: receive, decipher, encipher, send
    size_t gathered_bytes(TlsDirection& d);
    void arm(TlsDirection& d);
    void on_recv(TlsDirection& d, Completion done);
    void received(TlsDirection& d, Completion done);
    void track_streak(TlsDirection& d, uint32_t bytes);
    BufferRing& ring_of(const TlsDirection& d) { return d.large ? large_ : buffers_; }
    void take_in(TlsDirection& d, std::span<const uint8_t> bytes);
    void count(TlsDirection& d, std::span<const uint8_t> plaintext);
    void decipher(TlsDirection& d);
    void keep_session(TlsRelay& relay);
    std::span<uint8_t> room(TlsDirection& d, size_t wanted);
    void pass_on(TlsDirection& d, std::span<const uint8_t> plaintext);
    void encipher(TlsDirection& d, std::span<const uint8_t> plaintext);
    void encipher_gathered(TlsDirection& d);
    void pump(TlsDirection& d);
    void load(TlsDirection& d);
    void on_send(TlsDirection& d, Completion done);
    void sent(TlsDirection& d, Completion done);
    void shut(TlsDirection& d, Completion done);

    Reactor& reactor_;
    BufferRing& buffers_;
    BufferRing& large_;
    const Config& config_;
    Stats& stats_;
    RelayOwner& owner_;
    const uint32_t budget_bytes_;
    SpareBytes spares_;
    std::unique_ptr<uint8_t[]> scratch_;  // plaintext between two engines
    Slab<TlsRelay> relays_;
    IntrusiveList<TlsRelay, RelayLink> live_;
};

}  // namespace jumpgate
