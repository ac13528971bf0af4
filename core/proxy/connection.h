// Connection: a client until it has a broker. `serve` is its whole life, from top to bottom.
//
// Law: one operation in flight at a time (`op`); a deadline or a stop interrupts that operation and
// the coroutine sees it fail: there are no time-out branches. It ends by becoming a Relay, or by a
// refusal; either way its sockets have an owner and its memory goes back.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/base/intrusive_list.h"
#include "core/io/socket.h"
#include "core/io/task.h"
#include "core/io/timer_wheel.h"
#include "core/proxy/greeting.h"
#include "core/proxy/refusal.h"
#include "mqtt/connect.h"

namespace jumpgate {

class Worker;

enum class Phase : uint8_t { Accept, Handshake, Peek, Route, Dial, Relay, Drain };
std::string_view text(Phase phase);

// How a phase ended. Trivially copyable: it travels between coroutines (g++ 12 rule 1).
struct Verdict {
    bool pass = false;
    Refusal refusal = Refusal::ClientGone;
    mqtt::ReasonCode reason = mqtt::ReasonCode::Success;
    uint8_t level = 0;       // the client's protocol level, 0 while unknown
    bool answer = false;     // a CONNACK is due
    std::string_view words;  // static text: the rule that was broken
    int32_t sys = 0;         // errno, where one was the cause
};

struct ConnectionLink : Link {};
struct SetupDeadline : Timer {
    using Timer::Timer;
};

class Connection : public ConnectionLink, public SetupDeadline, public BufferWaiter {
  public:
    static constexpr size_t kDialAttemptsMax = 16;

    Connection(Worker& owner, Socket accepted, const Address& accepted_from, bool over_limit);

    void enter(Phase next) { phase = next; }
    void start_deadline(uint64_t after_ms);
    void stop_deadline();
    // Makes the operation in flight fail.
    void interrupt();

    Worker& worker;
    Socket client;
    Socket broker;
    Address peer;
    WaitOp op;
    Greeting greeting;
    mqtt::ConnectView connect;  // valid once Peek has passed; its views point into the greeting
    uint64_t route_hash = 0;
    uint16_t node = 0;
    uint8_t attempts = 0;
    std::array<uint16_t, kDialAttemptsMax> tried;  // nodes whose dial failed
    std::array<uint8_t, 8> answer;                 // the CONNACK of a refusal, while it is sent
    Phase phase = Phase::Accept;
    bool over_limit;
    bool timed_out = false;
    bool stopping = false;
};

// Reads the greeting, routes, dials, and starts the relay, or refuses. Frees the connection.
Detached serve(Connection& c);

// The phases, in order (connection.cc, dial.cc, refuse.cc).
Task<Verdict> read_greeting(Connection& c);
Task<Verdict> dial_broker(Connection& c);
Task<Unit> refuse(Connection& c, Verdict verdict);

}  // namespace jumpgate
