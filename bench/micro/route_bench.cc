// From a client id to its broker: XXH3 of the key, then the weighted jump hash. Once per client.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "core/route/chooser.h"
#include "core/route/route_table.h"

namespace {

using namespace jumpgate;

// More keys than a branch predictor remembers; all of them fit the L2 cache.
constexpr size_t kKeys = 4'096;

RouteTable table_of(size_t nodes, std::optional<char> prefix_until) {
    std::vector<Node> list(nodes);
    for (size_t i = 0; i < nodes; ++i) list[i].name = fmt::format("broker{}:1883", i);
    std::vector<Upstream> upstreams;
    upstreams.emplace_back(UpstreamRule{.key_prefix_until = prefix_until}, std::move(list));
    return {{Route{.id = "default"}}, std::move(upstreams)};
}

void route_keys(benchmark::State& state, const RouteTable& table) {
    std::vector<std::string> keys;
    for (size_t i = 0; i < kKeys; ++i) keys.push_back(fmt::format("tenant{}/dev{:06}", i % 97, i));
    const Upstream& upstream = table.upstreams().front();
    Chooser chooser;
    CHECK(chooser.choose(upstream, upstream.hash(keys[0]), upstream.weights(), {}));
    size_t i = 0;
    for (auto _ : state) {
        const uint64_t hash = upstream.hash(keys[i++ % kKeys]);
        benchmark::DoNotOptimize(chooser.choose(upstream, hash, upstream.weights(), {}));
    }
}

void route(benchmark::State& state) {
    route_keys(state, table_of(static_cast<size_t>(state.range(0)), std::nullopt));
}
BENCHMARK(route)->Arg(8)->Arg(1'024);

// --hash-key-prefix-until /
void route_by_tenant(benchmark::State& state) {
    route_keys(state, table_of(static_cast<size_t>(state.range(0)), '/'));
}
BENCHMARK(route_by_tenant)->Arg(8);

}  // namespace
