// From a client to its broker: the route by its conditions, XXH3 of the key, then the weighted jump
// hash. Once per client.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "core/route/chooser.h"
#include "core/route/hash_key.h"
#include "core/route/moved_share.h"
#include "core/route/route_table.h"

namespace {

using namespace jumpgate;

// More keys than a branch predictor remembers; all of them fit the L2 cache.
constexpr size_t kKeys = 4'096;

RouteTable table_of(size_t nodes, std::optional<char> prefix_until,
                    HashMethod method = HashMethod::Jump) {
    std::vector<Node> list(nodes);
    for (size_t i = 0; i < nodes; ++i) list[i].name = fmt::format("broker{}:1883", i);
    std::vector<Upstream> upstreams;
    upstreams.emplace_back(UpstreamRule{.key_prefix_until = prefix_until, .method = method},
                           std::move(list));
    return {{Route{.id = "default"}}, std::move(upstreams)};
}

// Of route(), what the key's hash takes, by the key's length in bytes.
void hash_key(benchmark::State& state) {
    const std::string key(static_cast<size_t>(state.range(0)), 'k');
    for (auto _ : state) {
        std::string_view view = key;
        benchmark::DoNotOptimize(view);
        benchmark::DoNotOptimize(hash_of(view));
    }
}
BENCHMARK(hash_key)->Arg(23)->Arg(256);

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
BENCHMARK(route)->Arg(2)->Arg(8)->Arg(64)->Arg(1'024)->Arg(4'096);

// --hash-key-prefix-until /
void route_by_tenant(benchmark::State& state) {
    route_keys(state, table_of(static_cast<size_t>(state.range(0)), '/'));
}
BENCHMARK(route_by_tenant)->Arg(8);

// hash: rendezvous
void route_by_rendezvous(benchmark::State& state) {
    const auto nodes = static_cast<size_t>(state.range(0));
    route_keys(state, table_of(nodes, std::nullopt, HashMethod::Rendezvous));
}
BENCHMARK(route_by_rendezvous)->Arg(2)->Arg(8)->Arg(64)->Arg(1'024)->Arg(4'096);

// Which route: the one for all clients, or the last of many by prefix.
void find_route(benchmark::State& state) {
    std::vector<Route> routes;
    for (int64_t i = 1; i < state.range(0); ++i) {
        Route route{.id = fmt::format("tenant{}", i)};
        auto match = TextMatch::make(TextMatch::Kind::Prefix, fmt::format("tenant{}/", i));
        route.match.client_id = std::get<TextMatch>(std::move(match));
        routes.push_back(std::move(route));
    }
    routes.push_back(Route{.id = "default"});
    const RouteTable table(std::move(routes), std::vector<Upstream>(1));
    RouteQuery query{.client_id = "device-000001", .level = 4};
    for (auto _ : state) {
        benchmark::DoNotOptimize(query);
        benchmark::DoNotOptimize(table.find(query));
    }
}
BENCHMARK(find_route)->Arg(1)->Arg(100)->Arg(4'096);

// What a reload pays to say how many clients it moves.
void move_share(benchmark::State& state) {
    const RouteTable before = table_of(8, std::nullopt);
    const RouteTable after = table_of(7, std::nullopt);
    for (auto _ : state) benchmark::DoNotOptimize(moved_share(before, after).share);
}
BENCHMARK(move_share)->Unit(benchmark::kMillisecond);

}  // namespace
