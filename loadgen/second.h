// Second: one second of a run, for the live display and for the series in the results.
//
// Law: counts are exact changes, so that all seconds of a run add up to its totals (warm-up and
// drain included); times travel as whole histograms, so that the seconds of shards merge exactly.
// Does not print.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "loadgen/live.h"

namespace jumpgate::load {

enum class Stage : uint8_t { Connecting, WarmUp, Measuring, Draining };
std::string_view word(Stage stage);  // "connecting", "warm-up", "measuring", "draining"

// Times that were measured within a second, in microseconds.
struct SecondTimes {
    uint64_t count = 0;
    uint64_t p50_us = 0;
    uint64_t p99_us = 0;
    uint64_t max_us = 0;
    std::string hdr;  // encode_hdr(); empty where there were none

    static SecondTimes of(const Histogram& histogram);
    // As if the values of both had been recorded in one. REQUIRES: both `hdr` were decoded before.
    void merge(const SecondTimes& other);
};

struct Second {
    uint64_t second = 0;   // it began so many whole seconds into the run
    double elapsed_s = 0;  // since the start of the run, at its end
    double length_s = 1;   // longer where the machine stalled, shorter at the end of the run
    Stage stage = Stage::Connecting;
    uint64_t connected = 0;  // at its end
    uint64_t sent = 0;
    uint64_t received = 0;
    uint64_t acknowledged = 0;
    uint64_t errors = 0;
    uint64_t reconnects = 0;
    uint64_t connections_lost = 0;
    SecondTimes latency;
    SecondTimes send_lateness;

    uint64_t per_second(uint64_t count) const;  // rounded
    void merge(const Second& other);
};

// Cuts a run into seconds.
class Ticker {
  public:
    // A day; later seconds are shown but not kept.
    static constexpr size_t kKeptMax = 86'400;

    explicit Ticker(uint64_t began_ns, size_t kept_max = kKeptMax)
        : began_ns_(began_ns), kept_max_(kept_max), taken_ns_(began_ns) {}

    // A second is over.
    bool due(uint64_t now_ns) const { return now_ns >= next_ns(); }
    // Takes what `lives` holds since the last time; the reference lives until the next call.
    const Second& take(std::span<Live* const> lives, uint64_t now_ns, Stage stage);

    // Since the start.
    const Tallies& totals() const { return totals_; }
    const Histogram& latency() const { return latency_; }
    const Histogram& send_lateness() const { return send_lateness_; }
    const Second& last() const { return last_; }
    // Whom each broker served at the end of the last second.
    const BrokerClients& brokers() const { return brokers_; }
    std::vector<Second> take_all() { return std::move(kept_); }

  private:
    uint64_t next_ns() const;

    uint64_t began_ns_;
    size_t kept_max_;
    uint64_t taken_ns_;
    Tallies totals_;
    Histogram latency_;
    Histogram send_lateness_;
    BrokerClients brokers_;
    Second last_;
    std::vector<Second> kept_;
};

}  // namespace jumpgate::load
