// RunningServer: a real server of two workers on threads of its own, on a free port of loopback.
//
// Law: it ends with the test: clients that are left are cut off.
#pragma once

#include <atomic>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "core/base/host_port.h"
#include "core/proxy/server.h"
#include "tests/proxy/worker_fixture.h"

namespace jumpgate {

// One upstream "u", by client id, and a route "r" to it.
inline Objects objects_to(std::initializer_list<const FakeBroker*> brokers) {
    Objects objects;
    UpstreamConfig& upstream = objects.upstreams.emplace_back();
    upstream.id = "u";
    upstream.type = Balance::ConsistentHash;
    for (const FakeBroker* broker : brokers) {
        upstream.nodes.push_back({"127.0.0.1", broker->port(), 1});
    }
    StreamRouteConfig& route = objects.stream_routes.emplace_back();
    route.id = "r";
    route.upstream_id = "u";
    return objects;
}

inline std::string name_of(const FakeBroker& broker) {
    return "127.0.0.1:" + std::to_string(broker.port());
}

class RunningServer {
  public:
    explicit RunningServer(const Objects& objects, std::string dns_server = {},
                           LogLevel level = LogLevel::Error) {
        config_.log_level = level;
        if (!dns_server.empty()) config_.dns_servers = {std::move(dns_server)};
        std::promise<Server*> started;
        thread_ = std::thread([&] {
            // A ring is its thread's alone (IORING_SETUP_SINGLE_ISSUER): all of a server is here.
            Server server(config_);
            EXPECT_TRUE(server.start(objects));
            started.set_value(&server);
            EXPECT_EQ(server.serve(), 0);
            ended_ = true;
            released_.get_future().wait();
        });
        server_ = started.get_future().get();
        const std::string listener = server_->watch().listeners.at(0);
        port_ = static_cast<uint16_t>(std::stoi(listener.substr(listener.rfind(':') + 1)));
    }
    ~RunningServer() {
        server_->drain();
        released_.set_value();
        thread_.join();
    }
    RunningServer(const RunningServer&) = delete;
    RunningServer& operator=(const RunningServer&) = delete;

    Server* operator->() { return server_; }
    bool ended() const { return ended_; }
    Peer client() const { return Peer::connect(port_); }
    // A client whose CONNECT is sent.
    Peer client(std::string_view id) const {
        Peer peer = client();
        peer.send(connect_packet(id));
        return peer;
    }
    // Asks until `holds(watch())`, 5 s at most.
    template <class Condition>
    bool wait_for(Condition holds) {
        const uint64_t deadline_ns = monotonic_ns() + 5 * kNanosPerSecond;
        while (monotonic_ns() < deadline_ns) {
            if (holds(server_->watch())) return true;
        }
        return false;
    }
    bool wait_for_relays(uint64_t count) {
        return wait_for([count](const Watch& watch) { return watch.stats.relays == count; });
    }

  private:
    static Config small_config() {
        Config config;
        config.listen = {{"127.0.0.1", 0}};
        config.threads = 2;
        config.buffers = 256;
        config.drain_timeout_s = 0;
        config.connections_max = 4'096;
        config.log_level = LogLevel::Error;
        return config;
    }

    Config config_ = small_config();
    Server* server_ = nullptr;  // lives on the thread
    std::promise<void> released_;
    std::thread thread_;
    std::atomic<bool> ended_ = false;
    uint16_t port_ = 0;
};

}  // namespace jumpgate
