// The micro-benchmarks' main(): flags are Google Benchmark's (--benchmark_filter=REGEX ...).
#include <benchmark/benchmark.h>

BENCHMARK_MAIN();
