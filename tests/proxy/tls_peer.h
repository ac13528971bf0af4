// TlsPeer: the far end of a relay's leg in a test: a blocking socket and, where the leg is TLS, an
// engine of its own. TlsRelayFixture: relays on the test's own thread, their peers on others.
//
// Every wait has a deadline (Peer's 5 s a call, 20 s a script).
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/proxy/relay_tls.h"
#include "tests/proxy/worker_fixture.h"

namespace jumpgate {

enum class StreamEnd : uint8_t { None, CloseNotify, Fin, Reset, TlsFailed };

class TlsPeer {
  public:
    TlsPeer() = default;
    TlsPeer(Peer socket, std::unique_ptr<tls::Engine> engine);

    Peer& socket() { return socket_; }
    // One thread may send while another one receives.
    void send(std::string_view plaintext);
    // A small piece to a proxy that may be gone by now.
    void send_anyway(std::string_view plaintext);
    // Exactly `size` bytes, fewer where the stream ends or 5 s pass.
    std::string receive(size_t size);
    std::string receive_to_end() { return receive(SIZE_MAX); }
    StreamEnd end() const { return end_; }
    // The orderly end: close_notify where it is TLS, then FIN.
    void end_sending();
    // What a test makes of records by itself.
    tls::Bytes seal(std::string_view plaintext);
    uint8_t alert() const { return locks_->alert; }
    // Input for the engine that came before there was a relay.
    void lend(tls::Bytes early);

  private:
    struct Locks {
        std::mutex sending;
        std::mutex engine;
        uint8_t alert = 0;
    };
    void send_output();
    bool read_some(std::string& all, size_t size);

    Peer socket_;
    std::unique_ptr<tls::Engine> engine_;
    std::unique_ptr<Locks> locks_ = std::make_unique<Locks>();
    tls::Bytes incoming_;
    StreamEnd end_ = StreamEnd::None;
};

// Which legs are TLS, and the version.
struct Legs {
    bool client_tls = true;
    bool broker_tls = false;
    tls::Version version = tls::Version::Tls13;
};

struct Ends {
    TlsPeer client;
    TlsPeer broker;
};

// What a leg is when it is handed over: a socket pair, and engines after their handshake.
struct Prepared {
    TlsPeer peer;
    int fd = -1;                          // the proxy's end
    std::unique_ptr<tls::Engine> engine;  // the proxy's engine
    tls::Bytes early;                     // lent to `engine`, not yet read
};

class TlsRelayFixture : public RelayOwner {
  public:
    explicit TlsRelayFixture(Config config = {}, uint32_t buffers = 256,
                             uint32_t buffer_bytes = 4096);
    ~TlsRelayFixture();

    // A leg towards a client (the proxy is TLS's server) or a broker (TLS's client).
    // `socket_bytes`: sizes of all socket buffers; 0: the kernel's choice.
    Prepared prepare(bool tls, bool towards_broker, tls::Version version, int socket_bytes = 0);
    // Two plain legs make a plain relay, as in Worker.
    Ends start(Prepared client, Prepared broker, uint64_t greeted_bytes = 0);
    Ends join(const Legs& legs, int socket_bytes = 0);
    // What the relays that are started from here on are known as.
    RelayIdentity next;
    // An engine of the proxy's that a test shakes hands with by itself.
    std::unique_ptr<tls::Engine> acceptor(tls::Version version);

    // Turns the reactor while `script` runs on a thread of its own.
    void run(const std::function<void()>& script);
    // Turns it until `holds`, 5 s at most.
    bool turn_until(const std::function<bool()>& holds);
    // Turns it until nothing happens any more.
    void settle();

    TlsRelays& relays() { return *relays_; }
    Relays& plain() { return *plain_; }
    size_t live() const { return relays_->live() + plain_->live(); }
    // Of both kinds.
    size_t close_some(uint16_t node, size_t count, Rng& rng);
    std::vector<FoundRelay> find(std::string_view client_id, size_t max);
    Reactor& reactor() { return *reactor_; }
    BufferRing& buffers() { return *buffers_; }
    const Stats& stats() const { return stats_; }
    const std::vector<EndedRelay>& ended() const { return ended_; }
    unsigned shortages() const { return shortages_; }
    // Waits until one relay more has ended and says how.
    RelayEnd last_end(size_t relays = 1);

  private:
    void relay_ended(const EndedRelay& relay) override { ended_.push_back(relay); }
    void out_of_buffers() override { ++shortages_; }
    void broker_session(uint16_t, tls::SessionRef) override {}
    Socket adopt(int fd);

    Config config_;
    Stats stats_;
    std::unique_ptr<Reactor> reactor_;
    std::unique_ptr<BufferRing> buffers_;
    std::unique_ptr<BufferRing> large_;
    std::unique_ptr<PipePool> pipes_;
    std::unique_ptr<Relays> plain_;
    std::unique_ptr<TlsRelays> relays_;
    std::vector<EndedRelay> ended_;
    unsigned shortages_ = 0;
};

}  // namespace jumpgate
