// Probe: one check of one broker, from the dial to the goodbye.
//
// Law: as a Connection: one coroutine, one operation in flight, one deadline that cancels it. It
// never takes longer than the check's timeout and kFarewellMs. It keeps copies of all it needs: the
// snapshot that it was made from may go. A broker is left as a client should leave it (DISCONNECT,
// close_notify, its end awaited), so that its log stays quiet.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "core/base/intrusive_list.h"
#include "core/config/objects.h"
#include "core/io/reactor.h"
#include "core/io/socket.h"
#include "core/io/task.h"
#include "core/proxy/health_outcome.h"
#include "tls/engine.h"

namespace jumpgate {

// What to ask of whom.
struct ProbePlan {
    std::vector<Address> addresses;  // in order; the first that lets us connect is the one checked
    std::vector<Address> sources;    // to dial from, the first of the right family; empty: any
    tls::ClientContextRef context;   // null: no TLS
    std::string server_name;         // with TLS, for SNI and verification
    std::string http_host;           // Host header of an http check
    std::string client_id;           // of an mqtt check
    std::vector<uint8_t> preamble;   // sent before everything else: a PROXY header; may be empty
    ActiveCheck check;
};

struct ProbeLink : Link {};

class Probe : public ProbeLink, public Timer {
  public:
    static constexpr uint64_t kFarewellMs = 200;

    Probe(Reactor& reactor, ProbePlan plan, void (*on_done)(Probe&));

    // Ends it early; `on_done` still comes, from the reactor.
    void stop();

    // ---- For the coroutine
    void start_deadline(uint64_t after_ms);
    void stop_deadline() { reactor.timers().stop(*this); }
    bool interrupted() const { return timed_out || stopping; }

    Reactor& reactor;
    const ProbePlan plan;
    void (*done)(Probe&);  // the last thing that happens; may destroy the probe
    CheckResult result;
    Socket socket;
    WaitOp op;
    std::unique_ptr<tls::Engine> engine;  // null: no TLS
    tls::Bytes sending;
    std::array<uint8_t, 4096> room;  // what the socket receives into
    std::vector<uint8_t> answer;     // the broker's first bytes, decrypted
    uint64_t started_ns = 0;
    bool timed_out = false;
    bool stopping = false;

  private:
    void interrupt();
};

// Runs it. Where it was stopped, the result is Ignored.
Detached check_broker(Probe& probe);

}  // namespace jumpgate
