// Worker: one thread with everything its connections need, shared with nobody.
//
// Law: all of it is made, used and ended on its own thread. Other threads talk to it through the
// message Ops and errands. When it ends, every socket, buffer, pipe, frame and slab entry is home
// (CHECKed).
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "core/base/log.h"
#include "core/base/rng.h"
#include "core/base/time.h"
#include "core/io/mailbox.h"
#include "core/proxy/connection.h"
#include "core/proxy/credentials.h"
#include "core/proxy/listener.h"
#include "core/proxy/node_health.h"
#include "core/proxy/relay.h"
#include "core/proxy/relay_tls.h"
#include "core/proxy/routing.h"
#include "core/proxy/snapshot.h"
#include "core/proxy/trusted_peers.h"

namespace jumpgate {

// What all workers read and none changes, but for the counters. The snapshot is replaced under its
// lock; a worker takes the newest when it is told to.
struct Shared {
    explicit Shared(const Config& whole);  // server_start.cc

    const Config& config;
    BrokerBoard board;
    std::vector<Address> sources;  // addresses to dial from; empty: the kernel's choice
    SocketOptions broker_sockets;  // buffer sizes of the sockets we open
    uint32_t connections_max = 0;
    LineFormat line_format = LineFormat::Text;
    Severity severity = Severity::Info;
    bool access_log = false;  // a line for each connection that ends, in Worker::access_log()
    TrustedPeers proxy_headers_from;
    uint64_t started_s = 0;  // Unix time, for unique ids
    std::mutex snapshot_lock;
    Snapshot* snapshot = nullptr;          // the newest; its owner is the server
    std::atomic<uint32_t> connections{0};  // of all workers, against connections_max
};

// A listening socket, and what its clients begin with.
struct ListenerSocket {
    int fd = -1;
    bool tls = false;
};

// A worker's answer to a request for statistics; completes on the control thread.
struct StatsReport : Op {
    Stats stats;
    uint64_t busy_ns = 0;  // CPU time of its thread
    uint64_t life_ns = 0;
};

class Worker;

// Something to be done on a worker's thread: the control thread posts it (send_errand), the worker
// runs it and posts it back, and `done` runs on the control thread. Its memory is the sender's.
struct Errand : Op {
    void (*run)(Errand&, Worker&) = nullptr;
    void (*done)(Errand&) = nullptr;
    Worker* worker = nullptr;
    bool out = false;  // posted and not back
};

class Worker final : public RelayOwner {
  public:
    Worker(unsigned index, Shared& shared, std::vector<ListenerSocket> listener_sockets);
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    // ---- On its own thread ----
    // Makes the ring and the pools. `control_ring_fd` is where answers go.
    Status open(const RingLimits& limits, int control_ring_fd, StatsReport& report, Op& ended);
    // Serves until stopped, checks that all is home, posts `ended`.
    void run();
    // Closes the ring and the pools, on the thread that opened them.
    void close();

    // ---- Messages from the control thread: post() these Ops ----
    int ring_fd() const { return ring_fd_; }
    Op& drain_message() { return static_cast<DrainMessage&>(messages_); }
    Op& stop_message() { return static_cast<StopMessage&>(messages_); }
    Op& stats_message() { return static_cast<StatsMessage&>(messages_); }
    // CHECK: the errand is not out.
    void send_errand(Ring& from, Errand& errand);
    LogQueue& log() { return log_; }
    LogQueue* access_log() { return access_log_.get(); }  // null: none is kept

    // ---- For its connections ----
    Reactor& reactor() { return *reactor_; }
    BufferRing& buffers() { return *buffers_; }
    const Config& config() const { return shared_.config; }
    Stats& stats() { return stats_; }
    // Accept slots in use.
    uint32_t clients() const { return static_cast<uint32_t>(stats_.setups + stats_.relays); }
    void admit(Accepted accepted);
    bool reads_proxy_headers() const { return !shared_.proxy_headers_from.empty(); }
    // This peer's connections must begin with one.
    bool sends_proxy_header(const Address& peer) const {
        return shared_.proxy_headers_from.contains(peer);
    }
    void refused(const Connection& c, const Verdict& verdict);
    void start_relay(Connection& c);
    void release(Connection& c);
    void out_of_buffers() override { relays_->out_of_buffers(); }
    void listener_ended() { end_if_done(); }

    // ---- Routes and brokers (worker_routes.cc)
    // The newest snapshot; a connection that was routed keeps its own (Connection::routing).
    const Snapshot& snapshot() const { return routing_.back()->snapshot(); }
    // Finds the stream route of a CONNECT; nothing where none matches.
    void route(Connection& c);
    // The next broker to try becomes c.node and counts as a client's. False: there is none.
    bool pick_node(Connection& c);
    // The client does not go to c.node after all.
    void leave_node(Connection& c);
    Result<Socket> start_dial(Connection& c, std::span<const uint8_t> first_bytes);
    void dial_succeeded(const Connection& c, uint64_t took_us);
    void dial_failed(const Connection& c, int32_t sys, bool local);
    // Takes the newest snapshot of Shared.
    void adopt();
    // Of the relays, plain and TLS: appends to `out`, up to `max` in all.
    void find(std::string_view client_id, size_t max, std::vector<FoundRelay>& out);
    // Ends up to `count` clients of a broker; how many.
    size_t evict(uint16_t slot, size_t count);
    unsigned index() const { return index_; }
    uint64_t now_us() const { return reactor_->now_ns() / kNanosPerMicro; }

    // ---- TLS (worker_tls.cc)
    const Credentials& credentials() const { return snapshot().credentials; }
    HandshakeGate& gate() { return *gate_; }
    void handshake_done(const Connection& c);
    void handshake_failed(tls::Failure cause);
    // Null: out of memory.
    std::unique_ptr<tls::Engine> make_broker_engine(const Connection& c);
    void broker_handshake_done(const Connection& c);
    void broker_handshake_failed(const Connection& c);
    // A number for this connection that no other one has, here or in a replica.
    std::string next_unique_id();

  private:
    struct DrainMessage : Op {};
    struct StopMessage : Op {};
    struct StatsMessage : Op {};
    struct Messages : DrainMessage, StopMessage, StatsMessage {
        Worker* worker;
    };

    void relay_ended(const EndedRelay& relay) override;
    void broker_session(uint16_t node, tls::SessionRef session) override {
        sessions_[node] = std::move(session);
    }
    void drain();
    void stop();
    void report();
    bool mark_down(const Connection& c, int32_t sys);
    void avoid_address(const Connection& c);
    void begin_slots(const Snapshot* before, const Snapshot& now);
    void let_go();
    const std::string& broker_name(uint16_t slot) const { return snapshot().brokers[slot].name; }
    const std::string& upstream_id(uint16_t slot) const {
        return snapshot().brokers[slot].upstream;
    }
    const std::string& route_id(uint16_t slot) const { return snapshot().route_ids[slot]; }
    void log_broker_down(const Connection& c, LogLine& line);
    void log_connected(const Connection& c);
    void log_closed(const EndedRelay& relay);
    void log_access(const EndedRelay& relay);
    void log_access(const Connection& c, const Verdict& verdict);
    static void add_claim(LogLine& line, const tls::Engine& engine);
    static void add_failure(LogLine& line, const tls::Engine& engine);
    void connection_gone();
    void end_if_done();
    void check_all_home();
    bool logs(Severity severity) const { return severity <= shared_.severity; }
    uint64_t now_ms() { return reactor_->now_ns() / kNanosPerMilli; }

    unsigned index_;
    Shared& shared_;
    std::vector<ListenerSocket> listener_sockets_;
    Messages messages_;
    LogQueue log_;
    std::unique_ptr<LogQueue> access_log_;

    std::unique_ptr<Reactor> reactor_;
    std::unique_ptr<BufferRing> buffers_;
    std::unique_ptr<BufferRing> large_buffers_;
    std::unique_ptr<PipePool> pipes_;
    std::unique_ptr<Slab<Connection>> connections_;
    std::unique_ptr<Relays> relays_;
    std::unique_ptr<TlsRelays> tls_relays_;
    std::unique_ptr<HandshakeGate> gate_;
    std::vector<tls::SessionRef> sessions_;   // the latest of each broker, by slot
    std::vector<uint8_t> preferred_address_;  // of each broker, by slot: the one that answered
    NodeHealth health_;
    std::vector<std::unique_ptr<Routing>> routing_;  // the newest last; others until unused
    std::vector<std::unique_ptr<Listener>> listeners_;
    IntrusiveList<Connection, ConnectionLink> setups_;
    std::array<LogThrottle, kRefusals> refusal_lines_;
    Rng rng_;
    Stats stats_;
    uint32_t next_source_ = 0;
    uint64_t next_id_ = 0;
    int ring_fd_ = -1;
    int control_ring_fd_ = -1;
    uint64_t started_ns_ = 0;
    StatsReport* report_ = nullptr;
    Op* ended_ = nullptr;
    bool draining_ = false;
};

}  // namespace jumpgate
