#include "loadgen/prometheus.h"

#include <gtest/gtest.h>

#include "core/base/time.h"
#include "tests/loadgen/example_results.h"

namespace jumpgate::load {
namespace {

TEST(Prometheus, TellsTotalsAndDistributions) {
    const std::vector<const char*> arguments = {"-c", "10"};
    const Options options = std::get<Options>(parse_options(Mode::P2p, arguments, 20'000));
    Live live;
    live.connected = 7;
    live.brokers = {{"one", 4}, {"the \"\\\"", 3}};
    live.tallies.add(Count::Received, 42);
    live.tallies.setup_failed(Cause::Refused, 3);
    live.latency.record_n(90, 5);
    live.latency.record_n(2'000, 4);
    live.latency.record(100'000'000);
    Ticker ticker(0);
    Live* const lives[] = {&live};
    ticker.take(lives, kNanosPerSecond, Stage::Measuring);
    live.latency.record(90);
    ticker.take(lives, 2 * kNanosPerSecond, Stage::Measuring);
    const std::string text = prometheus_text(options, ticker);
    for (const char* line :
         {"jumpload_info{version=\"" JUMPGATE_VERSION "\",mode=\"p2p\"} 1\n",
          "jumpload_clients 10\n", "jumpload_clients_connected 7\n",
          "jumpload_broker_clients{broker=\"one\"} 4\n",
          "jumpload_broker_clients{broker=\"the \\\"\\\\\\\"\"} 3\n",
          "jumpload_messages_received_total 42\n",
          "jumpload_setup_failures_total{cause=\"refused\"} 3\n",
          "jumpload_latency_seconds_bucket{le=\"0.0001\"} 6\n",
          "jumpload_latency_seconds_bucket{le=\"0.001\"} 6\n",
          "jumpload_latency_seconds_bucket{le=\"0.0025\"} 10\n",
          "jumpload_latency_seconds_bucket{le=\"60\"} 10\n",
          "jumpload_latency_seconds_bucket{le=\"+Inf\"} 11\n",
          "jumpload_latency_seconds_sum 100.00854\n", "jumpload_latency_seconds_count 11\n",
          "jumpload_send_lateness_seconds_count 0\n"}) {
        EXPECT_TRUE(holds(text, line)) << line << text;
    }
}

TEST(Prometheus, SaysWhyItCannotListen) {
    auto first = PrometheusServer::open({"127.0.0.1", 0});
    ASSERT_TRUE(std::holds_alternative<std::unique_ptr<PrometheusServer>>(first));
    const uint16_t port = std::get<std::unique_ptr<PrometheusServer>>(first)->port();
    EXPECT_NE(port, 0);
    const auto second = PrometheusServer::open({"127.0.0.1", port});
    ASSERT_TRUE(std::holds_alternative<Problem>(second));
    EXPECT_EQ(std::get<Problem>(second).text, "cannot be listened on: Address already in use");
}

}  // namespace
}  // namespace jumpgate::load
