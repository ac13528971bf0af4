// Connection: one socket of a broker: receives into the shared buffers, sends from its Outlet.
//
// With TLS, what goes both ways passes a TlsSession, which the first bytes of the client begin.
//
// Law: one receive and one send in flight at most; it ends by terminate, join, release: nothing is
// freed while the kernel holds one of its operations. An idle connection holds no buffer.
#pragma once

#include <memory>

#include "core/io/buffer_ring.h"
#include "core/io/op.h"
#include "core/io/socket.h"
#include "core/io/timer_wheel.h"
#include "loadgen/broker_client.h"
#include "loadgen/broker_tls.h"

namespace jumpgate::broker {

class Connection;
class Server;

// Tell the bases of a Connection apart.
struct ReceiveOp : Op {};
struct SendOp : Op {};
struct Member : Link {};

// Misbehaviour: a wait before a connection reads or sends again.
struct Pause : Timer {
    Pause(Connection& its_connection, void (*on_end)(Timer&))
        : Timer(on_end), connection(its_connection) {}
    Connection& connection;
};
struct Pauses {
    Pauses(Connection& connection, void (*on_end)(Timer&))
        : reading(connection, on_end), sending(connection, on_end) {}
    Pause reading;
    Pause sending;
};

class Connection : public Client, ReceiveOp, SendOp, Timer, BufferWaiter, public Member {
  public:
    Connection(Server& server, Socket socket);

    // Sends what the outlet holds, or goes on with ending. Called once per turn.
    void flush();
    // Ends at once; what was not sent is lost.
    void terminate();

  private:
    static void on_receive(Op& op, Completion done);
    static void on_send(Op& op, Completion done);
    static void on_timer(Timer& timer);
    static void on_buffers(BufferWaiter& waiter);
    static void on_pace(Timer& timer);
    void received(Completion done);
    void hear(std::span<const uint8_t> bytes);
    void sent_all(Completion done);
    std::span<const uint8_t> next_to_send();
    void watch();
    void arm();
    void rearm(uint64_t bytes_read);
    void delay_connack();
    void join();

    Server& server_;
    Socket socket_;
    bool receive_armed_ = false;
    bool send_in_flight_ = false;
    bool terminating_ = false;
    bool farewell_sent_ = false;
    uint64_t heard_ms_;
    std::unique_ptr<TlsSession> tls_;  // null: plain, or nothing heard yet
    std::unique_ptr<Pauses> pauses_;   // null: the broker behaves
};

}  // namespace jumpgate::broker
