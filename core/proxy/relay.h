// Relay: a client and its broker, joined. Moves bytes both ways until both have ended.
//
// Law: bytes reach the far side in order and unchanged; a direction has at most one receive and one
// send in flight; at most `relay_budget_bytes` and one buffer wait in a direction; nothing is freed
// while an operation is in flight: close = cancel, join, release.
// Idle, a relay holds no buffer and no pipe. Of the bytes it looks at the broker's first ones, for
// the statistics (connack.h), and at no others.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "core/base/intrusive_list.h"
#include "core/base/rng.h"
#include "core/base/slab.h"
#include "core/config/config.h"
#include "core/io/buffer_queue.h"
#include "core/io/pipe_pool.h"
#include "core/io/reactor.h"
#include "core/io/socket.h"
#include "core/proxy/relay_identity.h"
#include "core/proxy/stats.h"
#include "tls/engine.h"

namespace jumpgate {

class Relays;
class Relay;

// Bytes of a stuck send, moved to memory of their own so that the shared buffers stay free.
struct Spill {
    std::unique_ptr<uint8_t[]> bytes;
    uint32_t length = 0;
};

// What a direction holds while it streams through a pipe (relay_splice.cc).
struct Splice;
struct SpliceDeleter {
    void operator()(Splice* splice) const;
};

// The bases tell a direction's operations and list memberships apart at no cost in memory.
struct RecvOp : Op {};
struct SendOp : Op {};
struct ErrorOp : Op {};
struct BacklogLink : Link {};
struct RelayLink : Link {};
struct HalfCloseTimer : Timer {
    using Timer::Timer;
};

struct Direction : RecvOp, SendOp, ErrorOp, BufferWaiter, BacklogLink {
    Direction(Relay& owner, bool towards_broker);

    Relay& relay;
    BufferQueue queue;
    uint32_t streak_bytes = 0;  // received in unbroken full buffers: a stream, not messages
    int32_t sender_error = 0;   // the answer to the ErrorOp
    uint64_t bytes = 0;
    std::unique_ptr<Spill> spill;
    std::unique_ptr<Splice, SpliceDeleter> splice;
    const bool up;                // client to broker
    bool receiving : 1 = false;   // the RecvOp is in flight
    bool sending : 1 = false;     // the SendOp is in flight
    bool spilling : 1 = false;    // the send is being cancelled to spill it
    bool pausing : 1 = false;     // the SendOp is a short wait before the next send
    bool shutting : 1 = false;    // the SendOp is passing on the end of the stream
    bool promote : 1 = false;     // splice as soon as nothing is queued
    bool ended : 1 = false;       // the sender closed or reset; what is queued still goes out
    bool reset : 1 = false;       // ... it was a reset
    bool finished : 1 = false;    // all is out and the end was passed on
    bool discard : 1 = false;     // the receiver is gone: drop what still comes
    bool asking : 1 = false;      // the ErrorOp is in flight
    bool ask_again : 1 = false;   // ... and its answer may come from too early
    bool doubtful : 1 = false;    // a reset may have lain behind data when the receive was armed
    bool looking : 1 = false;     // the receive is being cancelled, to look at the socket anew
    uint8_t splice_refusals = 0;  // each doubles the streak that the next try takes

    uint32_t unsent_bytes() const { return queue.bytes() + (spill ? spill->length : 0); }
};

class Relay : public RelayLink, public HalfCloseTimer {
  public:
    Relay(Relays& engine, Socket client, Socket broker);

    Relays& relays;
    Socket client;
    Socket broker;
    RelayIdentity identity;
    Direction up;
    Direction down;
    uint16_t in_flight = 0;
    bool closing = false;
    RelayEnd end = RelayEnd::Closed;

    Socket source(const Direction& d) const { return d.up ? client : broker; }
    Socket target(const Direction& d) const { return d.up ? broker : client; }
    Direction& opposite(const Direction& d) { return d.up ? down : up; }
};
static_assert(sizeof(Relay) <= 448, "a relay is most of what an idle connection costs");

class RelayOwner {
  public:
    // A relay is over: its sockets are closed and its memory is back.
    virtual void relay_ended(const EndedRelay& relay) = 0;
    // A receive found no buffer and waits for some.
    virtual void out_of_buffers() = 0;
    // A broker gave a session that a later handshake with it may resume.
    virtual void broker_session(uint16_t node, tls::SessionRef session) = 0;

  protected:
    ~RelayOwner() = default;
};

// Runs while someone waits for buffers.
struct ReliefTimer : Timer {
    using Timer::Timer;
};

// All relays of one worker.
class Relays : private ReliefTimer {
  public:
    Relays(Reactor& reactor, BufferRing& buffers, PipePool& pipes, const Config& config,
           Stats& stats, RelayOwner& owner);
    ~Relays();

    // Joins two connected sockets; they belong to the relay from here on. `greeted_bytes` went to
    // the broker already. REQUIRES: a dial slot of its own for each live relay.
    void start(Socket client, Socket broker, const RelayIdentity& identity, uint64_t greeted_bytes);
    // Ends all of them at once.
    void close_all();
    // Ends up to `count` relays of that broker, chosen at random, each as likely as the others:
    // RelayEnd::Evicted. How many; looks at every relay once.
    size_t close_some(uint16_t node, size_t count, Rng& rng);
    // Appends clients whose id begins with `client_id`, as far as it is kept, until `out` holds
    // `max`; looks at every relay.
    void find(std::string_view client_id, size_t max, std::vector<FoundRelay>& out);
    // To be called where a receive found no buffer: sends that are stuck will make room.
    void out_of_buffers();
    size_t live() const { return relays_.live(); }
    // True already while the last one is reported to its owner.
    bool empty() const { return live_.empty(); }

  private:
    friend struct Direction;
    friend class Relay;
    friend struct Splice;

    enum class Sent : uint8_t { Whole, Short, Nothing };

    // relay.cc: life and end
    void advance(Direction& d);
    void receiver_lost(Direction& d);
    void sender_reset(Direction& d);
    void finish(Direction& d);
    void close(Relay& relay, RelayEnd end);
    void join(Relay& relay);
    void release(Relay& relay);
    void release_direction(Direction& d);
    void expect_end(Relay& relay);

    // relay_copy.cc: through the shared buffers
    void arm(Direction& d);
    void on_recv(Direction& d, Completion done);
    void received(Direction& d, Completion done);
    void look_anew(Direction& d);
    void ask_error(Direction& d);
    void on_error(Direction& d, Completion done);
    void pump(Direction& d);
    void on_send(Direction& d, Completion done);
    Sent settle(Direction& d, Completion done);
    static void relieve(Timer& timer);
    void spill(Direction& d);
    void track_streak(Direction& d, uint32_t bytes);

    // relay_splice.cc: through a pipe
    void start_splice(Direction& d);
    void on_splice_op(Direction& d, Completion done, bool recv_side);
    void splice_pump(Direction& d);
    void look_at_first(Direction& d);
    bool splice_fill(Direction& d);
    bool splice_drain(Direction& d);
    void leave_pipe(Direction& d);
    void stop_splice(Direction& d);
    void refuse_splice(Direction& d);
    static void splice_idle(Timer& timer);

    struct Gather {
        msghdr message{};
        std::array<iovec, 64> segments;
    };
    Gather& next_gather();

    Reactor& reactor_;
    BufferRing& buffers_;
    PipePool& pipes_;
    const Config& config_;
    Stats& stats_;
    RelayOwner& owner_;
    Slab<Relay> relays_;
    IntrusiveList<Relay, RelayLink> live_;
    IntrusiveList<Direction, BacklogLink> backlog_;  // sends in flight, oldest first
    std::vector<std::unique_ptr<Gather>> gathers_;   // valid until the next submission
    size_t gathers_used_ = 0;
    uint64_t gathers_turn_ = 0;
};

}  // namespace jumpgate
