// What a message costs besides its bytes: a latency recorded, a timer started, stopped or fired.
#include <benchmark/benchmark.h>

#include <deque>
#include <vector>

#include "core/base/check.h"
#include "core/base/histogram.h"
#include "core/base/rng.h"
#include "core/io/timer_wheel.h"

namespace {

using namespace jumpgate;

constexpr size_t kMany = 10'000;

// Latencies from 1 us to 16 s, each power of two as likely as the next.
void histogram_record(benchmark::State& state) {
    Rng rng(1);
    std::vector<uint64_t> values(4'096);
    for (uint64_t& value : values) value = (uint64_t{1} << rng.below(24)) + rng.below(1'000);
    Histogram histogram;
    size_t i = 0;
    for (auto _ : state) histogram.record(values[i++ % values.size()]);
    CHECK(histogram.count() == i);
}
BENCHMARK(histogram_record);

void ignore(Timer&) {}

// A deadline that is met: what every dial and every ping does. kMany others are running.
void timer_start_and_stop(benchmark::State& state) {
    TimerWheel wheel(0);
    std::deque<Timer> others;
    for (size_t i = 0; i < kMany; ++i) wheel.start(others.emplace_back(ignore), 1 + i);
    Timer timer(ignore);
    for (auto _ : state) {
        wheel.start(timer, 10'000);
        wheel.stop(timer);
    }
    for (Timer& other : others) wheel.stop(other);
}
BENCHMARK(timer_start_and_stop);

// Start, sink through the levels, fire: per timer, kMany of them within 10 s.
void timer_start_and_fire(benchmark::State& state) {
    std::deque<Timer> timers;
    for (size_t i = 0; i < kMany; ++i) timers.emplace_back(ignore);
    TimerWheel wheel(0);
    Rng rng(1);
    for (auto _ : state) {
        for (Timer& timer : timers) wheel.start(timer, 1 + rng.below(10'000));
        unsigned fired = 0;
        while (fired < kMany) fired += wheel.advance(wheel.next_ms());
    }
    // Items, not iterations, are what run.py reads: 1e9 / items_per_second is ns per timer.
    state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kMany));
}
BENCHMARK(timer_start_and_fire);

}  // namespace
