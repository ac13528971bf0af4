// Crew: one thread's share of the fleet: a reactor, its clients, their calendar and its records.
//
// Law: nothing here is shared but `Signals`, which the fleet writes, `Live`, a snapshot that is
// handed over under a lock a few times per second, and how much each publisher has sent, which any
// thread may read (delivery.h).
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/base/rng.h"
#include "core/io/address.h"
#include "core/io/buffer_ring.h"
#include "core/io/reactor.h"
#include "loadgen/arrival.h"
#include "loadgen/broker_names.h"
#include "loadgen/client.h"
#include "loadgen/disturbances.h"
#include "loadgen/live.h"
#include "loadgen/recorder.h"
#include "loadgen/schedule.h"
#include "loadgen/think_times.h"
#include "loadgen/tls_crew.h"

namespace jumpgate::load {

// From the fleet to its crews and back. Times are CLOCK_MONOTONIC ns.
struct Signals {
    uint64_t dial_start_ns = 0;                  // before the threads start
    std::atomic<uint64_t> start_ns{UINT64_MAX};  // of the measured part
    std::atomic<uint64_t> end_ns{UINT64_MAX};
    std::atomic<bool> hurry{false};    // no drain, no pings
    std::atomic<uint32_t> settled{0};  // clients whose first attempt is over
    std::atomic<uint32_t> opened{0};   // crews whose reactor stands, or failed to
    std::atomic<uint32_t> finished{0};
    std::atomic<uint64_t> connected{0};     // clients at present
    std::atomic<uint32_t> sending{0};       // crews that may still send messages
    std::atomic<uint64_t> last_sent_ns{0};  // of any crew, after end_ns
    std::vector<const SendLog*> send_logs;  // by publisher; complete before the threads start
};

struct Targets {
    std::vector<Address> to;
    std::vector<Address> from;  // may be empty
    ClientContexts contexts;    // none without TLS
};

class Crew {
  public:
    // `indices`: the clients of this crew, ascending; whole units of the plan.
    Crew(const Options& options, const Targets& targets, std::vector<uint32_t> indices,
         Signals& signals);
    ~Crew();

    // The thread's whole life. Call once, on the thread that is to own the ring.
    void run();

    // Adds what was lost to the records. After run() of all crews: it reads what others sent.
    void settle_deliveries();
    // After run().
    const Recorder& recorder() const { return recorder_; }
    const Recorder& warm_up() const { return warm_up_; }
    // Why the reactor could not be opened; empty where it could.
    const std::string& failure() const { return failure_; }
    Live& live() { return live_; }

    // ---- For its clients -------------------------------------------------------------------
    const Options& options() const { return options_; }
    const Targets& targets() const { return targets_; }
    const Schedule& schedule() const { return schedule_; }
    Ring& ring() { return reactor_->ring(); }
    TimerWheel& timers() { return reactor_->timers(); }
    BufferRing& buffers() { return *buffers_; }
    ChunkPool& chunks() { return chunks_; }
    TlsCrew& tls() { return *tls_; }  // REQUIRES options().tls.on
    Recorder& recorder() { return recorder_; }
    // Where a message that is due then is counted and measured.
    Recorder& messages(uint64_t due_ns) {
        return due_ns < measured_from_ns_ ? warm_up_ : recorder_;
    }
    Rng& rng() { return rng_; }
    BrokerNames& broker_names() { return broker_names_; }
    Identity& identity() { return identity_; }  // scratch
    // The clock as of the last touch(), which each completion begins with.
    uint64_t now_ns() const { return now_ns_; }
    void touch();
    bool leaving() const { return phase_ >= Phase::Leaving; }

    void mark_dirty(Client& client) { dirty_.push_back(&client); }
    void settled() { signals_.settled.fetch_add(1, std::memory_order_relaxed); }
    void went_live() {
        ++live_clients_;
        signals_.connected.fetch_add(1, std::memory_order_relaxed);
    }
    void went_down() {
        --live_clients_;
        signals_.connected.fetch_sub(1, std::memory_order_relaxed);
    }
    void latency_measured(Recorder& recorder, uint64_t latency_us);
    void lateness_measured(uint64_t late_us) { lateness_since_shown_.record(late_us); }
    void message_sent();
    // --think-time: its message was answered, or never will be.
    void answered(uint32_t publisher) { thinking_.answered(publisher, now_ns_); }
    const SendLog& send_log(uint32_t publisher) const { return *signals_.send_logs[publisher]; }
    // The first address of an MQTT 5 Server Reference; nothing where it names none that is known.
    std::optional<Address> referred_to(std::string_view reference);
    // The account of what subscriber `client` receives from `publisher`; nullptr where too many are
    // kept already. `jumpload sub` only.
    Sequence* stream(uint32_t client, uint32_t publisher);

  private:
    // A subscriber, or a group of those that share, and its accounts.
    struct Hearer {
        uint32_t cell;
        size_t first;  // of deliveries_
    };
    enum class Phase : uint8_t { Connecting, Measuring, Draining, Pinging, Leaving, Done };

    bool open();
    void make_clients();
    void turn();
    void dial_due();
    void publish_due();
    void disturb();
    void take_over(uint32_t index);
    void flush_dirty();
    void advance_phase();
    void begin_measuring(uint64_t start_ns);
    void begin_pinging();
    void begin_leaving();
    bool drained();
    uint64_t next_wake_ns() const;
    void show_live();
    void settle_accounts();
    void enter_send_logs();
    void make_deliveries();
    bool all_sent() const;
    bool all_received();

    const Options& options_;
    const Targets& targets_;
    Signals& signals_;
    std::vector<uint32_t> indices_;
    std::string failure_;

    std::unique_ptr<Reactor> reactor_;
    std::unique_ptr<BufferRing> buffers_;
    ChunkPool chunks_;
    std::unique_ptr<TlsCrew> tls_;
    Rng rng_;
    Identity identity_;
    BrokerNames broker_names_;
    Recorder recorder_;
    Recorder warm_up_;  // messages due before `measured_from_ns_`
    DialPlanner dials_;
    Schedule schedule_;
    Calendar calendar_;
    ThinkTimes thinking_;  // in place of the calendar
    Disturbances disturbances_;
    std::list<Client> usurpers_;  // --takeover: second connections, until they are gone
    std::map<std::string, std::optional<Address>, std::less<>> references_;
    std::deque<Client> clients_;                      // in the order of indices_
    std::vector<Client*> publishers_;                 // as the calendar counts them
    std::unique_ptr<SendLog[]> send_logs_;            // in the same order; none without accounts
    std::vector<Delivery> deliveries_;                // one after another for each of hearers_
    std::vector<Hearer> hearers_;                     // in the order of its clients
    size_t received_up_to_ = 0;                       // all_received(): of hearers_
    std::unordered_map<uint64_t, Sequence> streams_;  // by client and publisher
    std::vector<Client*> dirty_;
    std::vector<Client*> flushing_;

    Phase phase_ = Phase::Connecting;
    size_t dialled_ = 0;
    uint64_t live_clients_ = 0;
    uint64_t now_ns_ = 0;
    uint64_t last_sent_ns_ = 0;
    bool sends_ = true;              // this crew counts in Signals::sending
    uint64_t phase_end_ns_ = 0;      // deadline of Pinging and Leaving
    uint64_t measured_from_ns_ = 0;  // start of the messages and --warm-up
    uint64_t busy_start_ns_ = 0;
    uint64_t busy_from_ns_ = 0;  // when that was taken; 0: not yet
    uint64_t shown_ns_ = 0;
    Histogram latency_since_shown_;
    Histogram lateness_since_shown_;
    Live live_;
};

}  // namespace jumpgate::load
