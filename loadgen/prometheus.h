// Prometheus: the figures of a running load over HTTP, in Prometheus's text format.
//
// Law: GET /metrics and nothing else; on a thread of its own, which only ever hands out the text it
// was last given, so that no scraper can delay the load. On the loopback unless told otherwise: the
// figures are nobody's secret, but nobody is asked for a key.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "core/base/host_port.h"
#include "core/base/parsed.h"
#include "loadgen/options.h"
#include "loadgen/second.h"

struct MHD_Daemon;

namespace jumpgate::load {

std::string prometheus_text(const Options& options, const Ticker& ticker);

class PrometheusServer {
  public:
    // `listen`: an IP address and a port. The problem is said behind it.
    static Parsed<std::unique_ptr<PrometheusServer>> open(const HostPort& listen);
    ~PrometheusServer();
    PrometheusServer(const PrometheusServer&) = delete;
    PrometheusServer& operator=(const PrometheusServer&) = delete;

    void show(std::string text);
    std::string shown() const;
    uint16_t port() const;

  private:
    PrometheusServer() = default;

    MHD_Daemon* daemon_ = nullptr;
    mutable std::mutex mutex_;
    std::string text_;
};

}  // namespace jumpgate::load
