// Connection: a client until it has a broker. `serve` is its whole life, from top to bottom.
//
// Law: one operation in flight at a time (`op`); a deadline or a stop interrupts that operation and
// the coroutine sees it fail: there are no time-out branches. It ends by becoming a Relay, or by a
// refusal; either way its sockets have an owner and its memory goes back.
// Three deadlines, one after the other: the TLS handshake, the CONNECT, each dial of a broker (its
// handshake included).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/base/intrusive_list.h"
#include "core/io/socket.h"
#include "core/io/task.h"
#include "core/io/timer_wheel.h"
#include "core/proxy/greeting.h"
#include "core/proxy/handshake_gate.h"
#include "core/proxy/refusal.h"
#include "mqtt/connect.h"
#include "tls/engine.h"

namespace jumpgate {

class Routing;
class Worker;
struct Route;

enum class Phase : uint8_t { Accept, Handshake, Peek, Route, Dial, Relay, Drain };
std::string_view text(Phase phase);

// How a phase ended. Trivially copyable: it travels between coroutines (g++ 12 rule 1).
struct Verdict {
    bool pass = false;
    Refusal refusal = Refusal::ClientGone;
    mqtt::ReasonCode reason = mqtt::ReasonCode::Success;
    uint8_t level = 0;                        // the client's protocol level, 0 while unknown
    bool answer = false;                      // a CONNACK is due
    tls::Failure cause = tls::Failure::None;  // of a handshake that no engine took part in
    std::string_view words;                   // static text: the rule that was broken
    int32_t sys = 0;                          // errno, where one was the cause
};

struct ConnectionLink : Link {};
struct SetupDeadline : Timer {
    using Timer::Timer;
};

// What its listener and the worker know of a client at its accept.
struct Accepted {
    Socket socket;
    Address from;  // unknown until the first receive where the kernel can tell it then
    Address to;    // the listener's own address; unknown where it listens on every one
    uint16_t port = 0;
    uint8_t listener = 0;  // index
    bool tls = false;
    bool over_limit = false;
};

class Connection : public ConnectionLink,
                   public SetupDeadline,
                   public BufferWaiter,
                   public GateWaiter {
  public:
    static constexpr size_t kDialAttemptsMax = 16;

    Connection(Worker& owner, const Accepted& accepted);

    void enter(Phase next) { phase = next; }
    void start_deadline(uint64_t after_ms);
    void stop_deadline();
    // Makes the operation in flight fail.
    void interrupt();
    // No more operation is worth starting.
    bool interrupted() const { return timed_out || stopping; }
    // Who the client's certificate says it is; null without one.
    const tls::Identity* identity() const;

    Worker& worker;
    Socket client;
    Socket broker;
    Address peer;   // where the client is: by the PROXY header if there was one
    Address local;  // where it connected to, likewise
    WaitOp op;
    Greeting wire;      // received and not understood yet: a PROXY header, ciphertext
    Greeting greeting;  // MQTT, as the broker will get it
    tls::Bytes sending;
    std::unique_ptr<tls::Engine> client_engine;  // null: plain
    std::unique_ptr<tls::Engine> broker_engine;
    mqtt::ConnectView connect;     // valid once Peek has passed; its views point into the greeting
    Routing* routing = nullptr;    // what it is routed by, from Phase::Route to its end
    const Route* route = nullptr;  // of that; null: none matches
    uint64_t route_hash = 0;
    uint64_t handshake_began_us = 0;
    uint16_t node = 0;            // slot of the broker
    uint16_t port;                // of the listener
    uint8_t listener;             // index
    uint8_t attempts = 0;         // brokers that were dialled in vain
    uint8_t addresses_tried = 0;  // of this broker
    uint8_t address = 0;          // of those, the one that was dialled
    uint8_t tried_count = 0;
    std::array<uint16_t, kDialAttemptsMax> tried;  // slots of brokers whose dials failed
    std::array<uint8_t, 8> answer;                 // the CONNACK of a refusal, while it is sent
    Phase phase = Phase::Accept;
    const bool tls;  // accepted on a TLS port
    bool over_limit;
    bool http = false;          // it speaks HTTP and some stream route takes that
    bool counted = false;       // among the clients of c.node
    bool level_only = false;    // a route is there, but for another version of MQTT
    bool introduced = false;    // the first receive, which brings the peer's name, is done
    bool proxied = false;       // a PROXY header said who the client is
    bool ended = false;         // its close_notify has come
    bool plain_on_tls = false;  // it speaks MQTT in the clear on a TLS port
    bool timed_out = false;
    bool stopping = false;
};

// Reads the greeting, routes, dials, and starts the relay, or refuses. Frees the connection.
Detached serve(Connection& c);

// The phases, in order (opening.cc, handshake.cc, connect_reader.cc, dial.cc, refuse.cc).
Task<Verdict> open_stream(Connection& c);
Task<Verdict> shake_hands(Connection& c);
// After a dial that sent the ClientHello. False: not verified, gone, or interrupted.
Task<bool> shake_hands_with_broker(Connection& c);
// Why that was false, where it was the broker's fault. None: the handshake was fine, what the
// broker said behind it was not.
struct BrokerFault {
    tls::Failure cause;
    std::string_view words;
};
BrokerFault broker_fault(const tls::Engine& engine);
Task<Verdict> read_greeting(Connection& c);
// Finds out where the client connected to, for a PROXY header (introduce.cc).
Task<Unit> learn_local_address(Connection& c);
// Appends the PROXY header that --send-proxy asks for; nothing where it is off.
void write_proxy_header(Connection& c, tls::Bytes& out);
Task<Verdict> dial_broker(Connection& c);
Task<Unit> refuse(Connection& c, Verdict verdict);

// What the phases are made of (exchange.cc).
// Receives once into `into`, past shortages of buffers: a count, 0 at the end, or what failed.
Task<Completion> receive(Connection& c, Socket from, Greeting& into);
// Receives until there is plaintext of the client in the greeting; sends first what its engine has
// to say. -EPROTO: the engine failed; 0: the end, clean or not.
Task<Completion> receive_plaintext(Connection& c);
// Sends all of `bytes` (a span is trivially copyable); how many bytes went out.
Task<size_t> send_whole(Connection& c, Socket to, std::span<const uint8_t> bytes);
// Sends what `engine` has to say. False: it could not be sent.
Task<bool> send_output(Connection& c, Socket to, tls::Engine& engine);
// Waits for a turn at the worker's HandshakeGate; `begun`: not with the first step. False:
// interrupted.
Task<bool> pass_gate(Connection& c, bool begun);
// Decrypts all that was fed to the client's engine into the greeting.
tls::Step read_plaintext(Connection& c);

// Why a receive brought nothing, for the phase it was in.
Verdict lost(const Connection& c, Completion done);
// A refusal that may be answered once the client's level is known.
Verdict refusal_of(Refusal refusal, uint8_t level, std::string_view words);

}  // namespace jumpgate
