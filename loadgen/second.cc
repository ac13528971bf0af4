#include "loadgen/second.h"

#include <algorithm>
#include <cmath>

#include "core/base/check.h"
#include "core/base/time.h"
#include "loadgen/hdr_codec.h"

namespace jumpgate::load {

std::string_view word(Stage stage) {
    static constexpr std::string_view kWords[] = {"connecting", "warm-up", "measuring", "draining"};
    return kWords[static_cast<size_t>(stage)];
}

SecondTimes SecondTimes::of(const Histogram& histogram) {
    if (histogram.count() == 0) return {};
    return {histogram.count(), histogram.percentile_us(50), histogram.percentile_us(99),
            histogram.max_us(), encode_hdr(histogram)};
}

void SecondTimes::merge(const SecondTimes& other) {
    if (other.count == 0) return;
    if (count == 0) {
        *this = other;
        return;
    }
    Parsed<Histogram> both = decode_hdr(hdr);
    const Parsed<Histogram> more = decode_hdr(other.hdr);
    auto* sum = std::get_if<Histogram>(&both);
    const auto* rest = std::get_if<Histogram>(&more);
    CHECK(sum != nullptr && rest != nullptr);
    sum->merge(*rest);
    const uint64_t exact_max_us = std::max(max_us, other.max_us);
    *this = of(*sum);
    max_us = exact_max_us;
    p50_us = std::min(p50_us, max_us);
    p99_us = std::min(p99_us, max_us);
}

uint64_t Second::per_second(uint64_t count) const {
    return static_cast<uint64_t>(
        std::llround(static_cast<double>(count) / std::max(length_s, 1e-3)));
}

void Second::merge(const Second& other) {
    elapsed_s = std::max(elapsed_s, other.elapsed_s);
    length_s = std::max(length_s, other.length_s);
    stage = std::min(stage, other.stage);
    connected += other.connected;
    sent += other.sent;
    received += other.received;
    acknowledged += other.acknowledged;
    errors += other.errors;
    reconnects += other.reconnects;
    connections_lost += other.connections_lost;
    latency.merge(other.latency);
    send_lateness.merge(other.send_lateness);
}

// On a grid, so that one late look does not move all later ones.
uint64_t Ticker::next_ns() const {
    const uint64_t seconds = (taken_ns_ - began_ns_) / kNanosPerSecond;
    return began_ns_ + (seconds + 1) * kNanosPerSecond;
}

const Second& Ticker::take(std::span<Live* const> lives, uint64_t now_ns, Stage stage) {
    Second second;
    Tallies totals;
    Histogram latency;
    Histogram lateness;
    brokers_.clear();
    for (Live* live : lives) {
        const std::lock_guard lock(live->mutex);
        second.connected += live->connected;
        totals.merge(live->tallies);
        for (const auto& [name, clients] : live->brokers) brokers_[name] += clients;
        latency.merge(live->latency);
        live->latency.reset();
        lateness.merge(live->send_lateness);
        live->send_lateness.reset();
    }
    const auto change = [&](Count count) { return totals[count] - totals_[count]; };
    second.second = (taken_ns_ - began_ns_) / kNanosPerSecond;
    second.elapsed_s = static_cast<double>(now_ns - began_ns_) / 1e9;
    second.length_s = static_cast<double>(now_ns - taken_ns_) / 1e9;
    second.stage = stage;
    second.sent = change(Count::Sent);
    second.received = change(Count::Received);
    second.acknowledged = change(Count::Acknowledged);
    second.errors = totals.errors() - totals_.errors();
    second.reconnects = change(Count::Reconnects);
    second.connections_lost = change(Count::ConnectionsLost);
    second.latency = SecondTimes::of(latency);
    second.send_lateness = SecondTimes::of(lateness);
    totals_ = totals;
    latency_.merge(latency);
    send_lateness_.merge(lateness);
    taken_ns_ = now_ns;
    last_ = std::move(second);
    if (kept_.size() < kept_max_) kept_.push_back(last_);
    return last_;
}

}  // namespace jumpgate::load
