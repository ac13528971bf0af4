// Recorder: what one thread counted and measured; merged over the threads at the end.
//
// Law: plain integers of one thread; merging loses nothing. Every number that a report prints comes
// from here.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "core/base/histogram.h"
#include "loadgen/broker_names.h"
#include "loadgen/cause.h"

namespace jumpgate::load {

enum class Count : uint8_t {
    Connected,        // clients that were connected (and subscribed) at least once
    Failed,           // clients that tried and never were
    Connections,      // set-ups that succeeded, again and again for one client
    Reconnects,       // of them, those after a lost connection
    ConnectionsLost,  // after set-up
    Planned,          // messages whose time came within the run
    Sent,             // handed to a connection for the first time
    Resent,           // again with DUP, on a resumed session
    Acknowledged,     // PUBACK, PUBCOMP
    AckRefused,       // of them, with a reason code of 0x80 or above
    Received,         // each message once
    Duplicated,
    DuplicatedAgainstQos,  // of them, those at QoS 0 or 2, which forbid it
    Retained,              // from the broker's store, of an earlier run or received before
    Reordered,
    Unexpected,        // PUBLISH that is not of this run, or of another publisher
    Late,              // sent more than --lateness-limit-ms after their time, whatever the reason
    HeldByConnection,  // late because there was no connection when they were due
    HeldByWindow,      // late because --inflight messages had no answer yet
    WindowFullUs,      // how long clients had messages waiting for that, all together
    Unacknowledged,
    Dropped,  // --drop-late: not sent, for it was too late
    LostInFlight,
    LostOnLiveConnections,
    WithoutSubscriber,  // p2p: sent while the other end had no subscription; not lost
    Redirects,          // Server References that were followed
    BrokerKept,         // reconnects to the broker that served the client before, by its name
    BrokerMoved,        // reconnects to another one
    Takeovers,          // second connections with an id that stood
    PingsSent,
    PingsAnswered,
    BytesSent,  // on the wire: with TLS its records, handshakes included
    BytesReceived,
    TlsFull,     // handshakes that were done, in full
    TlsResumed,  // with an earlier session
    TlsOffered,  // of both, those that offered one
    Tls12,       // both, by version
    Tls13,
    kCount,
};

// The counters alone: small enough to be copied to the live display several times a second.
class Tallies {
  public:
    void add(Count count, uint64_t n = 1) { counts_[static_cast<size_t>(count)] += n; }
    uint64_t operator[](Count count) const { return counts_[static_cast<size_t>(count)]; }

    void setup_failed(Cause cause, uint64_t n = 1) {
        setup_failures_[static_cast<size_t>(cause)] += n;
    }
    void connection_lost(Cause cause, uint64_t n = 1);
    void connack_refused(uint8_t code, uint64_t n = 1) { connack_codes_[code] += n; }
    void alerted(uint8_t alert, uint64_t n = 1) { alerts_[alert] += n; }
    uint64_t setup_failures(Cause cause) const {
        return setup_failures_[static_cast<size_t>(cause)];
    }
    uint64_t connections_lost(Cause cause) const { return losses_[static_cast<size_t>(cause)]; }
    uint64_t connack_codes(uint8_t code) const { return connack_codes_[code]; }
    uint64_t alerts(uint8_t alert) const { return alerts_[alert]; }

    // Of all causes.
    uint64_t setup_failures() const;
    // Set-ups that failed, connections that were lost, messages that the broker refused.
    uint64_t errors() const;
    // Planned, and neither sent nor dropped: its connection was gone for good, or a window full to
    // the end.
    uint64_t unsent() const {
        const uint64_t done = (*this)[Count::Sent] + (*this)[Count::Dropped];
        return (*this)[Count::Planned] > done ? (*this)[Count::Planned] - done : 0;
    }
    uint64_t lost() const {
        return (*this)[Count::LostInFlight] + (*this)[Count::LostOnLiveConnections];
    }

    void merge(const Tallies& other);

  private:
    using ByCause = std::array<uint64_t, static_cast<size_t>(Cause::kCount)>;

    std::array<uint64_t, static_cast<size_t>(Count::kCount)> counts_{};
    ByCause setup_failures_{};
    ByCause losses_{};
    std::array<uint64_t, 256> connack_codes_{};
    std::array<uint64_t, 256> alerts_{};
};

class Recorder : public Tallies {
  public:
    void merge(const Recorder& other);

    Histogram latency;          // planned send to receipt
    Histogram service;          // actual send to receipt
    Histogram acknowledgement;  // planned send to PUBACK or PUBCOMP
    Histogram send_lateness;    // planned to actual send, where only the generator held it up
    Histogram connect;          // dial to CONNACK
    Histogram subscribe;        // SUBSCRIBE to SUBACK
    // `connect` is the sum of:
    Histogram tcp;          // dial to the TCP connection; without TLS the CONNECT went with it
    Histogram tls_full;     // ClientHello until the broker is verified
    Histogram tls_resumed;  // the same, with an earlier session
    Histogram connack;      // CONNECT to CONNACK

    // Clients by the broker that served them last, by its name; those that it told are in it.
    BrokerClients brokers;

    uint64_t busy_ns = 0;      // processor time of the thread while it measured
    uint64_t wall_ns = 0;      // and how long that was
    double busiest_share = 0;  // of all threads, the largest busy_ns / wall_ns
};

}  // namespace jumpgate::load
