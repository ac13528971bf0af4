#include "loadgen/recorder.h"

#include <algorithm>
#include <numeric>

namespace jumpgate::load {

template <class Array>
static void add_all(Array& to, const Array& from) {
    for (size_t i = 0; i < to.size(); ++i) to[i] += from[i];
}

void Tallies::connection_lost(Cause cause, uint64_t n) {
    add(Count::ConnectionsLost, n);
    losses_[static_cast<size_t>(cause)] += n;
}

uint64_t Tallies::setup_failures() const {
    return std::accumulate(setup_failures_.begin(), setup_failures_.end(), uint64_t{0});
}

uint64_t Tallies::errors() const {
    return setup_failures() + (*this)[Count::ConnectionsLost] + (*this)[Count::AckRefused];
}

void Tallies::merge(const Tallies& other) {
    add_all(counts_, other.counts_);
    add_all(setup_failures_, other.setup_failures_);
    add_all(losses_, other.losses_);
    add_all(connack_codes_, other.connack_codes_);
    add_all(alerts_, other.alerts_);
}

void Recorder::merge(const Recorder& other) {
    Tallies::merge(other);
    for (const auto& [name, clients] : other.brokers) brokers[name] += clients;
    latency.merge(other.latency);
    service.merge(other.service);
    acknowledgement.merge(other.acknowledgement);
    send_lateness.merge(other.send_lateness);
    connect.merge(other.connect);
    subscribe.merge(other.subscribe);
    tcp.merge(other.tcp);
    tls_full.merge(other.tls_full);
    tls_resumed.merge(other.tls_resumed);
    connack.merge(other.connack);
    const double share = other.wall_ns == 0 ? 0
                                            : static_cast<double>(other.busy_ns) /
                                                  static_cast<double>(other.wall_ns);
    busiest_share = std::max({busiest_share, other.busiest_share, share});
    busy_ns += other.busy_ns;
    wall_ns += other.wall_ns;
}

}  // namespace jumpgate::load
