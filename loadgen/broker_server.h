// Server: one listening address of `jumpload broker`: a thread, its reactor and its own Broker.
//
// Law: nothing is shared between two servers. start() returns once the thread accepts clients or
// has said why it cannot; at its end every socket, buffer, session and message is back.
#pragma once

#include <latch>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "core/base/result.h"
#include "core/base/slab.h"
#include "core/io/address.h"
#include "core/io/buffer_ring.h"
#include "core/io/reactor.h"
#include "loadgen/broker.h"
#include "loadgen/broker_connection.h"
#include "loadgen/broker_faults.h"
#include "loadgen/broker_stalls.h"
#include "loadgen/broker_tls.h"

namespace jumpgate::broker {

struct ServerOptions {
    Address listen;
    std::string name;           // empty: the listening address
    tls::ServerContextRef tls;  // null: plain
    Limits limits;
    FaultOptions faults;
    uint32_t buffers = 1024;  // a power of two
    uint32_t buffer_bytes = 8192;
    uint32_t stats_interval_s = 0;  // 0: no lines
    uint32_t number = 1;            // what it is called in what is printed
};

class Server {
  public:
    // Listens and starts the thread. Errors: those of listen_tcp and of Ring::open.
    static Result<std::unique_ptr<Server>> start(const ServerOptions& options);
    // Joins the thread: stop() was called.
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    // The address that clients dial.
    const Address& address() const { return options_.listen; }
    // Ends it from another thread, whose ring is `from`; its clients are told.
    void stop(Ring& from);

    // ---- For its connections, on its thread.
    Ring& ring() { return reactor_->ring(); }
    TimerWheel& timers() { return reactor_->timers(); }
    BufferRing& buffers() { return *buffers_; }
    Broker& broker() { return *broker_; }
    const tls::ServerContextRef& tls() const { return options_.tls; }
    // Null: it behaves.
    Faults* faults() { return faults_.get(); }
    // For one record's plaintext, until it is received: shared by all connections.
    std::span<uint8_t> plaintext_room() { return plaintext_room_; }
    TlsCounters tls_counters;
    // Whether the process has just stood still (SIGSTOP, a suspended machine): what clients sent
    // meanwhile is still unread.
    bool stood_still() const;
    void release(Connection& connection);

  private:
    struct AcceptOp : Op {
        Server* server;
    };
    struct StopOp : Op {
        Server* server;
    };
    struct StatsTimer : Timer {
        using Timer::Timer;
        Server* server = nullptr;
    };

    Server(const ServerOptions& options, int listener);
    void main();
    Status open();
    void turn();
    void stall();
    void flush();
    void wind_down();
    void arm_accept();
    void accepted(Completion done);
    void print_stats();

    ServerOptions options_;
    int listener_;
    AcceptOp accept_op_;
    Address accepted_from_;  // unused: the broker does not name its peers
    StopOp stop_op_;
    StatsTimer stats_timer_;
    bool accept_armed_ = false;
    bool stopping_ = false;
    uint64_t turn_began_ms_ = 0;
    Slab<Connection> connections_;
    IntrusiveList<Connection, Member> members_;
    std::unique_ptr<Reactor> reactor_;
    std::unique_ptr<BufferRing> buffers_;
    std::unique_ptr<Faults> faults_;
    Stalls stalls_{{}, 0};
    std::unique_ptr<Broker> broker_;
    std::vector<uint8_t> plaintext_room_;
    int ring_fd_ = -1;
    Status opened_ = Unit{};
    std::latch ready_{1};
    std::thread thread_;
};

}  // namespace jumpgate::broker
