// What a message costs the worker around the kernel's part: a buffer on its way from a receive to
// its send, a turn of the loop; and what a connection costs: its place in a slab.
#include <benchmark/benchmark.h>
#include <sys/uio.h>

#include <array>
#include <memory>
#include <vector>

#include "core/base/check.h"
#include "core/base/slab.h"
#include "core/io/buffer_queue.h"
#include "core/io/buffer_ring.h"
#include "core/io/reactor.h"
#include "core/io/socket.h"

namespace {

using namespace jumpgate;

// A reactor and the buffers of a worker, as large as by default; null where io_uring is blocked.
struct Loop {
    std::unique_ptr<Reactor> reactor;
    std::unique_ptr<BufferRing> buffers;

    explicit Loop(benchmark::State& state) {
        Result<std::unique_ptr<Reactor>> opened = Reactor::open({});
        if (!opened) {
            state.SkipWithError("io_uring is blocked");
            return;
        }
        reactor = std::move(*opened);
        buffers = std::move(*BufferRing::open(reactor->ring(), 1, 4'096, 4'096));
    }
    explicit operator bool() const { return reactor != nullptr; }
};

// A buffer that the kernel has filled and that is free again. No receive is armed, so which one it
// would have been is ours to say.
void buffer_take_and_release(benchmark::State& state) {
    const Loop loop(state);
    if (!loop) return;
    for (auto _ : state) {
        loop.buffers->taken();
        loop.buffers->release(0);
    }
}
BENCHMARK(buffer_take_and_release);

// As many messages of 100 bytes as wait for one send, received and sent.
void buffer_queue(benchmark::State& state) {
    const Loop loop(state);
    if (!loop) return;
    const auto waiting = static_cast<uint16_t>(state.range(0));
    BufferQueue queue;
    std::array<iovec, 64> gathered{};
    for (auto _ : state) {
        for (uint16_t id = 0; id < waiting; ++id) {
            loop.buffers->taken();
            queue.push(*loop.buffers, id, 100);
        }
        const unsigned pieces = queue.gather(*loop.buffers, gathered);
        benchmark::DoNotOptimize(pieces);
        queue.sent(*loop.buffers, queue.in_flight_bytes(*loop.buffers));
    }
    CHECK(queue.empty() && loop.buffers->held() == 0);
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(buffer_queue)->Arg(1)->Arg(16);

// A turn of the loop with so many completions, of which the kernel does nothing but complete them;
// most of it is the system call.
void turn(benchmark::State& state) {
    const Loop loop(state);
    if (!loop) return;
    int64_t completed = 0;
    struct Count : Op {
        int64_t* completed;
    } op{{[](Op& done, Completion) { ++*static_cast<Count&>(done).completed; }}, &completed};
    for (auto _ : state) {
        for (int64_t i = 0; i < state.range(0); ++i) yield(loop.reactor->ring(), op);
        loop.reactor->turn(0);
    }
    CHECK(completed == state.iterations() * state.range(0));
}
BENCHMARK(turn)->Arg(1)->Arg(16)->Arg(64);

// One of kMany objects of a connection's size comes and goes.
void slab_create_and_destroy(benchmark::State& state) {
    constexpr size_t kMany = 10'000;
    struct Object {
        std::array<char, 512> room;
    };
    Slab<Object> slab(kMany + 1);
    std::vector<Object*> others(kMany);
    for (Object*& other : others) other = slab.create();
    for (auto _ : state) {
        Object* object = slab.create();
        benchmark::DoNotOptimize(object);
        slab.destroy(object);
    }
    for (Object* other : others) slab.destroy(other);
}
BENCHMARK(slab_create_and_destroy);

}  // namespace
